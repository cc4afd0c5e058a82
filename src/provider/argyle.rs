use super::providers;
use crate::verify::{Algorithm::HmacSha512, Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Argyle.
    ///
    /// * Signature: HMAC-SHA512 of the body, as hex in `x-argyle-signature`.
    /// * Secret: the webhook's secret, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/event`, signed.
    argyle: "argyle", "Argyle",
        "https://docs.argyle.com/api-guide/webhooks",
        Scheme::new(HmacSha512, "x-argyle-signature", Hex)
            .event_type("body:/event");
}
