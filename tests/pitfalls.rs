//! Tests for known pitfalls of webhook signatures.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_http::decompression::RequestDecompressionLayer;
use tower_webhook::{
    Body, BoxError, Delivery, ManualClock, Rejection, RejectionKind as Kind, Secret, Undecodable,
    WebhookLayer, provider, store::Key, testing, verify::Verifier,
};

const NOW: u32 = 1_700_000_000;

fn sha256(key: &[u8], text: &str) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(text).finalize().into_bytes().to_vec()
}

fn hex(key: &[u8], text: &str) -> String {
    HEXLOWER.encode(&sha256(key, text))
}

fn base64(key: &[u8], text: &str) -> String {
    BASE64.encode(&sha256(key, text))
}

fn layer(provider: &str, secret: &str) -> WebhookLayer {
    let secret: Secret = secret.parse().unwrap();
    let verifier = provider::find(provider).unwrap().verifier(secret).unwrap();
    WebhookLayer::with_verifier(verifier).clock(ManualClock::at_unix(NOW))
}

fn post(headers: &[(&str, &str)], body: &str) -> Request<Full<Bytes>> {
    let mut request = Request::post("/webhook").body(Full::from(body.to_owned())).unwrap();
    for (name, value) in headers {
        let name: http::HeaderName = name.parse().unwrap();
        request.headers_mut().append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    request
}

/// Returns the delivery, `None` for a duplicate, or the kind of the rejection.
async fn send(layer: &WebhookLayer, request: Request<Full<Bytes>>) -> Result<Option<Delivery>, Kind> {
    let service = layer.layer(service_fn(async |request: Request<Body>| {
        let mut response = Response::new(Full::<Bytes>::default());
        response.extensions_mut().insert(request.extensions().get::<Delivery>().unwrap().clone());
        Ok::<_, BoxError>(response)
    }));
    let response = service.oneshot(request).await.unwrap();
    match response.extensions().get::<Rejection>() {
        Some(rejection) => Err(rejection.kind()),
        None => Ok(response.extensions().get::<Delivery>().cloned()),
    }
}

async fn judge(provider: &str, secret: &str, headers: &[(&str, &str)], body: &str) -> Result<(), Kind> {
    send(&layer(provider, secret), post(headers, body)).await.map(|_| ())
}

async fn judge_standard(provider: &str, secret: &str, key: &[u8]) -> Result<(), Kind> {
    let signature = format!("v1,{}", base64(key, &format!("id.{NOW}.{{}}")));
    let now = NOW.to_string();
    let headers = [("webhook-id", "id"), ("webhook-timestamp", &now), ("webhook-signature", &signature)];
    judge(provider, secret, &headers, "{}").await
}

async fn judge_stripe(secret: &str, key: &[u8], at: i64) -> Result<(), Kind> {
    let at = i64::from(NOW) + at;
    let signature = format!("t={at},v1={}", hex(key, &format!("{at}.{{}}")));
    judge("stripe", secret, &[("stripe-signature", &signature)], "{}").await
}

#[tokio::test]
async fn pitfall_1_the_meaning_of_the_whsec_prefix_depends_on_the_provider() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let decoded = BASE64.decode(&secret.as_bytes()[6..]).unwrap();
    assert_eq!(judge_standard("standard-webhooks", secret, &decoded).await, Ok(()));
    let text = judge_standard("standard-webhooks", secret, secret.as_bytes()).await;
    assert_eq!(text, Err(Kind::WrongSignature));
    // For Polar's older secrets, the text is the key; for newer ones, the key is the decoded text. Both have the same
    // prefix, so the layer tries both keys.
    for key in [&*decoded, secret.as_bytes()] {
        assert_eq!(judge_standard("standard-webhooks-rawkey", secret, key).await, Ok(()));
    }
    assert_eq!(judge_stripe(secret, secret.as_bytes(), 0).await, Ok(()));
    assert_eq!(judge_stripe(secret, &decoded, 0).await, Err(Kind::WrongSignature));
    assert_eq!(judge_standard("supabase-auth", &format!("v1,{secret}"), &decoded).await, Ok(()));
}

#[tokio::test]
async fn pitfall_2_secrets_that_look_encoded_are_text_unless_the_provider_says_otherwise() {
    let looks_base64 = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==";
    let headers = |signature: &str| {
        [
            ("x-zendesk-webhook-signature", signature.to_owned()),
            ("x-zendesk-webhook-signature-timestamp", "2023-11-14T22:13:20Z".to_owned()),
        ]
    };
    let zendesk = async |key: &[u8]| {
        let headers = headers(&base64(key, "2023-11-14T22:13:20Z{}"));
        let headers = headers.each_ref().map(|(name, value)| (*name, &**value));
        judge("zendesk", looks_base64, &headers, "{}").await
    };
    assert_eq!(zendesk(looks_base64.as_bytes()).await, Ok(()));
    assert_eq!(zendesk(&BASE64.decode(looks_base64.as_bytes()).unwrap()).await, Err(Kind::WrongSignature));
    // Conversely, Adyen decodes its secrets from hex.
    let looks_text = "44782def547aaa06c910c43932b1eb0c71fc68d9d0c057550c48ec2acf6ba056";
    let adyen = async |key: &[u8]| {
        judge("adyen-header", looks_text, &[("hmacsignature", &base64(key, "{}"))], "{}").await
    };
    assert_eq!(adyen(&HEXLOWER.decode(looks_text.as_bytes()).unwrap()).await, Ok(()));
    assert_eq!(adyen(looks_text.as_bytes()).await, Err(Kind::WrongSignature));
}

#[tokio::test]
async fn pitfall_3_undecodable_candidates_are_skipped_and_non_ascii_bytes_do_not_panic() {
    let good = format!("v1={}", hex(b"s", "{}"));
    for list in [format!("v1=not-hex-$$$,{good}"), format!(",v1=potato,{good},"), format!("v1=\u{e9},{good}")]
    {
        assert_eq!(
            judge("pagerduty", "s", &[("x-pagerduty-signature", &list)], "{}").await,
            Ok(()),
            "{list}"
        );
    }
    let public = include_str!("vectors/asymmetric.json");
    let public: Vec<serde_json::Value> = serde_json::from_str(public).unwrap();
    for provider in provider::all() {
        let Some(scheme) = provider.scheme() else { continue };
        let scheme = serde_json::to_value(scheme).unwrap();
        let from = scheme["sig"]["from"].as_str().filter(|from| !from.contains(':'));
        let Some(header) = from else { continue };
        // Arbitrary text is not a public key, so take the keys of the known answers.
        let vector = public.iter().find(|vector| vector["scheme"] == provider.id);
        let text =
            if provider.id == "basic-auth" { "user:password" } else { "00112233445566778899aabbccddeeff" };
        let key = vector.map_or(text, |vector| vector["secret"].as_str().unwrap());
        for bytes in ["\u{26a0}", "v1,\u{e9}", "sha256=\u{26a0}", "t=\u{e9},v1=\u{e9}"] {
            let refused = judge(provider.id, key, &[(header, bytes)], "{}").await;
            assert!(refused.is_err(), "{}", provider.id);
        }
    }
}

#[tokio::test]
async fn pitfall_4_equal_length_in_base64_is_not_equal_length_in_bytes() {
    let (right, longer) = (base64(b"s", "{}"), "A".repeat(44));
    assert_eq!(right.len(), longer.len());
    assert_eq!(
        judge("shopify", "s", &[("x-shopify-hmac-sha256", &longer)], "{}").await,
        Err(Kind::WrongSignature)
    );
    assert_eq!(judge("shopify", "s", &[("x-shopify-hmac-sha256", &right)], "{}").await, Ok(()));
}

#[tokio::test]
async fn pitfall_5_the_timestamp_is_signed_as_text() {
    let slack = async |text: &str, signed: &str| {
        let signature = format!("v0={}", hex(b"s", &format!("v0:{signed}:{{}}")));
        judge("slack", "s", &[("x-slack-request-timestamp", text), ("x-slack-signature", &signature)], "{}")
            .await
    };
    let padded = format!("0{NOW}");
    assert_eq!(slack(&padded, &padded).await, Ok(()));
    assert_eq!(slack(&padded, &NOW.to_string()).await, Err(Kind::WrongSignature));
    for text in ["Infinity", "1.5", "0x10", "-5", "+5", "1e9", "5 "] {
        assert_eq!(slack(text, text).await, Err(Kind::MalformedSignature), "{text}");
    }
}

#[tokio::test]
async fn pitfall_6_the_tolerance_depends_on_the_provider_and_is_inclusive() {
    assert_eq!(judge_stripe("s", b"s", -300).await, Ok(()));
    assert_eq!(judge_stripe("s", b"s", -301).await, Err(Kind::StaleTimestamp));
    assert_eq!(judge_stripe("s", b"s", 300).await, Ok(()));
    // Stripe's SDKs accept any timestamp in the future. A captured request would then stay valid at least until the
    // time of its timestamp.
    assert_eq!(judge_stripe("s", b"s", 301).await, Err(Kind::StaleTimestamp));
    let tolerance = |id: &str| {
        let verifier = provider::find(id)
            .unwrap()
            .verifier("00112233445566778899aabbccddeeff".parse::<Secret>().unwrap());
        let tolerance = verifier.unwrap().profile().tolerance();
        (tolerance.past().map(|time| time.as_secs()), tolerance.future().as_secs())
    };
    assert_eq!(tolerance("slack"), (Some(300), 300));
    assert_eq!(tolerance("paddle").0, Some(5));
    assert_eq!(tolerance("elevenlabs").0, Some(1800));
    assert_eq!(tolerance("cloudinary-sha256"), (Some(7200), 300));
    assert_eq!(tolerance("twitch"), (Some(600), 600));
}

#[tokio::test]
async fn pitfall_7_an_unsigned_timestamp_is_ignored() {
    let at = |milliseconds: u64| format!(r#"{{"webhookTimestamp":{milliseconds}}}"#);
    let linear = async |body: &str, unsigned: &str| {
        judge("linear", "s", &[("linear-signature", &hex(b"s", body)), ("linear-timestamp", unsigned)], body)
            .await
    };
    let now = u64::from(NOW) * 1000;
    assert_eq!(linear(&at(now), "0").await, Ok(()));
    assert_eq!(linear(&at(now - 61_000), &now.to_string()).await, Err(Kind::StaleTimestamp));
    assert_eq!(linear("{}", &now.to_string()).await, Err(Kind::MissingSignature));
}

#[tokio::test]
async fn pitfall_8_a_weaker_signature_does_not_replace_a_stronger_one() {
    // GitHub's older header has a valid signature.
    let sha1 = Hmac::<Sha1>::new_from_slice(b"s").unwrap().chain_update("{}").finalize().into_bytes();
    let sha1 = format!("sha1={}", HEXLOWER.encode(&sha1));
    assert_eq!(judge("github", "s", &[("x-hub-signature", &sha1)], "{}").await, Err(Kind::MissingSignature));
    let both = [("x-hub-signature", &*sha1), ("x-hub-signature-256", &format!("sha256={}", "0".repeat(64)))];
    assert_eq!(judge("github", "s", &both, "{}").await, Err(Kind::WrongSignature));
    // Hook0's v0 is valid, but its v1 is wrong.
    let v0 = hex(b"s", &format!("{NOW}.{{}}"));
    let wrong = format!("t={NOW},v0={v0},h=x-a,v1={}", "0".repeat(64));
    assert_eq!(
        judge("hook0", "s", &[("x-hook0-signature", &wrong), ("x-a", "1")], "{}").await,
        Err(Kind::WrongSignature)
    );
    assert_eq!(
        judge("hook0", "s", &[("x-hook0-signature", &format!("t={NOW},v0={v0}"))], "{}").await,
        Ok(())
    );
}

#[tokio::test]
async fn at_most_32_headers_may_be_signed() {
    let hook0 = async |times: usize| {
        let (names, values) = (vec!["x-a"; times].join(" "), vec!["1"; times].join("."));
        let tag = hex(b"s", &format!("{NOW}.{names}.{values}.{{}}"));
        let signature = format!("t={NOW},h={names},v1={tag}");
        judge("hook0", "s", &[("x-hook0-signature", &signature), ("x-a", "1")], "{}").await
    };
    assert_eq!(hook0(32).await, Ok(()));
    assert_eq!(hook0(33).await, Err(Kind::MalformedSignature));

    let tag = "0".repeat(64);
    let contentful = async |times: usize| {
        let own = "x-contentful-timestamp,x-contentful-signed-headers".to_owned();
        let headers = [
            ("x-contentful-signature", &*tag),
            ("x-contentful-timestamp", &format!("{NOW}000")),
            ("x-contentful-signed-headers", &(own + &",x-a".repeat(times - 2))),
            ("x-a", "1"),
        ];
        judge("contentful", "s", &headers, "{}").await
    };
    assert_eq!(contentful(32).await, Err(Kind::WrongSignature));
    assert_eq!(contentful(33).await, Err(Kind::MalformedSignature));
}

#[tokio::test]
async fn a_nonce_cannot_contain_separators_of_a_url() {
    let plivo = async |version: &str, signed: &str, nonce: &str| {
        let signature = base64(b"s", &format!("https://hooks.example/in{signed}{nonce}"));
        let name = format!("x-plivo-signature-{version}");
        let headers = [(&*name, &*signature), (&*format!("{name}-nonce"), nonce)];
        let layer = layer(&format!("plivo-{version}"), "s").public_url("https://hooks.example/in");
        send(&layer, post(&headers, "a=1.2")).await.map(|_| ())
    };
    assert_eq!(plivo("v2", "", "05429567804466091622").await, Ok(()));
    assert_eq!(plivo("v2", "", "/123").await, Err(Kind::MalformedSignature));
    assert_eq!(plivo("v3", "?a1.2.", "05429567804466091622").await, Ok(()));
    assert_eq!(plivo("v3", "?a1.2.", "3.4").await, Err(Kind::MalformedSignature));
}

#[tokio::test]
async fn pitfall_9_the_order_of_the_signed_parts_matters() {
    let at = "2023-11-14T22:13:20Z";
    let box_ = async |signed: String| {
        let signature = base64(b"s", &signed);
        let headers = [
            ("box-signature-version", "1"),
            ("box-signature-algorithm", "HmacSHA256"),
            ("box-delivery-timestamp", at),
            ("box-signature-primary", &*signature),
        ];
        judge("box", "s", &headers, "{}").await
    };
    assert_eq!(box_(format!("{{}}{at}")).await, Ok(()));
    assert_eq!(box_(format!("{at}{{}}")).await, Err(Kind::WrongSignature));
}

#[tokio::test]
async fn pitfall_10_the_layer_works_on_either_side_of_decompression() {
    // `{}` compressed with gzip, as `gzip -n` does it.
    let zipped: &[u8] = &[
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xab, 0xae, 0x05, 0x00, 0x43, 0xbf, 0xa6,
        0xa3, 0x02, 0x00, 0x00, 0x00,
    ];
    let handler = service_fn(async |request: Request<Body>| {
        let payload = request.extensions().get::<Delivery>().unwrap().payload().clone();
        Ok::<_, BoxError>(Response::new(Full::from(payload)))
    });
    let request = |signature: String| {
        let mut request = post(&[("x-signature", &signature), ("content-encoding", "gzip")], "");
        *request.body_mut() = Full::from(zipped);
        request
    };
    // GetStream signs the decompressed body, so the layer goes below the decompression.
    let below = ServiceBuilder::new()
        .layer(RequestDecompressionLayer::new())
        .layer(layer("getstream", "s"))
        .service(handler);
    assert_eq!(below.oneshot(request(hex(b"s", "{}"))).await.unwrap().status(), 200);
    // For a provider that signs the compressed body, the layer goes above the decompression.
    let compressed =
        Hmac::<Sha256>::new_from_slice(b"s").unwrap().chain_update(zipped).finalize().into_bytes();
    let mut nylas = request(String::new());
    nylas.headers_mut().insert("x-nylas-signature", HEXLOWER.encode(&compressed).parse().unwrap());
    let above = layer("nylas", "s").on_undecodable(Undecodable::HandOver).layer(handler);
    assert_eq!(above.oneshot(nylas).await.unwrap().status(), 200);
}

#[tokio::test]
async fn pitfall_11_the_bytes_are_signed_not_their_meaning() {
    for (escaped, plain) in
        [(r#"{"a":"\u00e4"}"#, "{\"a\":\"\u{e4}\"}"), ("[]\r\n", "[]"), ("payload=%7b%7d", "payload=%7B%7D")]
    {
        let signature = format!("sha256={}", hex(b"s", escaped));
        let headers = [("x-hub-signature-256", &*signature)];
        assert_eq!(judge("meta", "s", &headers, escaped).await, Ok(()));
        assert_eq!(judge("meta", "s", &headers, plain).await, Err(Kind::WrongSignature));
    }
}

#[tokio::test]
async fn pitfall_12_the_signed_url_is_the_one_configured_at_the_provider() {
    let given = "https://shop.example/hooks/square";
    let request = || {
        post(
            &[
                ("x-square-hmacsha256-signature", &base64(b"s", &format!("{given}{{}}"))),
                ("host", "10.0.0.7:8080"),
            ],
            "{}",
        )
    };
    let layer = layer("square", "s").without_dedupe();
    assert_eq!(send(&layer, request()).await.map(|_| ()), Err(Kind::WrongSignature));
    assert!(send(&layer.public_url(given), request()).await.is_ok());
}

#[tokio::test]
async fn a_host_that_contains_a_part_of_the_path_is_rejected() {
    let layer = layer("square", "s").without_dedupe();
    let signature = base64(b"s", "https://shop.example/test/webhook{}");
    for (uri, host) in [("/webhook", "shop.example/test"), ("/test/webhook", "user@shop.example")] {
        let mut request = post(&[("x-square-hmacsha256-signature", &signature), ("host", host)], "{}");
        *request.uri_mut() = uri.parse().unwrap();
        assert_eq!(send(&layer, request).await.map(|_| ()), Err(Kind::MalformedSignature), "{host}");
    }
    let mut request = post(&[("x-square-hmacsha256-signature", &signature), ("host", "shop.example")], "{}");
    *request.uri_mut() = "/test/webhook".parse().unwrap();
    assert!(send(&layer, request.clone()).await.is_ok());
    request.headers_mut().append("host", HeaderValue::from_static("shop.example"));
    assert_eq!(send(&layer, request).await.map(|_| ()), Err(Kind::MalformedSignature));
}

#[test]
fn pitfall_13_the_profile_says_if_the_signature_does_not_cover_the_body() {
    let body_signed = |id: &str| {
        let secret: Secret = "user:password".parse().unwrap();
        provider::find(id).unwrap().verifier(secret).unwrap().profile().body_signed()
    };
    for id in ["gitlab-token", "okta", "basic-auth"] {
        assert!(!body_signed(id), "{id}");
    }
    for id in ["github", "stripe", "slack", "square"] {
        assert!(body_signed(id), "{id}");
    }
}

#[tokio::test]
async fn pitfall_14_one_header_has_different_schemes() {
    let sha1 = Hmac::<Sha1>::new_from_slice(b"s").unwrap().chain_update("{}").finalize().into_bytes();
    let (sha1, sha256) = (format!("sha1={}", HEXLOWER.encode(&sha1)), format!("sha256={}", hex(b"s", "{}")));
    for (provider, signature, right) in [
        ("bitbucket", &sha256, true),
        ("bitbucket", &sha1, false),
        ("github-sha1", &sha1, true),
        ("github-sha1", &sha256, false),
    ] {
        let judged = judge(provider, "s", &[("x-hub-signature", signature)], "{}").await;
        assert_eq!(judged, if right { Ok(()) } else { Err(Kind::MalformedSignature) }, "{provider}");
    }
}

#[tokio::test]
async fn pitfall_15_the_location_of_the_id_depends_on_the_provider() {
    let github = [
        ("x-hub-signature-256", format!("sha256={}", hex(b"s", "{}"))),
        ("x-github-delivery", "in-a-header".to_owned()),
    ];
    let github = github.each_ref().map(|(name, value)| (*name, &**value));
    let delivery = send(&layer("github", "s"), post(&github, "{}")).await.unwrap().unwrap();
    assert_eq!(delivery.id(), Some("in-a-header"));
    let body = r#"{"event":{"id":"in-the-body"}}"#;
    let request = post(&[("x-pagerduty-signature", &format!("v1={}", hex(b"s", body)))], body);
    let delivery = send(&layer("pagerduty", "s"), request).await.unwrap().unwrap();
    assert_eq!(delivery.id(), Some("in-the-body"));
    // Onfido sends no id, so its deliveries are not deduplicated.
    let request = post(&[("x-sha2-signature", &hex(b"s", "{}"))], "{}");
    let delivery = send(&layer("onfido", "s"), request).await.unwrap().unwrap();
    assert_eq!((delivery.id(), delivery.is_deduped()), (None, false));
}

#[tokio::test]
async fn pitfall_16_the_replay_guard_stops_a_replay_under_a_new_unsigned_id() {
    let signature = base64(b"s", "{}");
    let request =
        |id: &str| post(&[("x-shopify-hmac-sha256", &signature), ("x-shopify-webhook-id", id)], "{}");
    let guarded = layer("shopify", "s").replay_guard();
    assert!(send(&guarded, request("1")).await.unwrap().is_some());
    assert!(send(&guarded, request("2")).await.unwrap().is_none(), "the replay reached the handler");
    // Sentry sends no id.
    let request = || post(&[("sentry-hook-signature", &hex(b"s", "{}"))], "{}");
    let guarded = layer("sentry", "s").replay_guard();
    assert!(send(&guarded, request()).await.unwrap().is_some());
    assert!(send(&guarded, request()).await.unwrap().is_none(), "the replay reached the handler");
    let plain = layer("sentry", "s");
    for _ in 0..2 {
        assert!(send(&plain, request()).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn pitfall_17_an_id_is_completed_only_after_success() {
    let layer = layer("github", "s");
    let request = || {
        post(
            &[("x-hub-signature-256", &format!("sha256={}", hex(b"s", "{}"))), ("x-github-delivery", "1")],
            "{}",
        )
    };
    let failing = layer.layer(service_fn(async |_: Request<Body>| {
        Ok::<_, BoxError>(Response::builder().status(500).body(Full::<Bytes>::default())?)
    }));
    assert_eq!(failing.oneshot(request()).await.unwrap().status(), 500);
    assert!(
        send(&layer, request()).await.unwrap().is_some(),
        "the retry of a failed delivery did not reach the handler"
    );
    assert!(send(&layer, request()).await.unwrap().is_none());
}

#[tokio::test]
async fn pitfall_18_a_handshake_does_not_reach_the_handler() {
    let layer = layer("meta", "s").verify_token("token".parse().unwrap());
    let ask = |query: &str| {
        let mut request = post(&[], r#"{"object":"page"}"#);
        *request.method_mut() = http::Method::GET;
        *request.uri_mut() = format!("/webhook?{query}").parse().unwrap();
        request
    };
    let handler = service_fn(async |_: Request<Body>| -> Result<Response<Full<Bytes>>, BoxError> {
        panic!("the handshake reached the handler")
    });
    let answer = layer
        .layer(handler)
        .oneshot(ask("hub.mode=subscribe&hub.verify_token=token&hub.challenge=%3Cb%3E"))
        .await
        .unwrap();
    assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    let refused = layer
        .layer(handler)
        .oneshot(ask("hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1"))
        .await
        .unwrap();
    assert_eq!(refused.status(), 401);
}

#[tokio::test]
async fn pitfall_19_two_events_of_one_object_are_two_deliveries() {
    let [created, paid] = [r#"{"id":"p1","status":"PENDING"}"#, r#"{"id":"p1","status":"SUCCEEDED"}"#];
    let [moved, booked] =
        [r#"{"data":{"id":"T1","status":"received"}}"#, r#"{"data":{"id":"T1","status":"booked"}}"#];
    let key = "44782def547aaa06c910c43932b1eb0c71fc68d9d0c057550c48ec2acf6ba056";
    // This id depends only on the webhook and the time in seconds.
    let woocommerce = ("x-wc-webhook-delivery-id", "0c5f");
    // All webhooks that one event triggers share this id.
    let gitlab = ("x-gitlab-event-uuid", "e1f2");
    for (provider, secret, header, bodies) in [
        ("woocommerce", "a secret", Some(woocommerce), [r#"{"id":1}"#, r#"{"id":2}"#]),
        (
            "gitlab-token",
            "a secret",
            Some(gitlab),
            [r#"{"object_kind":"push"}"#, r#"{"object_kind":"note"}"#],
        ),
        ("adyen-header", key, None, [moved, booked]),
        ("monei", "a secret", None, [created, paid]),
    ] {
        let secret: Secret = secret.parse().unwrap();
        let verifier = provider::find(provider).unwrap().verifier(secret).unwrap();
        let layer = WebhookLayer::with_verifier(verifier.clone()).clock(ManualClock::at_unix(NOW));
        for body in bodies {
            let at = UNIX_EPOCH + Duration::from_secs(NOW.into());
            let request = post(header.as_slice(), body).map(|_| Bytes::from(body));
            let request = testing::sign_at(&verifier, request, at).unwrap();
            let delivery = send(&layer, request.map(Full::new)).await.unwrap();
            assert!(delivery.is_some(), "{provider}: {body} was treated as a duplicate");
        }
    }
}

/// Twilio acts on the response: an empty 200 would end the call.
#[tokio::test]
async fn a_retry_of_a_twilio_call_reaches_the_handler() {
    let twilio = |id: &str| {
        let request = Request::post("/voice").header("host", "h").header("i-twilio-idempotency-token", id);
        let verifier = provider::twilio("s".parse::<Secret>().unwrap());
        let request = testing::sign(&verifier, request.body(Bytes::from("CallSid=1")).unwrap());
        request.unwrap().map(Full::new)
    };
    let voice = layer("twilio", "s");
    for _ in 0..2 {
        assert!(send(&voice, twilio("1")).await.unwrap().is_some(), "the retry did not reach the handler");
    }
    // Twilio ignores the response to a status callback, so status callbacks can be deduplicated.
    let status = voice.dedupe_by(|head, _| {
        let token = head.headers.get("i-twilio-idempotency-token")?.to_str().ok()?;
        Some(Key::new("twilio-status", token))
    });
    assert!(send(&status, twilio("1")).await.unwrap().is_some());
    assert!(send(&status, twilio("1")).await.unwrap().is_none());
    assert!(send(&status, twilio("2")).await.unwrap().is_some());
    // The token is not signed. The replay guard also recognizes a replay under another token.
    let status = status.replay_guard();
    assert!(send(&status, twilio("3")).await.unwrap().is_some());
    assert!(send(&status, twilio("4")).await.unwrap().is_none());
}

#[test]
fn providers_that_act_on_the_response_to_a_retry_are_not_deduplicated() {
    for id in ["twilio", "plivo-v1", "sinch-application", "teams", "dropbox-sign"] {
        let secret: Secret = "czNjcmV0".parse().unwrap();
        let verifier = provider::find(id).unwrap().verifier(secret).unwrap();
        let profile = verifier.profile();
        assert!(profile.id().is_empty() && !profile.equal_bodies(), "{id}");
    }
}

/// Sends `signed` with its body and timestamp replaced by `body` and `at`.
async fn judge_moved(provider: &str, signed: &Request<Bytes>, at: &str, body: &str) -> Result<(), Kind> {
    let mut moved = signed.clone().map(|_| Full::from(body.to_owned()));
    for value in moved.headers_mut().values_mut() {
        let text = value.to_str().unwrap();
        let now = ["1700000000000", "1700000000"].into_iter().find(|now| text.contains(now));
        if let Some(now) = now {
            *value = text.replace(now, at).parse().unwrap();
        }
    }
    send(&layer(provider, SECRET), moved).await.map(drop)
}

/// A secret that is valid in every encoding of a shared secret.
const SECRET: &str = "00112233445566778899aabbccddeeff";

#[tokio::test]
async fn pitfall_20_no_digit_can_be_moved_between_a_timestamp_and_the_adjacent_body() {
    let adjacent = provider::all().filter_map(|provider| {
        let scheme = serde_json::to_value(provider.scheme()?).unwrap();
        let template = scheme["template"].as_str()?.to_owned();
        let unit = scheme["ts"]["unit"].as_str()?.to_owned();
        let with_body = template.contains("{ts}{body}") || template.contains("{body}{ts}");
        (with_body && ["s", "ms"].contains(&&*unit)).then_some((provider.id, template, unit))
    });
    let mut moved = Vec::new();
    for (provider, template, unit) in adjacent {
        let secret: Secret = SECRET.parse().unwrap();
        let Ok(verifier) = provider::find(provider).unwrap().verifier(secret) else { continue };
        let now = if unit == "s" { "1700000000" } else { "1700000000000" };
        let url = "https://hooks.example/webhook";
        let request =
            |body: &'static str| Request::post(url).body(Bytes::from_static(body.as_bytes())).unwrap();
        let at = UNIX_EPOCH + Duration::from_secs(NOW.into());
        // HubSpot and QuickNode send an empty body or a JSON object or array, so `7` cannot be signed. `pitfall_21`
        // moves a digit of the URL instead.
        let Ok(signed) = testing::sign_at(&verifier, request("7"), at) else {
            assert!(["hubspot-v3", "quicknode"].contains(&provider), "{provider}");
            continue;
        };
        assert_eq!(judge_moved(provider, &signed, now, "7").await, Ok(()), "{provider}");
        let (longer, shorter, rest) = match template.contains("{ts}{body}") {
            true => (format!("{now}7"), &now[..now.len() - 1], "07"),
            false => (format!("7{now}"), &now[1..], "71"),
        };
        for (timestamp, body) in [(&*longer, ""), (shorter, rest)] {
            let judged = judge_moved(provider, &signed, timestamp, body).await;
            assert_eq!(judged, Err(Kind::MalformedSignature), "{provider}: {timestamp} and {body}");
        }
        moved.push(provider);
    }
    for provider in
        ["cashfree", "close", "whoop", "iron", "inngest", "retell", "cloudinary-sha1", "cloudinary-sha256"]
    {
        assert!(moved.contains(&provider), "{provider} is not among {moved:?}");
    }
}

#[tokio::test]
async fn pitfall_21_a_signed_hubspot_get_does_not_outlive_its_tolerance() {
    let signature = base64(b"s", &format!("GEThttps://example.com/card?portalId=1234567{NOW}000"));
    let get = async |now: u32, query: &str, timestamp: &str| {
        let request = Request::get(format!("/card?portalId={query}"))
            .header("host", "example.com")
            .header("x-hubspot-signature-v3", &signature)
            .header("x-hubspot-request-timestamp", timestamp);
        let layer = layer("hubspot-v3", "s").clock(ManualClock::at_unix(now));
        send(&layer, request.body(Full::default()).unwrap()).await.map(drop)
    };
    let (now, next_year) = (format!("{NOW}000"), NOW + 31_536_000);
    assert_eq!(get(NOW, "1234567", &now).await, Ok(()));
    assert_eq!(get(next_year, "1234567", &now).await, Err(Kind::StaleTimestamp));
    // With the query's last digit in front, the timestamp is beyond the year 4000.
    assert_eq!(get(next_year, "123456", &format!("7{now}")).await, Err(Kind::MalformedSignature));
}

#[tokio::test]
async fn pitfall_22_a_plain_hash_cannot_be_extended() {
    let padding = |length: usize| {
        let zeros = (119 - length % 64) % 64;
        [&[0x80][..], &vec![0; zeros], &(length as u64 * 8).to_be_bytes()].concat()
    };
    // Computes the hash of a text, its padding and `more` from the text's hash and length alone.
    let extended = |hash: &[u8], length: usize, more: &[u8]| {
        let mut state = [0; 8];
        let words = hash.chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap()));
        state.iter_mut().zip(words).for_each(|(to, word)| *to = word);
        let hashed = length + padding(length).len();
        let rest = [more, &padding(hashed + more.len())].concat();
        sha2::block_api::compress256(&mut state, rest.as_chunks::<64>().0);
        HEXLOWER.encode(&state.map(u32::to_be_bytes).concat())
    };
    let post = |headers: &[(&str, &str)], body: Vec<u8>| post(headers, "").map(|_| Full::from(body));

    let (body, more) = (&b"[{\"eventId\":1}]"[..], &b"[{\"eventId\":2}]"[..]);
    let hash = Sha256::digest([SECRET.as_bytes(), body].concat());
    let length = SECRET.len() + body.len();
    let layer = layer("hubspot-v1", SECRET);
    let seen = HEXLOWER.encode(&hash);
    assert!(send(&layer, post(&[("x-hubspot-signature", &seen)], body.to_vec())).await.is_ok());
    let forged = [body, &padding(length), more].concat();
    let signature = extended(&hash, length, more);
    // The hash is valid; the request is rejected because of its body.
    assert_eq!(signature, HEXLOWER.encode(&Sha256::digest([SECRET.as_bytes(), &forged].concat())));
    let judged = send(&layer, post(&[("x-hubspot-signature", &signature)], forged)).await;
    assert_eq!(judged.map(drop), Err(Kind::MalformedSignature));

    // From a request without a body, an attacker could forge the whole body.
    let text = format!("{SECRET}POSThttps://example.com/webhook");
    let forged = [&padding(text.len()), more].concat();
    let signature = extended(&Sha256::digest(&text), text.len(), more);
    let layer = self::layer("hubspot-v2", SECRET);
    let headers = [("host", "example.com"), ("x-hubspot-signature", &*signature)];
    assert_eq!(send(&layer, post(&headers, forged)).await.map(drop), Err(Kind::MalformedSignature));
}

#[tokio::test]
async fn pitfall_23_no_bytes_can_be_moved_from_a_body_to_the_header_signed_before_it() {
    let at = "2023-11-14T22:13:20Z";
    let form = "approved=false&role=user&ticket=7";
    let signature = base64(b"s", &format!("{at}{form}"));
    let zendesk = async |at: &str, body: &str| {
        let headers =
            [("x-zendesk-webhook-signature", &*signature), ("x-zendesk-webhook-signature-timestamp", at)];
        judge("zendesk", "s", &headers, body).await
    };
    assert_eq!(zendesk(at, form).await, Ok(()));
    let moved = format!("{at}approved=false&role=user&");
    assert_eq!(zendesk(&moved, "ticket=7").await, Err(Kind::MalformedSignature));
    assert_eq!(zendesk("", &format!("{at}{form}")).await, Err(Kind::MalformedSignature));

    // Twitch signs the id, followed by the timestamp and the body. The body may contain another timestamp.
    let body = r#"{"created":"2023-11-14T22:13:21Z","event":7}"#;
    let signature = format!("sha256={}", hex(b"s", &format!("id-1{at}{body}")));
    let twitch = async |id: &str, at: &str, body: &str| {
        let headers = [
            ("twitch-eventsub-message-id", id),
            ("twitch-eventsub-message-timestamp", at),
            ("twitch-eventsub-message-signature", &*signature),
        ];
        judge("twitch", "s", &headers, body).await
    };
    assert_eq!(twitch("id-1", at, body).await, Ok(()));
    let id = format!("id-1{at}{{\"created\":\"");
    let moved = twitch(&id, "2023-11-14T22:13:21Z", r#"","event":7}"#).await;
    assert_eq!(moved, Err(Kind::MalformedSignature));
}

#[tokio::test]
async fn pitfall_24_only_version_1_covers_hook0s_headers() {
    let (v0, v1) = (
        hex(b"s", &format!("{NOW}.{{}}")),
        hex(b"s", &format!("{NOW}.x-event-id x-event-type.1.user.created.{{}}")),
    );
    let hook0 = async |provider: &str, signature: &str, id: &str, kind: &str| {
        let headers = [("x-hook0-signature", signature), ("x-event-id", id), ("x-event-type", kind)];
        judge(provider, "s", &headers, "{}").await
    };
    let both = format!("t={NOW},v0={v0},h=x-event-id x-event-type,v1={v1}");
    let without_v1 = format!("t={NOW},v0={v0}");
    for provider in ["hook0", "hook0-v1"] {
        assert_eq!(hook0(provider, &both, "1", "user.created").await, Ok(()));
        assert_eq!(hook0(provider, &both, "2", "user.created").await, Err(Kind::WrongSignature));
        let moved = hook0(provider, &both, "1.user", "created").await;
        assert_eq!(moved, Err(Kind::MalformedSignature), "{provider}");
    }
    assert_eq!(hook0("hook0", &without_v1, "2", "user.deleted").await, Ok(()), "as documented");
    let downgraded = hook0("hook0-v1", &without_v1, "2", "user.deleted").await;
    assert_eq!(downgraded, Err(Kind::MalformedSignature));
}

#[tokio::test]
async fn pitfall_25_a_signature_of_one_version_is_not_accepted_as_that_of_another() {
    // If Hook0's v1 were accepted as v0, the names and values of the headers would become part of the body.
    let v1 = hex(b"s", &format!("{NOW}.x-a.1.{{}}"));
    let hook0 = async |signature: &str, body: &str| {
        judge("hook0", "s", &[("x-hook0-signature", signature), ("x-a", "1")], body).await
    };
    assert_eq!(hook0(&format!("t={NOW},h=x-a,v1={v1}"), "{}").await, Ok(()));
    assert_eq!(hook0(&format!("t={NOW},v0={v1}"), "x-a.1.{}").await, Err(Kind::MalformedSignature));
    for (body, judged) in [("", Ok(())), ("a text", Ok(())), ("a.text", Err(Kind::MalformedSignature))] {
        let v0 = hex(b"s", &format!("{NOW}.{body}"));
        assert_eq!(hook0(&format!("t={NOW},v0={v0}"), body).await, judged, "{body}");
    }

    // HubSpot's versions 1 and 2 share a header and a secret.
    let text = "POSThttps://example.com/webhook{}";
    let signature = HEXLOWER.encode(&Sha256::digest(format!("s{text}")));
    let headers = [("host", "example.com"), ("x-hubspot-signature", &*signature)];
    assert_eq!(judge("hubspot-v2", "s", &headers, "{}").await, Ok(()));
    assert_eq!(judge("hubspot-v1", "s", &headers, text).await, Err(Kind::MalformedSignature));
}
