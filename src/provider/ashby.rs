use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Ashby.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `ashby-signature`.
    /// * Secret: the webhook's secret token, as text. Ashby signs only if the webhook has one.
    /// * Delivery id: none.
    /// * Event type: `body:/action`, signed.
    ashby: "ashby", "Ashby",
        "https://developers.ashbyhq.com/docs/authenticating-webhooks",
        Scheme::hmac_sha256("ashby-signature", Hex)
            .prefix("sha256=")
            .event_type("body:/action");
}
