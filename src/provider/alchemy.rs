use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Alchemy.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-alchemy-signature`.
    /// * Secret: the signing key, as text including `whsec_`.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Retries: yes, for up to 12 minutes.
    /// * Acknowledge within: 5 s.
    alchemy: "alchemy", "Alchemy",
        "https://github.com/alchemyplatform/webhook-examples/blob/HEAD/node-express/src/webhooksUtil.ts",
        Scheme::hmac_sha256("x-alchemy-signature", Hex)
            .id("body:/id")
            .event_type("body:/type"),
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(12 * 60));
}
