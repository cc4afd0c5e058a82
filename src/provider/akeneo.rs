use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Akeneo Events API.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `x-akeneo-request-signature`.
    /// * Secret: the connection's secret, as text.
    /// * Delivery id: none. One body can carry several events, and each has its own id.
    /// * Event type: `body:/events/0/action`, signed.
    /// * Timestamp: `header:x-akeneo-request-timestamp`; tolerance 300 s.
    /// * Batches: one body can carry several events.
    akeneo: "akeneo", "Akeneo Events API",
        "https://api.akeneo.com/events-documentation/security.html",
        Scheme::hmac_sha256("x-akeneo-request-signature", Hex)
            .timestamp("header:x-akeneo-request-timestamp", Seconds)
            .signs("{ts}.{body}")
            .event_type("body:/events/0/action"),
        batch: true;
}
