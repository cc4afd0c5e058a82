use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Cursor.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-webhook-signature`.
    /// * Secret: the secret that you set when you create the agent, as text.
    /// * Delivery id: `header:x-webhook-id`, **not signed**.
    /// * Event type: `header:x-webhook-event`, **not signed**.
    cursor: "cursor", "Cursor",
        "https://cursor.com/docs/cloud-agent/api/webhooks",
        Scheme::hmac_sha256("x-webhook-signature", Hex)
            .prefix("sha256=")
            .id("header:x-webhook-id")
            .event_type("header:x-webhook-event");
}
