use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for SavvyCal.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-savvycal-signature`.
    /// * Secret: the webhook's secret, as text.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    savvycal: "savvycal", "SavvyCal",
        "https://savvycal.com/docs/api/webhooks/",
        Scheme::hmac_sha256("x-savvycal-signature", Hex)
            .prefix("sha256=")
            .id("body:/id")
            .event_type("body:/type");
}
