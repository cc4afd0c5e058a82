use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Checkout.com.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `Cko-Signature`. Secret: UTF-8 signature key.
    /// * Id: `body:/id`, signed.
    checkout: "checkout", "Checkout.com",
        "https://checkout.com/docs/workflows/set-up-your-webhook-receiver",
        Scheme::hmac_sha256("cko-signature", Hex)
            .id("body:/id")
            .event_type("body:/type");
}
