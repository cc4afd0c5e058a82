use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme, TimeUnit::Rfc3339};

providers! {
    /// Creates a verifier for Zendesk.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}{body}`, as base64 in `x-zendesk-webhook-signature`.
    /// * Secret: the signing secret, as text. It looks like base64, but is not decoded.
    /// * Delivery id: `header:x-zendesk-webhook-invocation-id`, **not signed**.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:x-zendesk-webhook-signature-timestamp`; any age unless the layer has a
    ///   [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future. Zendesk documents no
    ///   maximum age.
    /// * Retries: yes.
    /// * Acknowledge within: 10 s.
    zendesk: "zendesk", "Zendesk",
        "https://developer.zendesk.com/documentation/webhooks/verifying/",
        Scheme::hmac_sha256("x-zendesk-webhook-signature", Base64)
            .timestamp("header:x-zendesk-webhook-signature-timestamp", Rfc3339)
            .tolerance(None, 300)
            .signs("{ts}{body}")
            .id("header:x-zendesk-webhook-invocation-id")
            .event_type("body:/type"),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true);
}
