use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Kustomer.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-kustomer-webhook-signature`.
    /// * Secret: the webhook's token, as text.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/name`, signed.
    /// * Retries: yes, for up to 1 hour.
    /// * Deduplication window: 1 day.
    kustomer: "kustomer", "Kustomer",
        "https://developer.kustomer.com/docs/events/delivery-and-retries",
        Scheme::hmac_sha256("x-kustomer-webhook-signature", Hex)
            .id("body:/id")
            .event_type("body:/name"),
        dedupe_window: Some(Duration::from_secs(24 * 3600)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(3600));
}
