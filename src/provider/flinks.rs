use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Flinks.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-webhook-signature`.
    /// * Secret: text, not decoded.
    /// * Signed content: `{body}`. Flinks writes the hex digits in upper case.
    /// * Delivery id: none.
    flinks: "flinks", "Flinks",
        "https://docs.flinks.com/guides/pay/geft/webhooks/client-setup",
        Scheme::hmac_sha256("x-webhook-signature", Hex)
            .prefix("sha256=");
}
