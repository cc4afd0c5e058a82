use std::time::Duration;

use http::StatusCode;
use serde_json::json;

use super::{
    handshake::{Handshake, empty_response, json_response, short_body},
    providers,
};
use crate::verify::{Algorithm::Ed25519, Encoding::Hex, Scheme, TimeUnit::Seconds, scan};

providers! {
    /// Creates a verifier for Discord.
    ///
    /// The verifier accepts interactions and webhook events.
    ///
    /// * Signature: Ed25519 signature of `{ts}{body}`, as hex in `x-signature-ed25519`.
    /// * Secret: the application's public key, 32 bytes as hex.
    /// * Delivery id: `body:/id`, signed. Discord never retries interactions
    ///   ([source](https://docs.discord.com/developers/interactions/receiving-and-responding)), so a second
    ///   request with the same id counts as a replay. Discord shows the handler's response, but a replay gets an
    ///   empty 200. Webhook events have no delivery id, so webhook events with equal bodies count as duplicates.
    /// * Event type: `body:/event/type` or `body:/type`, signed.
    /// * Timestamp: `header:x-signature-timestamp`; any age unless the layer has a
    ///   [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future. Discord documents no
    ///   maximum age.
    /// * Acknowledge within: 3 s.
    /// * Handshake: `PING` requests, to which the layer responds after verification. Discord also sends requests
    ///   with invalid signatures, and expects a 401.
    discord -> Result: "discord", "Discord",
        "https://docs.discord.com/developers/interactions/overview",
        Scheme::new(Ed25519, "x-signature-ed25519", Hex)
            .key_encoding(Hex)
            .timestamp("header:x-signature-timestamp", Seconds)
            .tolerance(None, 300)
            .signs("{ts}{body}")
            .id("body:/id")
            .event_type(["body:/event/type", "body:/type"]),
        handshake: Some(HANDSHAKE),
        ack_deadline: Some(Duration::from_secs(3)),
        equal_bodies: true;
}

/// Discord's handshake: a `PING`, which has type 1 among interactions and type 0 among webhook events. A
/// webhook event of type 1 is not a `PING`.
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
    fn both_kinds_of_pings_are_answered_and_events_are_not() -> Result<(), crate::InvalidSecret> {
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
