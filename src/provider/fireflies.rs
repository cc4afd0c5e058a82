use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Fireflies (webhooks V2).
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-hub-signature`.
    /// * Secret: the signing secret, as text. Fireflies does not sign if the webhook has no secret.
    /// * Delivery id: none.
    /// * Event type: `body:/event`, signed.
    /// * Retries: yes.
    /// * Acknowledge within: 10 s.
    fireflies: "fireflies", "Fireflies (webhooks V2)",
        "https://docs.fireflies.ai/graphql-api/webhooks-v2",
        Scheme::hmac_sha256("x-hub-signature", Hex)
            .prefix("sha256=")
            .event_type("body:/event"),
        retries: Some(true),
        ack_deadline: Some(Duration::from_secs(10));
}
