//! Handshakes that sign a challenge from any client.

use hmac::Hmac;
use http::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{Found, MISSING, URL, WRONG, ask_provider, base64, get, hmac, request};

/// Returns the JSON of an answered handshake.
fn answered(found: Found) -> Value {
    let Found::Answered(200, _, json) = found else { panic!("{found:?}") };
    serde_json::from_str(&json).unwrap()
}

#[tokio::test]
async fn a_crc_cannot_be_used_to_sign_an_event() {
    let event = r#"{"for_user_id":"1","tweet_create_events":[]}"#;
    let encoded: String = form_urlencoded::byte_serialize(event.as_bytes()).collect();
    for token in [&*encoded, "%7B%7D", "a%0Ab", "a+b", "%22", "%FF", &"x".repeat(513)] {
        let found = ask_provider("twitter", get(&format!("crc_token={token}"))).await;
        assert_eq!(found, MISSING, "{token}");
    }
    // A body that the handshake has signed is not accepted as an event, although the signature is valid.
    for body in ["0", "true", "challenge_string", &*"x".repeat(512)] {
        let answer = answered(ask_provider("twitter", get(&format!("crc_token={body}"))).await);
        let headers = [("x-twitter-webhooks-signature", answer["response_token"].as_str().unwrap())];
        let found = ask_provider("twitter", request(&Method::POST, URL, &headers, body)).await;
        assert_eq!(found, WRONG, "{body}");
    }
    let signature = format!("sha256={}", base64(&hmac::<Hmac<Sha256>>("secret", event)));
    let headers = [("x-twitter-webhooks-signature", &*signature)];
    let found = ask_provider("twitter", request(&Method::POST, URL, &headers, event)).await;
    assert_eq!(found, Found::Handled);
}

#[tokio::test]
async fn a_challenge_code_cannot_be_used_to_sign_an_event() {
    let event = r#"{"type":"LEAD_ACTION","leadAction":"CREATED"}"#;
    let encoded: String = form_urlencoded::byte_serialize(format!("hmacsha256={event}").as_bytes()).collect();
    let uuid = "890e4665-4dfe-4ab1-b689-ed553bceeed0";
    let codes = [&*encoded, "", "hmacsha256%3D", &uuid[1..], &format!("{uuid}0"), &uuid.replace('-', "0")];
    for code in codes {
        let found = ask_provider("linkedin", get(&format!("challengeCode={code}"))).await;
        assert_eq!(found, MISSING, "{code}");
    }
    let answer = answered(ask_provider("linkedin", get(&format!("challengeCode={uuid}"))).await);
    let headers = [("x-li-signature", answer["challengeResponse"].as_str().unwrap())];
    let found = ask_provider("linkedin", request(&Method::POST, URL, &headers, uuid)).await;
    assert_eq!(found, WRONG);
}

#[tokio::test]
async fn a_challenge_of_smartcar_cannot_be_used_to_sign_an_event() {
    let post = |headers: &[(&str, &str)], body: &str| {
        let length = body.len().to_string();
        request(&Method::POST, URL, &[headers, &[("content-length", &*length)]].concat(), body)
    };
    let verify = |challenge: &str| {
        post(&[], &json!({ "eventType": "VERIFY", "data": { "challenge": challenge } }).to_string())
    };
    let event = r#"{"eventId":"1","eventType":"VEHICLE_STATE"}"#;
    for challenge in [event, "{}", "a b", "\"0\"", &"x".repeat(129)] {
        let found = ask_provider("smartcar", verify(challenge)).await;
        assert_eq!(found, MISSING, "{challenge}");
    }
    for body in ["0", "true", "3f6a1c0e-77b2", &*"x".repeat(128)] {
        let answer = answered(ask_provider("smartcar", verify(body)).await);
        let headers = [("sc-signature", answer["challenge"].as_str().unwrap())];
        let found = ask_provider("smartcar", post(&headers, body)).await;
        assert_eq!(found, WRONG, "{body}");
    }
}
