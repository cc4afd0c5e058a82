use serde::{Deserialize, de::IgnoredAny};
use serde_json::json;

use super::{
    by_hand::JsonObject,
    handshake::{Handshake, UnsignedPost, json_response},
    providers,
};
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Smartsheet.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `smartsheet-hmac-sha256`.
    /// * Secret: the webhook's shared secret, as text.
    /// * Delivery id: none. One body can carry several events.
    /// * Handshake: an unsigned `POST` with `Smartsheet-Hook-Challenge` and a body of only `challenge` and
    ///   `webhookId`, when you enable a webhook and then every 100 deliveries. The layer echoes the challenge to
    ///   any client
    ///   ([source](https://developers.smartsheet.com/api/smartsheet/guides/webhooks/webhook-verification)).
    /// * Batches: one body can carry several events.
    smartsheet: "smartsheet", "Smartsheet",
        "https://developers.smartsheet.com/api/smartsheet/guides/webhooks/webhook-callbacks",
        Scheme::hmac_sha256("smartsheet-hmac-sha256", Hex),
        batch: true,
        handshake: Some(HANDSHAKE);
}

/// Smartsheet's handshake: `{"challenge": …, "webhookId": …}`.
const HANDSHAKE: Handshake = Handshake {
    unsigned_post: Some(UnsignedPost {
        has_head: |request| request.header("smartsheet-hook-challenge").is_some(),
        response: |_, body| {
            #[derive(Deserialize)]
            #[serde(deny_unknown_fields)]
            struct Challenge {
                challenge: String,
                #[serde(rename = "webhookId")]
                _webhook_id: IgnoredAny,
            }
            let JsonObject(Challenge { challenge, .. }) = serde_json::from_slice(body).ok()?;
            Some(json_response(&json!({ "smartsheetHookResponse": challenge })))
        },
    }),
    ..Handshake::NONE
};
