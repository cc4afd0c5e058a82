use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Hmac-Signature`, hex after `hmac-sha256-hex=`.
    ///
    /// * Secret: its text in Unicode's normalization form KD.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/description`, signed.
    /// * [Shared secret](crate::verify::Profile::shared_secret): webhooks can share a secret, and an event has
    ///   the same id for each.
    easypost: "easypost", "EasyPost",
        "https://github.com/EasyPost/easypost-node/blob/HEAD/src/utils/util.js",
        Scheme::hmac_sha256("x-hmac-signature", Hex)
            .prefix("hmac-sha256-hex=")
            .key_nfkd()
            .id("body:/id")
            .event_type("body:/description"),
        shared_secret: true;
}
