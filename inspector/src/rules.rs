//! The signature scheme and the layer's settings, for the explanations on the page.

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::Value;
use tower_webhook::{
    Secrets,
    verify::{Location, Profile, Scheme, Tolerance},
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
    /// The URL of the service in forward mode, without its query.
    pub(crate) forward: Option<String>,
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
    pub(crate) sig: Signature,
    #[serde(default)]
    key: Value,
    #[serde(rename = "ts")]
    pub(crate) timestamp: Option<Timestamp>,
    template: Value,
    #[serde(default)]
    id: Value,
    #[serde(default)]
    pub(crate) require: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
pub(crate) struct Signature {
    from: Value,
    /// The encoding: `hex`, `base64` or `base64url`, or `None` for tokens.
    pub(crate) enc: Option<String>,
    #[serde(default)]
    pub(crate) prefix: String,
    #[serde(default)]
    pub(crate) prefix_optional: bool,
    /// The separator of several groups of pairs, of items, and of an item's key and value.
    pub(crate) groups: Option<String>,
    pub(crate) items: Option<String>,
    pub(crate) kv: Option<String>,
    #[serde(default)]
    pub(crate) keys: Vec<String>,
    #[serde(default)]
    pub(crate) prefer: Vec<String>,
    pub(crate) key_id: Option<String>,
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
        let texts = texts(&self.sig.from);
        // A name without a prefix is a header.
        let place = |text: &str| match text.contains(':') {
            true => text.to_lowercase(),
            false => format!("header:{}", text.to_lowercase()),
        };
        texts.into_iter().map(place).collect()
    }

    /// Returns whether the signature or its timestamp is in this header.
    pub(crate) fn owns(&self, header: &str) -> bool {
        let timestamp = self.timestamp.as_ref().map(|timestamp| timestamp.from.to_lowercase());
        self.places().iter().chain(&timestamp).any(|place| place.strip_prefix("header:") == Some(header))
    }

    /// Returns the names of the headers that may contain the signature.
    pub(crate) fn headers(&self) -> Vec<String> {
        let places = self.places().into_iter();
        places.filter_map(|place| Some(place.strip_prefix("header:")?.to_owned())).collect()
    }

    /// Returns the length of a signature in bytes, if the algorithm determines it.
    pub(crate) fn length(&self) -> Option<usize> {
        match self.algorithm.rsplit_once('-').map_or(&*self.algorithm, |(_, hash)| hash) {
            _ if !self.algorithm.starts_with("hmac-") && !self.algorithm.starts_with("hash-") => None,
            "md5" => Some(16),
            "sha1" => Some(20),
            "sha256" => Some(32),
            "sha384" => Some(48),
            "sha512" => Some(64),
            _ => None,
        }
    }

    /// Returns the prefixes that a secret may have.
    pub(crate) fn secret_prefixes(&self) -> Vec<&str> {
        self.key.get("strip").map(texts).unwrap_or_default()
    }

    /// Returns the locations of the delivery id.
    pub(crate) fn id_places(&self) -> impl Iterator<Item = Location> {
        texts(&self.id).into_iter().filter_map(|place| place.parse().ok())
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

/// Returns the texts of a value that is a text or a list of texts.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect(),
        text => text.as_str().into_iter().collect(),
    }
}
