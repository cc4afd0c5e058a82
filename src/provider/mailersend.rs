use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for MailerSend.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `signature`.
    /// * Secret: the webhook's signing secret, as text. MailerSend signs `webhook.test` with a secret that is
    ///   public. Do not configure that secret: anyone can sign with it.
    /// * Delivery id: `body:/data/id`, signed.
    /// * Event type: `body:/type`, signed.
    mailersend: "mailersend", "MailerSend",
        "https://developers.mailersend.com/api/v1/webhooks.html",
        Scheme::hmac_sha256("signature", Hex)
            .id("body:/data/id")
            .event_type("body:/type");
}
