use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Kustomer-Webhook-Signature`, hex.
    ///
    /// * Secret: the text as it stands, the webhook's token.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `header:x-kustomer-webhook-event`, **not signed**.
    /// * Retries: yes; deduplicated for 1 day. For about an hour; ids are remembered for a day.
    kustomer: "kustomer", "Kustomer",
        "https://developer.kustomer.com/docs/events/delivery-and-retries",
        Scheme::hmac_sha256("x-kustomer-webhook-signature", Hex)
            .id("body:/id")
            .event_type("header:x-kustomer-webhook-event"),
        dedupe_window: Some(Duration::from_secs(24 * 3600)),
        retries: Some(true);
}
