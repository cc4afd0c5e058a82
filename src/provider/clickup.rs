use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for ClickUp.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: none. Deliveries with equal bodies do not count as duplicates, because the bodies of some
    ///   events, such as `goalUpdated`, have neither a time nor an id
    ///   ([source](https://developer.clickup.com/docs/webhookgoaltargetpayloads)).
    /// * Event type: `body:/event`, signed.
    clickup: "clickup", "ClickUp",
        "https://developer.clickup.com/docs/webhooksignature",
        Scheme::hmac_sha256("x-signature", Hex)
            .event_type("body:/event");
}
