use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Creates a verifier for Lob.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `lob-signature`.
    /// * Secret: the webhook's secret, as text.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/event_type/id`, signed.
    /// * Timestamp: `header:lob-signature-timestamp`; tolerance 300 s.
    /// * Retries: yes.
    lob: "lob", "Lob",
        "https://help.lob.com/print-and-mail/getting-data-and-results/using-webhooks",
        Scheme::hmac_sha256("lob-signature", Hex)
            .timestamp("header:lob-signature-timestamp", Milliseconds)
            .signs("{ts}.{body}")
            .id("body:/id")
            .event_type("body:/event_type/id"),
        retries: Some(true);
}
