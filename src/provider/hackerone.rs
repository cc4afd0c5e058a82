use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for HackerOne.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-h1-signature`.
    /// * Secret: the webhook's secret, as text.
    /// * Delivery id: `header:x-h1-delivery`, **not signed**.
    /// * Event type: `header:x-h1-event`, **not signed**.
    hackerone: "hackerone", "HackerOne",
        "https://api.hackerone.com/webhooks/",
        Scheme::hmac_sha256("x-h1-signature", Hex)
            .prefix("sha256=")
            .id("header:x-h1-delivery")
            .event_type("header:x-h1-event");
}
