use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Pylon (usepylon.com).
    ///
    /// The verifier accepts webhooks of the support platform at usepylon.com. For the solar design software at
    /// getpylon.com, see [`getpylon`](crate::provider::getpylon).
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-pylon-signature`.
    /// * Secret: the webhook's secret, as text.
    /// * Delivery id: none. You define the body in Pylon.
    pylon: "pylon", "Pylon (usepylon.com)",
        "https://kb.help.usepylon.com/articles/6080966819-how-do-i-verify-the-webhook-signatures",
        Scheme::hmac_sha256("x-pylon-signature", Hex);
}
