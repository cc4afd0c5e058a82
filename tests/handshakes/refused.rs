//! What is not answered by the head alone: no token, no place, no secret.

use hmac::Hmac;
use http::{Method, Response};
use serde_json::json;
use sha2::Sha256;
use tower_webhook::{Rejection, RejectionKind as Kind};

use crate::support::{
    Found, URL, ask, ask_whole, get, hex, hmac, layer, nothing, object, request, secret, text,
};

#[tokio::test]
async fn a_token_that_is_wrong_missing_or_not_configured_is_refused() {
    let query = "hub.mode=subscribe&hub.topic=t&hub.challenge=1";
    let refused = Found::Refused(Kind::MissingSignature);
    for provider in ["meta", "websub", "websub-sha256"] {
        let configured = || layer(provider, secret("secret")).verify_token(secret("token"));
        for token in ["tokeN", "toke", "tokenn", "", "secret", "token%00"] {
            let request = get(&format!("{query}&hub.verify_token={token}"));
            assert_eq!(ask(configured(), request).await, refused, "{provider} {token}");
        }
        assert_eq!(ask(configured(), get(query)).await, refused, "{provider}");
        let with_token = format!("{query}&hub.verify_token=token");
        assert_eq!(ask(configured(), get(&with_token)).await, text("1"), "{provider}");
        assert_eq!(ask(layer(provider, secret("secret")), get(&with_token)).await, refused, "{provider}");
        // The first is what counts, to the token as to the challenge.
        let request = get(&format!("{query}&hub.verify_token=x&hub.verify_token=token"));
        assert_eq!(ask(configured(), request).await, refused, "{provider}");
    }
}

#[tokio::test]
async fn the_reason_of_a_rejected_handshake_is_its_verify_token() {
    let hub = "hub.mode=subscribe&hub.topic=t&hub.challenge=1&hub.verify_token=wrong";
    let asana = || request(&Method::POST, URL, &[("x-hook-secret", "given")], "");
    for (provider, name, request) in [
        ("meta", "hub.verify_token", get(hub)),
        ("websub", "hub.verify_token", get(hub)),
        ("asana", "verify_token", asana()),
    ] {
        let configured = layer(provider, secret("secret")).verify_token(secret("token"));
        let (refused, response) = ask_whole(configured, request.clone()).await;
        assert_eq!(refused, Found::Refused(Kind::MissingSignature));
        let wrong = format!("`{name}` in the query is missing, or is not the layer's `verify_token`");
        assert_eq!(reason(&response), wrong, "{provider}");

        let (refused, response) = ask_whole(layer(provider, secret("secret")), request).await;
        assert_eq!(refused, Found::Refused(Kind::MissingSignature));
        let none = "the layer has no `verify_token`, which the handshake needs";
        assert_eq!(reason(&response), none, "{provider}");
    }
    // A delivery without a signature is no handshake.
    let delivery = request(&Method::POST, &format!("{URL}?{hub}"), &[], "{}");
    let configured = layer("meta", secret("secret")).verify_token(secret("token"));
    assert!(reason(&ask_whole(configured, delivery).await.1).contains("x-hub-signature-256"));
}

/// The reason of a rejection, which the client does not see.
fn reason(response: &Response<()>) -> String {
    let rejection = response.extensions().get::<Rejection>().unwrap();
    std::error::Error::source(rejection).unwrap().to_string()
}

#[tokio::test]
async fn modes_that_are_none_of_the_providers_are_refused() {
    for (provider, mode) in [
        ("meta", "unsubscribe"),
        ("meta", "SUBSCRIBE"),
        ("meta", ""),
        ("websub", "denied"),
        ("websub", "publish"),
    ] {
        let layer = layer(provider, secret("secret")).verify_token(secret("token"));
        let query = format!("hub.mode={mode}&hub.topic=t&hub.challenge=1&hub.verify_token=token");
        assert_eq!(
            ask(layer, get(&query)).await,
            Found::Refused(Kind::MissingSignature),
            "{provider} {mode}"
        );
    }
    // A subscription to nothing is none.
    let layer = layer("websub", secret("secret")).verify_token(secret("token"));
    let request = get("hub.mode=subscribe&hub.challenge=1&hub.verify_token=token");
    assert_eq!(ask(layer, request).await, Found::Refused(Kind::MissingSignature));
}

#[tokio::test]
async fn a_challenge_anywhere_but_in_its_place_is_refused() {
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
            let found = ask(layer(provider, secret("secret")), request).await;
            assert!(matches!(found, Found::Refused(_)), "{provider}: {found:?}");
        }
    }
    let verification = "x-okta-verification-challenge=x";
    let in_query =
        request(&Method::GET, &format!("{URL}?{verification}"), &[("authorization", "secret")], "");
    // It has the secret, and so is a delivery: but no handshake.
    assert_eq!(ask(layer("okta", secret("secret")), in_query).await, Found::Handled);
}

#[tokio::test]
async fn only_what_is_short_is_echoed() {
    let echoed = async |length: usize| {
        ask(layer("dropbox", secret("secret")), get(&format!("challenge={}", "x".repeat(length)))).await
    };
    assert_eq!(echoed(4096).await, text(&"x".repeat(4096)));
    assert_eq!(echoed(4097).await, Found::Refused(Kind::MissingSignature));
}

#[tokio::test]
async fn okta_is_only_answered_with_the_secret() {
    let challenge = ("x-okta-verification-challenge", "challenge");
    let ask = async |headers: &[(&str, &str)]| {
        ask(layer("okta", secret("secret")), request(&Method::GET, URL, headers, "")).await
    };
    assert_eq!(ask(&[challenge]).await, Found::Refused(Kind::MissingSignature));
    for wrong in ["secreT", "Bearer secret", "s"] {
        assert_eq!(ask(&[challenge, ("authorization", wrong)]).await, Found::Refused(Kind::WrongSignature));
    }
    let answer = object(json!({ "verification": "challenge" }));
    assert_eq!(ask(&[challenge, ("authorization", "secret")]).await, answer);
    assert_eq!(ask(&[challenge, ("x-okta-token", "secret")]).await, answer);
    // Which of two would it be?
    assert_eq!(ask(&[challenge, challenge, ("authorization", "secret")]).await, Found::Handled);
}

#[tokio::test]
async fn permission_to_send_names_who_asked_and_only_with_the_secret() {
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
            assert!(matches!(found, Found::Refused(_)), "{provider} {query}: {found:?}");
            assert!(!response.headers().contains_key("webhook-allowed-origin"));
        }
        for origin in ["", "a example", "<a>", "*", "a, b", &"a".repeat(256)] {
            let (_, response) = ask("access_token=secret", origin).await;
            assert!(!response.headers().contains_key("webhook-allowed-origin"), "{provider} {origin}");
        }
    }
}

#[tokio::test]
async fn asanas_secret_is_only_said_back_to_who_knows_the_token() {
    let given = ("x-hook-secret", "b537207f20cbfa02");
    let configured = || layer("asana", secret("secret")).verify_token(secret("token"));
    let post = |query: &str, headers: &[(&str, &str)]| {
        request(&Method::POST, &format!("{URL}?{query}"), headers, "{}")
    };
    let (found, response) = ask_whole(configured(), post("verify_token=token", &[given])).await;
    assert_eq!(found, nothing(200));
    assert_eq!(response.headers()["x-hook-secret"], given.1);
    let refused = Found::Refused(Kind::MissingSignature);
    for query in ["", "verify_token=Token", "verify_token=", "token=token"] {
        let (found, response) = ask_whole(configured(), post(query, &[given])).await;
        assert_eq!(found, refused, "{query}");
        assert!(!response.headers().contains_key("x-hook-secret"));
    }
    let without = layer("asana", secret("secret"));
    assert_eq!(ask(without, post("verify_token=token", &[given])).await, refused);
    let long = "x".repeat(257);
    for headers in [&[given, given][..], &[("x-hook-secret", "")], &[("x-hook-secret", &long)]] {
        assert_eq!(ask(configured(), post("verify_token=token", headers)).await, refused);
    }
    // A delivery is not answered in the handler's stead; and the secret it brings is not believed.
    let signature = hex(&hmac::<Hmac<Sha256>>("secret", "{}"));
    let delivery = post("verify_token=token", &[given, ("x-hook-signature", &signature)]);
    assert_eq!(ask(configured(), delivery).await, Found::Handled);
    let signature = hex(&hmac::<Hmac<Sha256>>(given.1, "{}"));
    let delivery = post("verify_token=token", &[given, ("x-hook-signature", &signature)]);
    assert_eq!(ask(configured(), delivery).await, Found::Refused(Kind::WrongSignature));
}
