use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Discourse.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-discourse-event-signature`.
    /// * Secret: the webhook's secret, as text. Discourse does not sign if the webhook has no secret.
    /// * Delivery id: none. `X-Discourse-Event-Id` identifies the attempt, so each retry has another one.
    /// * Event type: `header:x-discourse-event`, **not signed**.
    discourse: "discourse", "Discourse",
        "https://github.com/discourse/discourse/blob/HEAD/app/jobs/regular/emit_web_hook_event.rb",
        Scheme::hmac_sha256("x-discourse-event-signature", Hex)
            .prefix("sha256=")
            .event_type("header:x-discourse-event");
}
