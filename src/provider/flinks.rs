use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Flinks.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Webhook-Signature`, in capitals. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    flinks: "flinks", "Flinks",
        "https://docs.flinks.com/guides/pay/geft/webhooks/client-setup",
        Scheme::hmac_sha256("x-webhook-signature", Hex)
            .prefix("sha256=");
}
