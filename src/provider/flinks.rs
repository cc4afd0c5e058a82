use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Webhook-Signature`, hex after `sha256=`.
    ///
    /// * Secret: the text as it stands.
    /// * Signed content: `{body}`, HMAC-SHA256, in `X-Webhook-Signature`, in capitals.
    /// * Delivery id: none.
    flinks: "flinks", "Flinks",
        "https://docs.flinks.com/guides/pay/geft/webhooks/client-setup",
        Scheme::hmac_sha256("x-webhook-signature", Hex)
            .prefix("sha256=");
}
