use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Creates a verifier for Ghost.
    ///
    /// * Signature: HMAC-SHA256 of `{body}{ts}`, as hex in `x-ghost-signature`.
    /// * Secret: the webhook's secret, as text. Ghost does not sign if the webhook has no secret.
    /// * Delivery id: none. Use a separate URL for each event, because the body does not name the event.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * Acknowledge within: 2 s.
    /// * Ghost deletes a webhook if a response has the status 410.
    ghost: "ghost", "Ghost",
        "https://github.com/TryGhost/Ghost/blob/HEAD/ghost/core/core/server/services/webhooks/webhook-trigger.js",
        Scheme::hmac_sha256("x-ghost-signature", Hex)
            .list(",")
            .pairs("=", ["sha256"])
            .timestamp("field:t", Milliseconds)
            .signs("{body}{ts}"),
        ack_deadline: Some(Duration::from_secs(2));
}
