use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of `[{header:x-crisp-request-timestamp};{body}]` in `X-Crisp-Signature`, hex.
    ///
    /// * Secret: the text as it stands. Crisp documents no maximum age, so the age is not checked.
    /// * Delivery id: none.
    /// * Event type: `body:/event`, signed.
    crisp: "crisp", "Crisp (plugin hooks)",
        "https://github.com/crisp-im/node-crisp-api/blob/HEAD/lib/crisp.ts",
        Scheme::hmac_sha256("x-crisp-signature", Hex)
            .signs("[{header:x-crisp-request-timestamp};{body}]")
            .event_type("body:/event");
}
