//! Handshakes that are signed like deliveries.

use hmac::Hmac;
use http::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{
    Found, MISSING, NOW, URL, WRONG, ask, ask_provider, base64, hex, hmac, layer, nothing, object, request,
    secret, signed, signed_with, text,
};

type Headers = &'static [(&'static str, &'static str)];

/// Returns providers with the headers and the body of their handshakes, and the expected response.
fn signed_handshakes() -> Vec<(&'static str, Headers, Value, Found)> {
    let token = hex(&hmac::<Hmac<Sha256>>("secret", "qgg8vlvZRS6UYooatFL8Aw"));
    vec![
        (
            "slack",
            &[],
            json!({"token": "Jhj5dZrVaK7ZwHHjRyZWjbDl", "challenge": "3eZbrw1aB<>", "type": "url_verification"}),
            text("3eZbrw1aB<>"),
        ),
        (
            "zoom",
            &[],
            json!({"payload": {"plainToken": "qgg8vlvZRS6UYooatFL8Aw"}, "event": "endpoint.url_validation"}),
            object(json!({"plainToken": "qgg8vlvZRS6UYooatFL8Aw", "encryptedToken": token})),
        ),
        (
            "smartcar",
            &[],
            json!({"eventId": "1", "eventType": "VERIFY", "data": {"challenge": "qgg8vlvZRS6UYooatFL8Aw"}}),
            object(json!({ "challenge": token })),
        ),
        (
            "twitch",
            &[("twitch-eventsub-message-type", "webhook_callback_verification")],
            json!({"challenge": "pogchamp-kappa-360noscope-vohiyo", "subscription": {"id": "f1c2a387"}}),
            text("pogchamp-kappa-360noscope-vohiyo"),
        ),
        (
            "front",
            &[("x-front-challenge", "9f\"c")],
            json!({"type": "sync", "authorization": {"id": "cmp_abc"}}),
            object(json!({"challenge": "9f\"c"})),
        ),
        (
            "azure-eventgrid",
            &[("aeg-event-type", "SubscriptionValidation")],
            json!([{
                "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
                "data": {"validationCode": "512d38b6-c7b8", "validationUrl": "https://example.com"},
            }]),
            object(json!({"validationResponse": "512d38b6-c7b8"})),
        ),
    ]
}

#[tokio::test]
async fn every_signed_handshake_is_answered_without_the_handler() {
    for (provider, headers, body, answer) in signed_handshakes() {
        let request = signed(provider, headers, &body.to_string());
        assert_eq!(ask_provider(provider, request).await, answer, "{provider}");
    }
}

#[tokio::test]
async fn a_signed_handshake_with_a_wrong_or_no_signature_is_rejected() {
    for (provider, headers, body, _) in signed_handshakes() {
        let wrong = signed_with("another", provider, headers, &body.to_string());
        let found = ask_provider(provider, wrong).await;
        assert_eq!(found, WRONG, "{provider}");
        let without = request(&Method::POST, URL, headers, &body.to_string());
        let found = ask_provider(provider, without).await;
        assert_eq!(found, MISSING, "{provider}");
    }
}

#[tokio::test]
async fn signed_events_that_look_like_a_handshake_reach_the_handler() {
    const CALLBACK: &str = "webhook_callback_verification";
    let validation = json!([{
        "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
        "data": {"validationCode": "x"},
    }]);
    let events: [(&str, Headers, Value); _] = [
        (
            "slack",
            &[],
            json!({"type": "event_callback", "challenge": "x", "event": {"type": "url_verification"}}),
        ),
        ("slack", &[], json!({"type": "url_verification"})),
        ("zoom", &[], json!({"event": "meeting.started", "payload": {"plainToken": "x"}})),
        ("zoom", &[], json!({"event": "endpoint.url_validation", "payload": {}})),
        ("smartcar", &[], json!({"eventType": "VEHICLE_STATE", "data": {"challenge": "x"}})),
        ("smartcar", &[], json!({"eventType": "VERIFY", "data": {"challenge": "{\"x\":1}"}})),
        ("twitch", &[("twitch-eventsub-message-type", "notification")], json!({"challenge": "x"})),
        ("twitch", &[("twitch-eventsub-message-type", CALLBACK)], json!({"event": {"challenge": "x"}})),
        ("front", &[("x-front-challenge", "x")], json!({"type": "inbound_received", "id": "evt_1"})),
        ("front", &[], json!({"type": "sync"})),
        (
            "azure-eventgrid",
            &[("aeg-event-type", "Notification")],
            json!([{"data": {"validationCode": "x"}}]),
        ),
        ("azure-eventgrid", &[("aeg-event-type", "SubscriptionValidation")], json!([{"eventType": "x"}])),
        ("azure-eventgrid", &[("aeg-event-type", "Notification")], validation.clone()),
        ("azure-eventgrid", &[], validation),
    ];
    for (provider, headers, body) in events {
        let request = signed(provider, headers, &body.to_string());
        assert_eq!(ask_provider(provider, request).await, Found::Handled, "{provider} {body}");
    }
}

#[tokio::test]
async fn a_long_event_is_not_a_handshake() {
    let body = json!({"type": "url_verification", "challenge": "x", "padding": "x".repeat(4096)}).to_string();
    assert_eq!(ask_provider("slack", signed("slack", &[], &body)).await, Found::Handled);
}

#[tokio::test]
async fn zoom_is_answered_with_the_secret_that_it_signed_with() {
    let body = r#"{"event":"endpoint.url_validation","payload":{"plainToken":"x"}}"#;
    for key in ["new", "old"] {
        let request = signed_with(key, "zoom", &[], body);
        let token = hex(&hmac::<Hmac<Sha256>>(key, "x"));
        let answer = object(json!({"plainToken": "x", "encryptedToken": token}));
        assert_eq!(ask(layer("zoom", [secret("new"), secret("old")]), request).await, answer, "{key}");
    }
}

#[tokio::test]
async fn xeros_probes_are_handled_or_rejected_by_their_signatures() {
    let body = r#"{"events":[],"firstEventSequence":0,"lastEventSequence":0,"entropy":"S0m3r4Nd0mt3xt"}"#;
    let probe = |key: &str| {
        let signature = base64(&hmac::<Hmac<Sha256>>(key, body));
        request(&Method::POST, URL, &[("x-xero-signature", &signature)], body)
    };
    assert_eq!(ask_provider("xero", probe("secret")).await, Found::Handled);
    assert_eq!(ask_provider("xero", probe("wrong")).await, WRONG);
}

#[tokio::test]
async fn signed_pings_of_discord_are_answered_and_its_events_are_handled() {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

    let keys = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let public = secret(&hex(keys.public_key().as_ref()));
    let ask = async |signed: &str, body: &str| {
        let signature = hex(keys.sign(format!("{NOW}{signed}").as_bytes()).as_ref());
        let timestamp = NOW.to_string();
        let headers = [("x-signature-timestamp", &*timestamp), ("x-signature-ed25519", &signature)];
        ask(layer("discord", public.clone()), request(&Method::POST, URL, &headers, body)).await
    };
    let (interaction, event) = (r#"{"id":"1","type":1,"version":1}"#, r#"{"version":1,"type":0}"#);
    assert_eq!(ask(interaction, interaction).await, object(json!({"type": 1})));
    assert_eq!(ask(event, event).await, nothing(204));
    for ping in [interaction, event] {
        assert_eq!(ask("another", ping).await, WRONG);
    }
    // An event has the same `type` as the ping of an interaction.
    let event = r#"{"version":1,"type":1,"event":{"type":"APPLICATION_AUTHORIZED","data":{}}}"#;
    assert_eq!(ask(event, event).await, Found::Handled);
}

#[tokio::test]
async fn mondays_challenge_is_echoed_with_a_valid_token_and_its_events_are_handled() {
    let part = |json: Value| data_encoding::BASE64URL_NOPAD.encode(json.to_string().as_bytes());
    let token = |key: &str| {
        let head = part(json!({"alg": "HS256", "typ": "JWT"}));
        let signed = format!("{head}.{}", part(json!({"aud": URL, "iat": NOW, "exp": NOW + 300})));
        let mac = hmac::<Hmac<Sha256>>(key, &signed);
        format!("{signed}.{}", data_encoding::BASE64URL_NOPAD.encode(&mac))
    };
    let ask = async |token: Option<&str>, body: &str| {
        let headers: Vec<_> = token.map(|token| ("authorization", token)).into_iter().collect();
        ask_provider("monday", request(&Method::POST, URL, &headers, body)).await
    };
    let (challenge, event) = (r#"{"challenge":"3eZbrw1a"}"#, r#"{"event":{"type":"create_pulse"}}"#);
    let (right, wrong) = (token("secret"), token("another"));
    assert_eq!(ask(Some(&right), challenge).await, object(json!({"challenge": "3eZbrw1a"})));
    assert_eq!(ask(Some(&right), event).await, Found::Handled);
    // A body with an event and a challenge is an event.
    let both = r#"{"challenge":"x","event":{"type":"create_pulse"}}"#;
    assert_eq!(ask(Some(&right), both).await, Found::Handled);
    for body in [challenge, event, both] {
        assert_eq!(ask(Some(&wrong), body).await, WRONG);
        assert_eq!(ask(None, body).await, MISSING);
    }
}
