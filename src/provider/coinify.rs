use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Coinify.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `x-coinify-webhook-signature`. Secret: UTF-8.
    /// * Id: `body:/id`, signed ([source](https://coinify.readme.io/docs/webhook-structure)).
    coinify: "coinify", "Coinify",
        "https://coinify.readme.io/docs/webhook-signature",
        Scheme::hmac_sha256("x-coinify-webhook-signature", Hex)
            .id("body:/id")
            .event_type("body:/event");
}
