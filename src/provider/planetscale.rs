use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for PlanetScale.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-planetscale-signature`.
    /// * Secret: the webhook's secret, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/event`, signed.
    /// * Acknowledge within: 2 s.
    planetscale: "planetscale", "PlanetScale",
        "https://github.com/planetscale/docs/blob/HEAD/docs/concepts/webhooks.md",
        Scheme::hmac_sha256("x-planetscale-signature", Hex)
            .event_type("body:/event"),
        ack_deadline: Some(Duration::from_secs(2));
}
