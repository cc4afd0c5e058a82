use http::StatusCode;
use serde_json::json;

use super::{
    handshake::{Handshake, empty_response, json_response, short_body},
    providers,
};
use crate::verify::{Algorithm::Ed25519, Encoding::Hex, Scheme, TimeUnit::Seconds, scan};

providers! {
    /// Ed25519 of `{ts}{body}` in `X-Signature-Ed25519`, hex.
    ///
    /// Discord (interactions and webhook events).
    ///
    /// * Secret: the application's public key, hex of its 32 bytes.
    /// * Delivery id: `body:/id`, signed. Webhook events have none. Discord shows the handler's response to an
    ///   interaction, and never retries it
    ///   ([source](https://docs.discord.com/developers/interactions/receiving-and-responding)): a duplicate is
    ///   therefore a replay, and is answered 200 without a body.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:x-signature-timestamp`; any age and 300 s into the future. Discord documents no
    ///   limit; set one with [`tolerance`](crate::WebhookLayer::tolerance).
    /// * Handshake: pings are answered after verification. Discord also sends invalid signatures, and expects a
    ///   401.
    discord -> Result: "discord", "Discord",
        "https://docs.discord.com/developers/interactions/overview",
        Scheme::new(Ed25519, "x-signature-ed25519", Hex)
            .key_encoding(Hex)
            .timestamp("header:x-signature-timestamp", Seconds)
            .tolerance(None, 300)
            .signs("{ts}{body}")
            .id("body:/id")
            .event_type("body:/type"),
        handshake: Some(HANDSHAKE);
}

/// Discord: a `PING`, which has type 1 for interactions and type 0 for webhook events. Webhook events of type
/// 1 are not pings.
const HANDSHAKE: Handshake = Handshake {
    signed: |_, body| {
        let body = short_body(body)?;
        match &*scan(body, "/type")? {
            "0" => Some(empty_response(StatusCode::NO_CONTENT)),
            "1" if scan(body, "/event/type").is_none() => Some(json_response(&json!({ "type": 1 }))),
            _ => None,
        }
    },
    ..Handshake::NONE
};

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Request;

    use super::HANDSHAKE;
    use crate::{provider::handshake::HandshakeRequest, verify::RequestContext};

    #[test]
    fn discord_pings_by_two_numbers_one_of_which_is_also_that_of_events() -> Result<(), crate::InvalidSecret>
    {
        let secrets = ["-".parse()?];
        let head = Request::new(()).into_parts().0;
        let request = HandshakeRequest { request: RequestContext::new(&head), secrets: &secrets };
        let answer = |body: &'static str| {
            let response = (HANDSHAKE.signed)(&request, &body.into())?;
            Some((response.status().as_u16(), response.into_body()))
        };
        assert_eq!(answer(r#"{"id":"1","type":1,"version":1}"#), Some((200, r#"{"type":1}"#.into())));
        assert_eq!(answer(r#"{"version":1,"application_id":"1","type":0}"#), Some((204, Bytes::new())));
        let event = r#"{"version":1,"type":1,"event":{"type":"APPLICATION_AUTHORIZED","data":{}}}"#;
        for event in [event, r#"{"type":2,"data":{}}"#, r#"{"event":{"type":0}}"#, ""] {
            assert_eq!(answer(event), None, "{event}");
        }
        Ok(())
    }
}
