use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for EasyPost.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `hmac-sha256-hex=` in `x-hmac-signature`.
    /// * Secret: text, which the constructor normalizes to Unicode NFKD.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/description`, signed.
    /// * [Shared secret](crate::verify::Profile::shared_secret): webhooks can share a secret, and each gets the
    ///   event with the same id.
    easypost: "easypost", "EasyPost",
        "https://github.com/EasyPost/easypost-node/blob/HEAD/src/utils/util.js",
        Scheme::hmac_sha256("x-hmac-signature", Hex)
            .prefix("hmac-sha256-hex=")
            .key_nfkd()
            .id("body:/id")
            .event_type("body:/description"),
        shared_secret: true;
}
