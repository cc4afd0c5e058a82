use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// PandaDoc.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in the query's `signature`. Secret: the text of the webhook's
    ///   shared key.
    /// * Id: `header:X-PandaDoc-Webhook-Event-Id`, **not signed**
    ///   ([source](https://developers.pandadoc.com/docs/webhook-deduplication)).
    pandadoc: "pandadoc", "PandaDoc",
        "https://developers.pandadoc.com/docs/webhook-verification",
        Scheme::hmac_sha256("signature", Hex)
            .signature_in(["query:signature"])
            .id("header:x-pandadoc-webhook-event-id")
            .event_type("body:/0/event");
}
