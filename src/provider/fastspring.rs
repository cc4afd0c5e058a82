use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for FastSpring.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-fs-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: none. A delivery is a batch of events, and has no id as a whole.
    /// * Event type: `body:/events/0/type`, signed.
    /// * Batches: one body can carry several events
    ///   ([source](https://developer.fastspring.com/docs/webhooks-overview)).
    fastspring: "fastspring", "FastSpring",
        "https://developer.fastspring.com/docs/message-security",
        Scheme::hmac_sha256("x-fs-signature", Base64)
            .event_type("body:/events/0/type"),
        batch: true;
}
