use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Creates a verifier for Airwallex.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}{body}`, as hex in `x-signature`.
    /// * Secret: the webhook's secret, as text.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/name`, signed.
    /// * Timestamp: `header:x-timestamp`; tolerance 300 s.
    /// * Retries: yes, for up to 3 days. Airwallex does not document whether a retry has a new timestamp. If the
    ///   layer rejects retries because of their age, disable the timestamp tolerance.
    airwallex: "airwallex", "Airwallex",
        "https://www.airwallex.com/docs/developer-tools/webhooks/listen-for-webhook-events",
        Scheme::hmac_sha256("x-signature", Hex)
            .timestamp("header:x-timestamp", Milliseconds)
            .signs("{ts}{body}")
            .id("body:/id")
            .event_type("body:/name"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(3 * 24 * 3600));
}
