use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Kustomer.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Kustomer-Webhook-Signature`. Secret: UTF-8, the
    ///   webhook's token.
    /// * Id: `body:/id`, signed.
    /// * Event type: `header:X-Kustomer-Webhook-Event`, **not signed**.
    /// * Retries for about an hour; ids are remembered for a day.
    kustomer: "kustomer", "Kustomer",
        "https://developer.kustomer.com/docs/events/delivery-and-retries",
        Scheme::hmac_sha256("x-kustomer-webhook-signature", Hex)
            .id("body:/id")
            .event_type("header:x-kustomer-webhook-event"),
        dedupe_window: Some(Duration::from_secs(24 * 3600)),
        retries: Some(true);
}
