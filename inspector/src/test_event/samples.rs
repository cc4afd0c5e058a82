//! Sample deliveries of providers, in the form that their documentation describes.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::demo::random;

/// A sample, as in a file of `samples/`.
///
/// A text may have placeholders: `{id}`, `{uuid}`, `{number:text}` and `{now:text}`. The texts `{number}`, `{now}` and
/// `{now_ms}` stand for a number.
#[derive(Deserialize)]
pub(super) struct Entry {
    name: Option<String>,
    pub(super) event_type: Option<String>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Option<Box<RawValue>>,
    /// The fields of a form, instead of a body.
    #[serde(default)]
    pub(super) form: Vec<(String, String)>,
}

impl Entry {
    pub(super) fn name(&self) -> &str {
        self.name.as_deref().or(self.event_type.as_deref()).unwrap_or("sample")
    }
}

/// Returns the samples of a provider. Most providers have none.
pub(super) fn of(provider: &str) -> Vec<Entry> {
    #[derive(Deserialize)]
    struct File {
        samples: Vec<Entry>,
    }

    let json = match provider {
        "adyen-standard" => include_str!("samples/adyen-standard.json"),
        "clerk" => include_str!("samples/clerk.json"),
        "discord" => include_str!("samples/discord.json"),
        "docusign" => include_str!("samples/docusign.json"),
        "github" | "github-sha1" => include_str!("samples/github.json"),
        "gitlab-signing" | "gitlab-token" => include_str!("samples/gitlab.json"),
        "hubspot-v1" | "hubspot-v2" | "hubspot-v3" => include_str!("samples/hubspot.json"),
        "intercom" => include_str!("samples/intercom.json"),
        "linear" => include_str!("samples/linear.json"),
        "mailgun" => include_str!("samples/mailgun.json"),
        "meta" => include_str!("samples/meta.json"),
        "notifyer" => include_str!("samples/notifyer.json"),
        "notion" => include_str!("samples/notion.json"),
        "paddle" => include_str!("samples/paddle.json"),
        "pagerduty" => include_str!("samples/pagerduty.json"),
        "razorpay" => include_str!("samples/razorpay.json"),
        "resend" => include_str!("samples/resend.json"),
        "sendgrid" => include_str!("samples/sendgrid.json"),
        "shopify" => include_str!("samples/shopify.json"),
        "slack" => include_str!("samples/slack.json"),
        "square" => include_str!("samples/square.json"),
        "standard-webhooks" | "svix" => include_str!("samples/standard-webhooks.json"),
        "stripe" => include_str!("samples/stripe.json"),
        "telegram" => include_str!("samples/telegram.json"),
        "twilio" => include_str!("samples/twilio.json"),
        "zendesk" => include_str!("samples/zendesk.json"),
        "zoom" => include_str!("samples/zoom.json"),
        _ => return Vec::new(),
    };
    // The tests read each file. An invalid file counts as a provider without samples.
    serde_json::from_str::<File>(json).map(|file| file.samples).unwrap_or_default()
}

/// The values of the placeholders.
pub(super) struct Values {
    pub(super) id: String,
    uuid: String,
    number: String,
    since: Duration,
}

impl Values {
    pub(super) fn new(at: SystemTime) -> Self {
        let bytes = random::<24>();
        let hex = HEXLOWER.encode(&bytes);
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        let number = bytes.iter().take(4).fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
        Self {
            id: part(0, 16).to_owned(),
            uuid: [part(16, 24), part(24, 28), part(28, 32), part(32, 36), part(36, 48)].join("-"),
            number: (100_000_000 + number % 900_000_000).to_string(),
            since: at.duration_since(UNIX_EPOCH).unwrap_or_default(),
        }
    }

    /// Returns the time in seconds since the epoch.
    pub(super) fn now(&self) -> u64 {
        self.since.as_secs()
    }

    /// Replaces the placeholders in a text, or in a JSON text.
    pub(super) fn fill(&self, text: &str) -> String {
        let (now, now_ms) = (self.since.as_secs().to_string(), self.since.as_millis().to_string());
        let replacements = [
            ("\"{now}\"", &now),
            ("\"{now_ms}\"", &now_ms),
            ("\"{number}\"", &self.number),
            ("{now:text}", &now),
            ("{number:text}", &self.number),
            ("{uuid}", &self.uuid),
            ("{id}", &self.id),
        ];
        replacements.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    /// Returns the values that make a body unique, if they are in it.
    pub(super) fn ids_in(&self, body: &str) -> Vec<String> {
        [&self.id, &self.uuid, &self.number].into_iter().filter(|id| body.contains(*id)).cloned().collect()
    }
}
