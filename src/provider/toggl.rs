use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Toggl Track.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-webhook-signature-256`.
    /// * Secret: the subscription's secret, as text.
    /// * Delivery id: none. All pings have the same `event_id`.
    toggl: "toggl", "Toggl Track",
        "https://engineering.toggl.com/docs/webhooks_start/validating_received_events",
        Scheme::hmac_sha256("x-webhook-signature-256", Hex)
            .prefix("sha256=");
}
