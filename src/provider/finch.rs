use super::providers;
use crate::verify::{Encoding::Base64, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Finch.
    ///
    /// * Signature: HMAC-SHA256 of `{header:finch-event-id}.{ts}.{body}`, as base64 in `finch-signature`.
    /// * Secret: the webhook's secret, base64.
    /// * Delivery id: `header:finch-event-id`, signed.
    /// * Event type: `body:/event_type`, signed.
    /// * Timestamp: `header:finch-timestamp`; tolerance 300 s.
    finch -> Result: "finch", "Finch",
        "https://developer.tryfinch.com/developer-resources/Webhooks",
        Scheme::hmac_sha256("finch-signature", Base64)
            .key_encoding(Base64)
            .list(" ")
            .pairs(",", ["v1"])
            .timestamp("header:finch-timestamp", Seconds)
            .signs("{header:finch-event-id}.{ts}.{body}")
            .id("header:finch-event-id")
            .event_type("body:/event_type");
}
