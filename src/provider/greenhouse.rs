use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Greenhouse.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256 ` in `signature`.
    /// * Secret: the webhook's secret key, as text.
    /// * Delivery id: `header:greenhouse-event-id`, **not signed**.
    /// * Event type: `body:/action`, signed.
    greenhouse: "greenhouse", "Greenhouse",
        "https://developers.greenhouse.io/onboarding_webhooks.html",
        Scheme::hmac_sha256("signature", Hex)
            .prefix("sha256 ")
            .id("header:greenhouse-event-id")
            .event_type("body:/action");
}
