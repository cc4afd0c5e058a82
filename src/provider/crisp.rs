use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Crisp (plugin hooks).
    ///
    /// * Signed: `[{header:X-Crisp-Request-Timestamp};{body}]`, HMAC-SHA256, in `X-Crisp-Signature`.
    ///   Secret: UTF-8. How old a delivery may be is not said, and not looked at.
    /// * Id: none that names the delivery as a whole.
    crisp: "crisp", "Crisp (plugin hooks)",
        "https://github.com/crisp-im/node-crisp-api/blob/HEAD/lib/crisp.ts",
        Scheme::hmac_sha256("x-crisp-signature", Hex)
            .signs("[{header:x-crisp-request-timestamp};{body}]")
            .event_type("body:/event");
}
