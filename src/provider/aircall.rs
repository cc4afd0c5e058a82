use std::time::Duration;

use super::providers;
use crate::verify::Scheme;

providers! {
    /// Creates a verifier for Aircall.
    ///
    /// * Signature: none: the provider sends the secret itself in `body:/token`, so **the body is not
    ///   protected**.
    /// * Secret: the webhook's token, as text. Aircall returns it as `token` if the webhook is created with the
    ///   API.
    /// * Delivery id: none. Aircall can deliver an event more than once.
    /// * Event type: `body:/event`, **not signed**.
    /// * Acknowledge within: 5 s.
    /// * The body contains the secret. Do not log it.
    aircall: "aircall", "Aircall",
        "https://developer.aircall.io/docs/webhooks-overview",
        Scheme::token("body:/token")
            .event_type("body:/event"),
        ack_deadline: Some(Duration::from_secs(5));
}
