use std::time::Duration;

use super::providers;
use crate::verify::{Algorithm::RsaSha256, Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Wise.
    ///
    /// * Signature: RSA-SHA256 signature of the body, as base64 in `x-signature-sha256`.
    /// * Secret: the public key that Wise publishes for the environment, as PEM or as base64 of its DER.
    /// * Delivery id: `header:x-delivery-id`, **not signed**.
    /// * Event type: `body:/event_type`, signed.
    /// * Retries: yes, for up to 16 days ([source](https://docs.wise.com/features/webhooks-notifications)).
    /// * Deduplication window: 17 days.
    /// * Acknowledge within: 5 s. Otherwise Wise makes up to 25 retries, the last 14 of them once a day.
    /// * [Shared secret](crate::verify::Profile::shared_secret): Wise signs with one key for all customers.
    wise -> Result: "wise", "Wise",
        "https://docs.wise.com/guides/developer/webhooks/event-handling",
        Scheme::new(RsaSha256, "x-signature-sha256", Base64)
            .key_encoding(Base64)
            .id("header:x-delivery-id")
            .event_type("body:/event_type"),
        shared_secret: true,
        dedupe_window: Some(Duration::from_secs(17 * 24 * 3600)),
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(22207 * 60));
}
