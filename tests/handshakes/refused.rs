//! Handshakes that are rejected because the token, the secret or the place of the challenge is wrong.

use hmac::Hmac;
use http::{Method, Response};
use serde_json::json;
use sha2::Sha256;
use tower_webhook::Rejection;

use crate::support::{
    Found, MISSING, URL, WRONG, ask, ask_provider, ask_whole, get, hex, hmac, layer, nothing, object,
    request, secret, text,
};

#[tokio::test]
async fn a_token_that_is_wrong_missing_or_not_configured_is_rejected() {
    let query = "hub.mode=subscribe&hub.topic=t&hub.challenge=1";
    for provider in ["meta", "websub", "websub-sha256"] {
        let configured = || layer(provider, secret("secret")).verify_token(secret("token"));
        for token in ["tokeN", "toke", "tokenn", "", "secret", "token%00"] {
            let request = get(&format!("{query}&hub.verify_token={token}"));
            assert_eq!(ask(configured(), request).await, MISSING, "{provider} {token}");
        }
        assert_eq!(ask(configured(), get(query)).await, MISSING, "{provider}");
        let with_token = format!("{query}&hub.verify_token=token");
        assert_eq!(ask(configured(), get(&with_token)).await, text("1"), "{provider}");
        assert_eq!(ask_provider(provider, get(&with_token)).await, MISSING, "{provider}");
        // If the query has two tokens, the first counts.
        let request = get(&format!("{query}&hub.verify_token=x&hub.verify_token=token"));
        assert_eq!(ask(configured(), request).await, MISSING, "{provider}");
    }
}

#[tokio::test]
async fn the_reason_of_a_rejected_handshake_names_the_verify_token() {
    let hub = "hub.mode=subscribe&hub.topic=t&hub.challenge=1&hub.verify_token=wrong";
    let asana = || request(&Method::POST, URL, &[("x-hook-secret", "given")], "");
    for (provider, name, request) in [
        ("meta", "hub.verify_token", get(hub)),
        ("websub", "hub.verify_token", get(hub)),
        ("asana", "verify_token", asana()),
        ("oura", "verification_token", get("verification_token=wrong&challenge=1")),
    ] {
        let configured = layer(provider, secret("secret")).verify_token(secret("token"));
        let (rejected, response) = ask_whole(configured, request.clone()).await;
        assert_eq!(rejected, MISSING);
        let wrong =
            format!("query parameter `{name}` is missing or does not match the layer's `verify_token`");
        assert_eq!(reason(&response), wrong, "{provider}");

        let (rejected, response) = ask_whole(layer(provider, secret("secret")), request).await;
        assert_eq!(rejected, MISSING);
        let none = "layer's `verify_token` is not set, but the handshake requires it";
        assert_eq!(reason(&response), none, "{provider}");
    }
    // An unsigned `POST` is rejected as a delivery and not as a handshake.
    let delivery = request(&Method::POST, &format!("{URL}?{hub}"), &[], "{}");
    let configured = layer("meta", secret("secret")).verify_token(secret("token"));
    assert!(reason(&ask_whole(configured, delivery).await.1).contains("x-hub-signature-256"));
}

/// Returns the reason of a rejection, which the client does not see.
fn reason(response: &Response<()>) -> String {
    let rejection = response.extensions().get::<Rejection>().unwrap();
    std::error::Error::source(rejection).unwrap().to_string()
}

#[tokio::test]
async fn unknown_modes_are_rejected() {
    for (provider, mode) in [
        ("meta", "unsubscribe"),
        ("meta", "SUBSCRIBE"),
        ("meta", ""),
        ("websub", "denied"),
        ("websub", "publish"),
    ] {
        let layer = layer(provider, secret("secret")).verify_token(secret("token"));
        let query = format!("hub.mode={mode}&hub.topic=t&hub.challenge=1&hub.verify_token=token");
        assert_eq!(ask(layer, get(&query)).await, MISSING, "{provider} {mode}");
    }
    // A subscription must have a topic.
    let layer = layer("websub", secret("secret")).verify_token(secret("token"));
    let request = get("hub.mode=subscribe&hub.challenge=1&hub.verify_token=token");
    assert_eq!(ask(layer, request).await, MISSING);
}

#[tokio::test]
async fn a_challenge_in_the_wrong_place_is_rejected() {
    let requests = || {
        [
            request(
                &Method::GET,
                URL,
                &[("challenge", "x"), ("crc_token", "x"), ("validationtoken", "x")],
                "",
            ),
            request(&Method::GET, URL, &[], "challenge=x&crc_token=x&validationToken=x"),
            request(&Method::GET, &format!("{URL}/challenge=x"), &[], ""),
            get("Challenge=x&CRC_TOKEN=x&validationtoken=x&challenges=x"),
            get("challenge=&crc_token=&validationToken="),
            get("challenge&crc_token&validationToken"),
        ]
    };
    for provider in ["dropbox", "nylas", "twitter", "ms-graph"] {
        for request in requests() {
            let found = ask_provider(provider, request).await;
            assert!(matches!(found, Found::Rejected(_)), "{provider}: {found:?}");
        }
    }
    let verification = "x-okta-verification-challenge=x";
    let in_query =
        request(&Method::GET, &format!("{URL}?{verification}"), &[("authorization", "secret")], "");
    // The request has the secret, so it is a delivery, but not a handshake.
    assert_eq!(ask_provider("okta", in_query).await, Found::Handled);
}

#[tokio::test]
async fn only_a_short_challenge_is_echoed() {
    let echoed = async |length: usize| {
        ask_provider("dropbox", get(&format!("challenge={}", "x".repeat(length)))).await
    };
    assert_eq!(echoed(4096).await, text(&"x".repeat(4096)));
    assert_eq!(echoed(4097).await, MISSING);
}

#[tokio::test]
async fn okta_is_answered_only_with_the_secret() {
    let challenge = ("x-okta-verification-challenge", "challenge");
    let other = ("x-okta-verification-challenge", "other");
    let ask =
        async |headers: &[(&str, &str)]| ask_provider("okta", request(&Method::GET, URL, headers, "")).await;
    assert_eq!(ask(&[challenge]).await, MISSING);
    for wrong in ["secreT", "Bearer secret", "s"] {
        assert_eq!(ask(&[challenge, ("authorization", wrong)]).await, WRONG);
    }
    let answer = object(json!({ "verification": "challenge" }));
    assert_eq!(ask(&[challenge, ("authorization", "secret")]).await, answer);
    assert_eq!(ask(&[challenge, ("x-okta-token", "secret")]).await, answer);
    // With two challenges, the request is not a handshake.
    assert_eq!(ask(&[challenge, other, ("authorization", "secret")]).await, Found::Handled);
}

#[tokio::test]
async fn permission_to_send_names_the_origin_and_requires_the_secret() {
    for (provider, url) in [("cloudevents", URL), ("azure-eventgrid", URL)] {
        let ask = async |query: &str, origin: &str| {
            let request = request(
                &Method::OPTIONS,
                &format!("{url}?{query}"),
                &[("webhook-request-origin", origin)],
                "",
            );
            ask_whole(layer(provider, secret("secret")), request).await
        };
        let (found, response) = ask("access_token=secret", "a.example:8443").await;
        assert_eq!(found, nothing(200), "{provider}");
        let headers = response.headers();
        assert_eq!(headers["webhook-allowed-origin"], "a.example:8443");
        assert_eq!(headers["webhook-allowed-rate"], "*");
        assert_eq!(headers["allow"], "POST");
        for query in ["", "access_token=Secret", "token=secret"] {
            let (found, response) = ask(query, "a.example").await;
            assert!(matches!(found, Found::Rejected(_)), "{provider} {query}: {found:?}");
            assert!(!response.headers().contains_key("webhook-allowed-origin"));
        }
        for origin in ["", "a example", "<a>", "*", "a, b", &"a".repeat(256)] {
            let (_, response) = ask("access_token=secret", origin).await;
            assert!(!response.headers().contains_key("webhook-allowed-origin"), "{provider} {origin}");
        }
    }
}

#[tokio::test]
async fn asanas_secret_is_echoed_only_to_a_request_with_the_token() {
    let given = ("x-hook-secret", "b537207f20cbfa02");
    let configured = || layer("asana", secret("secret")).verify_token(secret("token"));
    let post = |query: &str, headers: &[(&str, &str)]| {
        request(&Method::POST, &format!("{URL}?{query}"), headers, "{}")
    };
    let (found, response) = ask_whole(configured(), post("verify_token=token", &[given])).await;
    assert_eq!(found, nothing(200));
    assert_eq!(response.headers()["x-hook-secret"], given.1);
    for query in ["", "verify_token=Token", "verify_token=", "token=token"] {
        let (found, response) = ask_whole(configured(), post(query, &[given])).await;
        assert_eq!(found, MISSING, "{query}");
        assert!(!response.headers().contains_key("x-hook-secret"));
    }
    let without = layer("asana", secret("secret"));
    assert_eq!(ask(without, post("verify_token=token", &[given])).await, MISSING);
    let long = "x".repeat(257);
    for headers in
        [&[given, ("x-hook-secret", "other")][..], &[("x-hook-secret", "")], &[("x-hook-secret", &long)]]
    {
        assert_eq!(ask(configured(), post("verify_token=token", headers)).await, MISSING);
    }
    // A signed delivery that also has an `x-hook-secret` reaches the handler, but that secret is not trusted.
    let signature = hex(&hmac::<Hmac<Sha256>>("secret", "{}"));
    let delivery = post("verify_token=token", &[given, ("x-hook-signature", &signature)]);
    assert_eq!(ask(configured(), delivery).await, Found::Handled);
    let signature = hex(&hmac::<Hmac<Sha256>>(given.1, "{}"));
    let delivery = post("verify_token=token", &[given, ("x-hook-signature", &signature)]);
    assert_eq!(ask(configured(), delivery).await, WRONG);
}
