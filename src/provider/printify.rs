use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Printify.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-pfy-signature`.
    /// * Secret: the webhook's secret, as text. Printify signs only if the webhook has one.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    printify: "printify", "Printify",
        "https://developers.printify.com/#webhooks",
        Scheme::hmac_sha256("x-pfy-signature", Hex)
            .prefix("sha256=")
            .id("body:/id")
            .event_type("body:/type");
}
