use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Coinify-Webhook-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `body:/id`, signed. ([source](https://coinify.readme.io/docs/webhook-structure)).
    /// * Event type: `body:/event`, signed.
    coinify: "coinify", "Coinify",
        "https://coinify.readme.io/docs/webhook-signature",
        Scheme::hmac_sha256("x-coinify-webhook-signature", Hex)
            .id("body:/id")
            .event_type("body:/event");
}
