//! Twilio.

use tower_webhook::store::Key;

use crate::support::*;

fn signed_as(signed: &str, url: &str, body: &str) -> Request<Full<Bytes>> {
    let signature = BASE64.encode(&hmac_sha1(b"secret", signed));
    post_to(url, &[("x-twilio-signature", &signature), ("i-twilio-idempotency-token", "token-1")], body)
}

#[tokio::test]
async fn each_pair_of_name_and_value_is_signed_once_and_in_order() {
    let layer = layer("twilio", "secret").without_dedupe();
    let signed = format!("{URL}A0B1B2C");
    for body in ["B=2&A=0&B=1&C=", "C&B=1&B=2&B=1&A=0"] {
        assert!(judge(&layer, signed_as(&signed, URL, body)).await.is_ok(), "{body}");
    }
    assert_eq!(judge(&layer, signed_as(&signed, URL, "B=2&A=0&C=")).await, Err(Kind::WrongSignature));
}

#[tokio::test]
async fn the_digest_of_the_body_must_be_in_the_signed_url() {
    let body = r#"{"a":1}"#;
    let digest = HEXLOWER.encode(&Sha256::digest(body));
    let url = format!("{URL}?bodySHA256={digest}");
    let layer = layer("twilio", "secret").without_dedupe();
    assert!(judge(&layer, signed_as(&url, &url, body)).await.is_ok());
    assert_eq!(judge(&layer, signed_as(&url, &url, r#"{"a":2}"#)).await, Err(Kind::WrongSignature));
    // With two digests, it is ambiguous which one must match the body.
    let two = format!("{url}&bodySHA256={}", "0".repeat(64));
    assert_eq!(judge(&layer, signed_as(&two, &two, body)).await, Err(Kind::MalformedSignature));
    let equal = format!("{url}&bodySHA256={digest}");
    assert!(judge(&layer, signed_as(&equal, &equal, body)).await.is_ok());
    // A captured signature that covers only the configured URL, such as the signature of a `GET`, does not cover a
    // digest that is added to the called URL.
    let configured = "https://public.example/in?tenant=7";
    let layer = layer.public_url(configured);
    let called = format!("{URL}?tenant=7");
    assert!(judge(&layer, signed_as(configured, &called, "")).await.is_ok());
    let (with_digest, called) =
        (format!("{configured}&bodySHA256={digest}"), format!("{called}&bodySHA256={digest}"));
    assert!(judge(&layer, signed_as(&with_digest, &called, body)).await.is_ok());
    assert_eq!(judge(&layer, signed_as(configured, &called, body)).await, Err(Kind::WrongSignature));
    assert_eq!(judge(&layer, signed_as(configured, &url, body)).await, Err(Kind::WrongSignature));
}

#[tokio::test]
async fn a_field_of_a_form_is_not_accepted_as_the_digest_of_a_body() {
    let layer = layer("twilio", "secret").without_dedupe();
    let forged = r#"{"paid":true}"#;
    let digest = HEXLOWER.encode(&Sha256::digest(forged));
    let account = format!("AC{}", "0".repeat(32));
    let text = format!("&bodySHA256={digest}&x=");
    let form = form([("AccountSid", &*account), ("Body", &text), ("From", "1")]);
    let url = format!("{URL}?a=1");
    let signed = format!("{url}AccountSid{account}Body{text}From1");
    assert!(judge(&layer, signed_as(&signed, &url, &form)).await.is_ok());
    // The same signed text, sent as a URL with a digest.
    assert_eq!(judge(&layer, signed_as(&signed, &signed, forged)).await, Err(Kind::MalformedSignature));
    // Parameters may follow a digest that Twilio added.
    let url = format!("{URL}?a=1&bodySHA256={digest}&AccountSid={account}");
    assert!(judge(&layer, signed_as(&url, &url, forged)).await.is_ok());
}

#[tokio::test]
async fn the_configured_url_is_signed() {
    let layer = layer("twilio", "secret").public_url("https://user:pass@public.example/in");
    let request =
        signed_as("https://user:pass@public.example:443/in?q=1A0", "http://10.0.0.7:8080/in?q=1", "A=0");
    assert!(judge(&layer, request).await.is_ok());
}

#[tokio::test]
async fn a_query_that_differs_from_the_configured_urls_is_rejected() {
    let layer = layer("twilio", "secret").without_dedupe().public_url("https://public.example/in?tenant=1");
    let signed = "https://public.example/in?tenant=1A0";
    assert!(judge(&layer, signed_as(signed, "/in?tenant=1", "A=0")).await.is_ok());
    for query in ["?tenant=2", "?tenant=11", "?", "", "?a=b&tenant=1", "?tenant=1&tenant=2"] {
        let request = signed_as(signed, &format!("/in{query}"), "A=0");
        assert_eq!(judge(&layer, request).await, Err(Kind::WrongSignature), "{query}");
    }
}

#[tokio::test]
async fn the_replay_guard_recognizes_a_form_that_is_split_in_other_places() {
    let layer = layer("twilio", "secret").replay_guard();
    let signature = BASE64.encode(&hmac_sha1(b"secret", format!("{URL}Bodypay 10FromX")));
    let sent = |id: &str, body: &str| {
        post_to(URL, &[("x-twilio-signature", &signature), ("i-twilio-idempotency-token", id)], body)
    };
    assert!(!is_duplicate(&layer, sent("1", "Body=pay+10&From=X")).await);
    for (id, body) in [("2", "Body=pay+10F&romX"), ("3", "%42ody=pay+10&From=X"), ("4", "Bod=ypay+10F&romX")]
    {
        assert!(is_duplicate(&layer, sent(id, body)).await, "{body}");
    }
}

/// Twilio acts on the response: an empty 200 would end the call.
#[tokio::test]
async fn a_retry_of_a_call_reaches_the_handler() {
    let voice_call = |id: &str| {
        let request = Request::post("/voice").header("host", "h").header("i-twilio-idempotency-token", id);
        let verifier = provider::twilio("s".parse::<Secret>().unwrap());
        let request = testing::sign(&verifier, request.body(Bytes::from("CallSid=1")).unwrap());
        request.unwrap().map(Full::new)
    };
    let voice = layer("twilio", "s");
    for _ in 0..2 {
        assert!(!is_duplicate(&voice, voice_call("1")).await, "the retry did not reach the handler");
    }
    // Twilio ignores the response to a status callback, so status callbacks can be deduplicated.
    let status = voice.dedupe_by(|head, _| {
        let token = head.headers.get("i-twilio-idempotency-token")?.to_str().ok()?;
        Some(Key::new("twilio-status", token))
    });
    assert!(!is_duplicate(&status, voice_call("1")).await);
    assert!(is_duplicate(&status, voice_call("1")).await);
    assert!(!is_duplicate(&status, voice_call("2")).await);
    // The token is not signed. The replay guard also recognizes a replay under another token.
    let status = status.replay_guard();
    assert!(!is_duplicate(&status, voice_call("3")).await);
    assert!(is_duplicate(&status, voice_call("4")).await);
}
