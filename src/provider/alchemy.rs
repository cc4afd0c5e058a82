use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Alchemy.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Alchemy-Signature`. Secret: UTF-8 signing key, as it
    ///   stands with its `whsec_`.
    /// * Id: `body:/id`, signed.
    alchemy: "alchemy", "Alchemy",
        "https://github.com/alchemyplatform/webhook-examples/blob/HEAD/node-express/src/webhooksUtil.ts",
        Scheme::hmac_sha256("x-alchemy-signature", Hex)
            .id("body:/id")
            .event_type("body:/type");
}
