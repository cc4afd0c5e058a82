use super::providers;
use crate::verify::{Encoding::Base64, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Creates a verifier for Knock.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as base64 in `x-knock-signature`.
    /// * Secret: the webhook's signing key, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `field:t`; tolerance 300 s.
    knock: "knock", "Knock",
        "https://docs.knock.app/send-and-manage-data/outbound-webhooks",
        Scheme::hmac_sha256("x-knock-signature", Base64)
            .list(",")
            .pairs("=", ["s"])
            .timestamp("field:t", Milliseconds)
            .signs("{ts}.{body}")
            .event_type("body:/type");
}
