use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for npm hooks.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-npm-signature`.
    /// * Secret: the hook's secret, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/event`, signed.
    npm: "npm", "npm hooks",
        "https://github.com/npm/npm-hook-receiver/blob/HEAD/index.js",
        Scheme::hmac_sha256("x-npm-signature", Hex)
            .prefix("sha256=")
            .event_type("body:/event");
}
