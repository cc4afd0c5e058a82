use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Onfido.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-SHA2-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    onfido: "onfido", "Onfido",
        "https://github.com/onfido/onfido-node/blob/HEAD/test/classic-webhook-event-verifier.test.ts",
        Scheme::hmac_sha256("x-sha2-signature", Hex)
            .event_type("body:/payload/action");
}
