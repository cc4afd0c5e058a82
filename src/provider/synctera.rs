use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Synctera.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `synctera-signature`.
    /// * Secret: the webhook secret, as text. During a rotation, the header has two signatures, separated by a
    ///   dot.
    /// * Delivery id: none.
    /// * Timestamp: `header:request-timestamp`; tolerance 300 s.
    /// * Retries: yes, for up to 55 hours.
    /// * Acknowledge within: 5 s.
    synctera: "synctera", "Synctera",
        "https://docs.synctera.com/docs/webhooks-guide",
        Scheme::hmac_sha256("synctera-signature", Hex)
            .list(".")
            .timestamp("header:request-timestamp", Seconds)
            .signs("{ts}.{body}"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(55 * 3600)),
        ack_deadline: Some(Duration::from_secs(5));
}
