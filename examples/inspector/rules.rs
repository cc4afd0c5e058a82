//! The signature scheme and the layer's settings, for the explanations on the page.

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::Value;
use tower_webhook::{
    Secrets,
    verify::{Profile, Scheme, Tolerance},
};

use crate::provider::Source;

pub(crate) struct Rules {
    pub(crate) source: Source,
    pub(crate) profile: Profile,
    pub(crate) tolerance: Tolerance,
    pub(crate) body_limit: usize,
    pub(crate) body_timeout: Duration,
    pub(crate) window: Duration,
    pub(crate) lease: Duration,
    pub(crate) handler_timeout: Duration,
    pub(crate) ack_deadline: Option<Duration>,
    pub(crate) public_url: Option<String>,
    pub(crate) store: &'static str,
    pub(crate) now: Option<SystemTime>,
    pub(crate) secrets: Secrets,
}

impl Rules {
    /// Returns the time that timestamps are compared with.
    pub(crate) fn now(&self) -> SystemTime {
        self.now.unwrap_or_else(SystemTime::now)
    }

    /// Returns the signature scheme, if a [`Scheme`] can describe it.
    pub(crate) fn signing(&self) -> Option<Signing> {
        Signing::of(&self.source.scheme()?)
    }
}

/// The parts of a signature scheme that the page shows, read from the scheme's JSON.
#[derive(Deserialize)]
pub(crate) struct Signing {
    #[serde(rename = "alg")]
    pub(crate) algorithm: String,
    sig: Signature,
    #[serde(rename = "ts")]
    pub(crate) timestamp: Option<Timestamp>,
    template: Value,
    #[serde(default)]
    pub(crate) require: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Signature {
    from: Value,
}

#[derive(Deserialize)]
pub(crate) struct Timestamp {
    /// The location, such as `header:webhook-timestamp`.
    pub(crate) from: String,
    pub(crate) unit: String,
}

impl Signing {
    pub(crate) fn of(scheme: &Scheme) -> Option<Self> {
        serde_json::from_value(serde_json::to_value(scheme).ok()?).ok()
    }

    /// Returns the possible locations of the signature, such as `header:x-hub-signature-256`.
    pub(crate) fn places(&self) -> Vec<String> {
        let texts = match &self.sig.from {
            Value::Array(places) => places.iter().filter_map(Value::as_str).collect(),
            place => place.as_str().into_iter().collect::<Vec<_>>(),
        };
        // A name without a prefix is a header.
        let place = |text: &str| match text.contains(':') {
            true => text.to_lowercase(),
            false => format!("header:{}", text.to_lowercase()),
        };
        texts.into_iter().map(place).collect()
    }

    /// Returns the signed content, such as `{ts}.{body}`, or `None` for providers that send the secret itself.
    pub(crate) fn template(&self) -> Option<String> {
        match (&*self.algorithm, &self.template) {
            ("token" | "basic", _) => None,
            (_, Value::Object(versions)) => {
                let texts: Vec<_> = versions.values().filter_map(Value::as_str).collect();
                Some(texts.join(" or "))
            }
            (_, template) => template.as_str().map(str::to_owned),
        }
    }

    pub(crate) fn covers_the_url(&self) -> bool {
        self.template()
            .is_some_and(|template| template.contains("{url}") || template.contains("{path_query}"))
    }
}
