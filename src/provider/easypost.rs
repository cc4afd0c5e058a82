use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// EasyPost.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Hmac-Signature: hmac-sha256-hex=<hex>`. Secret: its
    ///   text in Unicode's normalization form KD.
    /// * Id: `body:/id`, signed.
    /// * [Shared secret](crate::verify::Profile::shared_secret): webhooks can have one secret,
    ///   and an event has the same id at each.
    easypost: "easypost", "EasyPost",
        "https://github.com/EasyPost/easypost-node/blob/HEAD/src/utils/util.js",
        Scheme::hmac_sha256("x-hmac-signature", Hex)
            .prefix("hmac-sha256-hex=")
            .key_nfkd()
            .id("body:/id")
            .event_type("body:/description"),
        shared_secret: true;
}
