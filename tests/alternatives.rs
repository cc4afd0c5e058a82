//! Providers whose documentation allows several headers, or several encodings, for the same delivery.
#![cfg(feature = "full")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use sha2::Sha256;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{
    Body, BoxError, Delivery, ManualClock, Rejection, RejectionKind, Secret, WebhookLayer, provider,
};

const NOW: u32 = 1_770_000_000;
const JSON: &str = r#"{"ref":"refs/heads/main","message":"a + b & c = ü"}"#;

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(text).finalize().into_bytes().to_vec()
}

fn hex(text: &str) -> String {
    HEXLOWER.encode(&mac(b"secret", text))
}

fn layer(provider: &str, secret: &str) -> WebhookLayer {
    let secret: Secret = secret.parse().unwrap();
    let verifier = provider::find(provider).unwrap().verifier(secret).unwrap();
    WebhookLayer::with_verifier(verifier).clock(ManualClock::at_unix(NOW))
}

fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Request<Full<Bytes>> {
    let mut request =
        Request::builder().method(method).uri(target).body(Full::from(body.to_owned())).unwrap();
    for (name, value) in headers {
        let name: http::HeaderName = name.parse().unwrap();
        request.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
    }
    request
}

fn post(headers: &[(&str, &str)], body: &str) -> Request<Full<Bytes>> {
    request("POST", "/", headers, body)
}

/// Returns the delivery and the body that the handler received.
async fn send(
    layer: &WebhookLayer,
    request: Request<Full<Bytes>>,
) -> Result<Option<(Delivery, Bytes)>, RejectionKind> {
    let service = layer.clone().layer(service_fn(async |request: Request<Body>| {
        let (head, body) = request.into_parts();
        let delivery = head.extensions.get::<Delivery>().cloned().ok_or("no delivery")?;
        let mut response = Response::new(Full::<Bytes>::default());
        response.extensions_mut().insert((delivery, body.collect().await?.to_bytes()));
        Ok::<_, BoxError>(response)
    }));
    let response = service.oneshot(request).await.unwrap();
    match response.extensions().get::<Rejection>() {
        Some(rejection) => Err(rejection.kind()),
        None => Ok(response.extensions().get().cloned()),
    }
}

async fn accepts(layer: &WebhookLayer, request: Request<Full<Bytes>>) -> Delivery {
    send(layer, request).await.unwrap().expect("a delivery that is not a duplicate").0
}

#[tokio::test]
async fn the_json_of_a_form_or_a_query_is_signed_and_is_the_payload() {
    let encoded = form_urlencoded(JSON);
    for (provider, prefix) in [("gitea", "x-gitea"), ("gogs", "x-gogs")] {
        let (signature, delivery, mac) =
            (format!("{prefix}-signature"), format!("{prefix}-delivery"), hex(JSON));
        let form = ("content-type", "application/x-www-form-urlencoded");
        let headers = |id| [(&*signature, &*mac), (&*delivery, id), form];
        let layer = layer(provider, "secret");
        let posted = post(&headers("1"), &format!("payload={encoded}"));
        let (delivery, body) = send(&layer, posted).await.unwrap().unwrap();
        assert_eq!((&*body, delivery.id()), (JSON.as_bytes(), Some("1")));
        assert_eq!(delivery.raw(), format!("payload={encoded}").as_bytes());
        let get = request("GET", &format!("/?a=b&payload={encoded}"), &headers("2"), "");
        assert_eq!(accepts(&layer, get).await.payload(), JSON.as_bytes());
        // Only the JSON is signed. The form's other parameters are not part of the payload.
        let more = post(&headers("3"), &format!("payload={encoded}&payload=x&admin=true"));
        assert_eq!(accepts(&layer, more).await.payload(), JSON.as_bytes());
        for body in ["payload=%7B%7D", "", "other=x"] {
            let rejected = send(&layer, post(&headers("4"), body)).await.err();
            assert_eq!(rejected, Some(RejectionKind::WrongSignature), "{provider}: {body}");
        }
    }
}

fn form_urlencoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        b' ' => "+".to_owned(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

const WHSEC: &str = "whsec_dGhlIHNlY3JldCBvZiB0aGUgdGVzdCEhISEh";

fn whsec_key() -> Vec<u8> {
    BASE64.decode(&WHSEC.as_bytes()["whsec_".len()..]).unwrap()
}

fn standard(prefix: &str, id: &str, key: &[u8], body: &str) -> Vec<(String, String)> {
    let signature = BASE64.encode(&mac(key, &format!("{id}.{NOW}.{body}")));
    vec![
        (format!("{prefix}-id"), id.to_owned()),
        (format!("{prefix}-timestamp"), NOW.to_string()),
        (format!("{prefix}-signature"), format!("v1,{signature}")),
    ]
}

fn borrowed(headers: &[(String, String)]) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (&**name, &**value)).collect()
}

#[tokio::test]
async fn svix_may_send_either_set_of_headers_and_no_unsigned_id() {
    let (key, layer) = (whsec_key(), layer("svix", WHSEC));
    for (prefix, other, id) in [("svix", "webhook", "msg_1"), ("webhook", "svix", "msg_2")] {
        let headers = standard(prefix, id, &key, "{}");
        assert_eq!(accepts(&layer, post(&borrowed(&headers), "{}")).await.id(), Some(id));
        // The signature does not cover an id in the other set of headers. That id is ignored, so the delivery is still
        // a duplicate.
        let mut replayed = headers.clone();
        replayed.push((format!("{other}-id"), "msg_forged".to_owned()));
        assert!(send(&layer, post(&borrowed(&replayed), "{}")).await.unwrap().is_none(), "{prefix}");
    }
    let mut mixed = standard("svix", "msg_3", &key, "{}");
    mixed.retain(|(name, _)| name != "svix-signature");
    mixed.push(("webhook-signature".to_owned(), standard("svix", "msg_3", &key, "{}")[2].1.clone()));
    assert_eq!(
        send(&layer, post(&borrowed(&mixed), "{}")).await.err(),
        Some(RejectionKind::MissingSignature)
    );
}

#[tokio::test]
async fn a_header_may_be_repeated_only_without_contradictions() {
    let layer = layer("stripe", "secret").without_dedupe();
    let signed = |at: u32| format!("t={at},v1={}", hex(&format!("{at}.{{}}")));
    let junk = format!("t={NOW},v1={}", "0".repeat(64));
    let (now, other) = (signed(NOW), signed(NOW + 1));
    for lines in [[&*junk, &*now], [&*now, &*junk], [&*now, &*now]] {
        let headers = lines.map(|line| ("stripe-signature", line));
        accepts(&layer, post(&headers, "{}")).await;
    }
    let headers = [("stripe-signature", &*other), ("stripe-signature", &*now)];
    assert_eq!(send(&layer, post(&headers, "{}")).await.err(), Some(RejectionKind::MalformedSignature));
}

#[tokio::test]
async fn a_group_of_fields_for_either_secret_suffices() {
    let layer = layer("persona", "secret").without_dedupe();
    let ours = format!("t={NOW},v1={}", hex(&format!("{NOW}.{{}}")));
    let theirs = format!("t={NOW},v1={}", "0".repeat(64));
    for value in [format!("{ours} {theirs}"), format!("{theirs} {ours}"), ours.clone()] {
        accepts(&layer, post(&[("persona-signature", &value)], "{}")).await;
    }
    let later = format!("t={},v1={}", NOW + 1, "0".repeat(64));
    let contradiction = format!("{later} {ours}");
    let rejected = send(&layer, post(&[("persona-signature", &contradiction)], "{}")).await.err();
    assert_eq!(rejected, Some(RejectionKind::MalformedSignature));
}

#[tokio::test]
async fn equal_values_of_a_header_count_once() {
    let layer = layer("standard-webhooks", WHSEC).without_dedupe();
    let headers = standard("webhook", "msg_1", &whsec_key(), "{}");
    let mut twice = headers.clone();
    twice.extend(headers.iter().filter(|(name, _)| name != "webhook-signature").cloned());
    accepts(&layer, post(&borrowed(&twice), "{}")).await;
    twice.push(("webhook-id".to_owned(), "msg_2".to_owned()));
    assert_eq!(
        send(&layer, post(&borrowed(&twice), "{}")).await.err(),
        Some(RejectionKind::MalformedSignature)
    );
}

#[tokio::test]
async fn a_byte_order_mark_before_json_is_ignored() {
    let body = format!("\u{feff}{}", r#"{"id":"evt_1","type":"a.b"}"#);
    let layer = layer("checkout", "secret");
    let delivery = accepts(&layer, post(&[("cko-signature", &hex(&body))], &body)).await;
    assert_eq!((delivery.id(), delivery.event_type()), (Some("evt_1"), Some("a.b")));
    let json: serde_json::Value = delivery.json().unwrap();
    assert_eq!(json["id"], "evt_1");
}

#[tokio::test]
async fn inngest_signs_the_canonical_form_which_is_the_payload() {
    let layer = layer("inngest", "signkey-test-12345678").without_dedupe();
    let signed = |json: &str| {
        let mac = HEXLOWER.encode(&mac(b"12345678", &format!("{json}{NOW}")));
        format!("t={NOW}&s={mac}")
    };
    let canonical = r#"{"a":1,"b":"<"}"#;
    let signature = signed(canonical);
    let headers = [("x-inngest-signature", &*signature)];
    for body in [canonical, r#"{"b":"\u003c", "a":1.0}"#] {
        let (delivery, handed_on) = send(&layer, post(&headers, body)).await.unwrap().unwrap();
        assert_eq!(
            (delivery.payload(), &*handed_on),
            (&Bytes::from(canonical), canonical.as_bytes()),
            "{body}"
        );
    }
    // Parsers differ on which of two equal keys they read, so the payload has only one of them.
    let twice = r#"{"a":2,"b":"<","a":1}"#;
    assert_eq!(accepts(&layer, post(&headers, twice)).await.payload(), canonical.as_bytes());
    for body in [r#"{"a":2,"b":"<"}"#, "", "no JSON"] {
        assert_eq!(
            send(&layer, post(&headers, body)).await.err(),
            Some(RejectionKind::WrongSignature),
            "{body}"
        );
    }
    // Text that is not JSON has no canonical form. Even the signature of an empty body must not match such text.
    let empty = signed("");
    let forged = post(&[("x-inngest-signature", &*empty)], "no JSON");
    assert_eq!(send(&layer, forged).await.err(), Some(RejectionKind::WrongSignature));
}

#[tokio::test]
async fn nowpayments_signs_sorted_keys() {
    let layer = layer("nowpayments", "secret").without_dedupe();
    let canonical = r#"{"actually_paid":1e-7,"fee":{"currency":"btc","depositFee":0.0000635},"order":"<é/🦀>","payment_status":"finished","price":25.5}"#;
    let mac = Hmac::<sha2::Sha512>::new_from_slice(b"secret").unwrap().chain_update(canonical);
    let signature = HEXLOWER.encode(&mac.finalize().into_bytes());
    let headers = [("x-nowpayments-sig", &*signature)];
    for body in [
        canonical,
        r#"{"price":25.50,"payment_status":"finished","order":"<é/🦀>","fee":{"depositFee":0.0000635,"currency":"btc"},"actually_paid":1e-7}"#,
        r#"{ "payment_status": "finished", "order": "\u003c\u00e9\/\ud83e\udd80>", "price": 25.5,
            "fee": {"depositFee": 6.35e-5, "currency": "btc"}, "actually_paid": 0.0000001 }"#,
    ] {
        let delivery = accepts(&layer, post(&headers, body)).await;
        assert_eq!(delivery.payload(), canonical.as_bytes(), "{body}");
        assert_eq!(delivery.event_type(), Some("finished"));
    }
    for body in [canonical.replace("25.5", "2.55"), canonical.replace("0.0000635", "\"0.0000635\"")] {
        let rejected = send(&layer, post(&headers, &body)).await.err();
        assert_eq!(rejected, Some(RejectionKind::WrongSignature), "{body}");
    }
}

#[tokio::test]
async fn hubspot_may_sign_the_url_with_some_escapes_decoded() {
    let layer = layer("hubspot-v3", "secret").public_url("https://app.example/hook").without_dedupe();
    let millis = format!("{NOW}000");
    let judge = async |target: &str, signed: &str| {
        let text = format!("POST{signed}{{}}{millis}");
        let signature = BASE64.encode(&mac(b"secret", &text));
        let headers = [("x-hubspot-signature-v3", &*signature), ("x-hubspot-request-timestamp", &*millis)];
        send(&layer, request("POST", target, &headers, "{}")).await.map(drop)
    };
    let (target, sent) = ("/hook?a=b%40c%2Cd&e=%26%3D", "https://app.example/hook?a=b%40c%2Cd&e=%26%3D");
    assert_eq!(judge(target, sent).await, Ok(()));
    assert_eq!(judge(target, "https://app.example/hook?a=b@c,d&e=%26%3D").await, Ok(()));
    // `&` and `=` separate parameters, so their escapes are not decoded.
    let decoded = "https://app.example/hook?a=b@c,d&e=&=";
    assert_eq!(judge(target, decoded).await, Err(RejectionKind::WrongSignature));
}

#[tokio::test]
async fn a_weaker_scheme_needs_its_own_constructor() {
    let token = [("x-buildkite-token", "secret")];
    assert!(send(&layer("buildkite-token", "secret"), post(&token, "{}")).await.is_ok());
    let rejected = send(&layer("buildkite", "secret"), post(&token, "{}")).await.err();
    assert_eq!(rejected, Some(RejectionKind::MissingSignature));
    let hash = [("verif-hash", "secret")];
    assert!(send(&layer("flutterwave", "secret"), post(&hash, "{}")).await.is_ok());
    let rejected = send(&layer("flutterwave-v4", "secret"), post(&hash, "{}")).await.err();
    assert_eq!(rejected, Some(RejectionKind::MissingSignature));
}

#[tokio::test]
async fn xero_gets_rejections_without_a_body() {
    let service = |layer: WebhookLayer| {
        layer.layer(service_fn(async |_: Request<Body>| {
            Ok::<_, BoxError>(Response::new(Full::<Bytes>::default()))
        }))
    };
    for (provider, header, is_empty) in
        [("xero", "x-xero-signature", true), ("shopify", "x-shopify-hmac-sha256", false)]
    {
        for layer in [layer(provider, "secret"), layer(provider, "secret").rejections_as_problem_json()] {
            let wrong = BASE64.encode(&[0; 32]);
            let response = service(layer).oneshot(post(&[(header, &wrong)], "{}")).await.unwrap();
            assert_eq!(response.status(), 401);
            assert_eq!(response.headers().contains_key("content-type"), !is_empty, "{provider}");
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(body.is_empty(), is_empty, "{provider}: {body:?}");
        }
    }
}

#[tokio::test]
async fn the_test_kit_signs_each_form_of_a_delivery() {
    let form = ("content-type", "application/x-www-form-urlencoded");
    let encoded = form_urlencoded(JSON);
    let posted = format!("payload={encoded}");
    let mailgun = "sender=a%40b.example&subject=hi";
    let compressed = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, JSON.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let mut gzipped = post(&[("content-encoding", "gzip")], "");
    *gzipped.body_mut() = Full::from(compressed);
    let whsec = [("webhook-signature", "-"), ("webhook-id", "msg_1")];
    for (provider, secret, request, payload) in [
        ("gitea", "secret", post(&[form], &posted), JSON),
        ("gitea", "secret", request("GET", &format!("/?{posted}"), &[], ""), JSON),
        ("gitea", "secret", post(&[], JSON), JSON),
        ("gogs", "secret", post(&[form], &posted), JSON),
        ("github", "secret", post(&[form], &posted), &posted),
        ("slack", "secret", post(&[form], &posted), &posted),
        ("getstream", "secret", gzipped, JSON),
        ("svix", WHSEC, post(&whsec, JSON), JSON),
        ("svix", WHSEC, post(&[], JSON), JSON),
        ("shopify", "secret", post(&[("shopify-hmac-sha256", "-")], JSON), JSON),
        ("sentry", "secret", post(&[("sentry-app-signature", "-")], JSON), JSON),
        ("intercom", "secret", post(&[("x-body-signature", "-")], JSON), JSON),
        ("quicknode", "secret", post(&[], JSON), JSON),
        ("bigcommerce", "secret", post(&[], JSON), JSON),
        ("surge", WHSEC, post(&[("surge-signature", "-")], JSON), JSON),
        ("inngest", "signkey-test-12345678", post(&[], r#"{"b":"\u003c", "a":1.0}"#), r#"{"a":1,"b":"<"}"#),
    ] {
        let (head, body) = request.into_parts();
        let request = Request::from_parts(head, body.collect().await.unwrap().to_bytes());
        let text: Secret = secret.parse().unwrap();
        let verifier = provider::find(provider).unwrap().verifier(text).unwrap();
        let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(NOW.into());
        let signed = tower_webhook::testing::sign_at(&verifier, request, at).unwrap().map(Full::new);
        let headers = format!("{:?}", signed.headers());
        let delivery = send(&layer(provider, secret), signed).await;
        let delivery = delivery.unwrap_or_else(|kind| panic!("{provider}: {kind} {headers}")).unwrap().0;
        assert_eq!(delivery.payload(), payload.as_bytes(), "{provider}");
    }
    let text: Secret = "secret".parse().unwrap();
    let verifier = provider::mailgun(text);
    let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(NOW.into());
    let request = Request::post("/").header(form.0, form.1).body(mailgun).unwrap();
    let signed = tower_webhook::testing::sign_at(&verifier, request, at).unwrap().map(Full::new);
    assert!(accepts(&layer("mailgun", "secret"), signed).await.id().is_some());
}

#[tokio::test]
async fn a_mailgun_route_may_forward_a_message_as_multipart() {
    let token = "a".repeat(50);
    let signature = hex(&format!("{NOW}{token}"));
    let now = NOW.to_string();
    let body = |signature: &str| {
        let part = |(name, value): (&str, &str)| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let fields =
            [("sender", "a@b.example"), ("timestamp", &*now), ("token", &token), ("signature", signature)];
        format!("{}--b--\r\n", fields.map(part).concat())
    };
    let layer = layer("mailgun", "secret");
    let headers = [("content-type", "multipart/form-data; boundary=b")];
    let delivery = accepts(&layer, post(&headers, &body(&signature))).await;
    assert_eq!(delivery.id(), Some(&*format!("{NOW}{token}")));
    let wrong = send(&layer, post(&headers, &body(&hex("")))).await.err();
    assert_eq!(wrong, Some(RejectionKind::WrongSignature));
}

#[tokio::test]
async fn json_from_a_form_is_described_as_json() {
    let form = "application/x-www-form-urlencoded";
    let body = format!("payload={}", form_urlencoded(JSON));
    let mac = hex(JSON);
    let headers =
        [("x-gitea-signature", &*mac), ("content-type", form), ("content-length", &*body.len().to_string())];
    let service = layer("gitea", "secret").layer(service_fn(async |request: Request<Body>| {
        let header = |name| request.headers()[name].to_str().unwrap().to_owned();
        let described = format!("{} {}", header("content-type"), header("content-length"));
        Ok::<_, BoxError>(Response::new(Full::<Bytes>::from(described)))
    }));
    let response = service.oneshot(post(&headers, &body)).await.unwrap();
    let described = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(described, format!("application/json {}", JSON.len()));
}

#[tokio::test]
async fn an_attempt_under_another_scheme_is_a_duplicate() {
    let layer = layer("surge", WHSEC);
    let body = r#"{"id":"evt_1","type":"message.received"}"#;
    let first = standard("webhook", "attempt_1", &whsec_key(), body);
    assert_eq!(accepts(&layer, post(&borrowed(&first), body)).await.id(), Some("evt_1"));
    let second = standard("webhook", "attempt_2", WHSEC.as_bytes(), body);
    assert!(send(&layer, post(&borrowed(&second), body)).await.unwrap().is_none());
    let signature =
        format!("t={NOW},v1={}", HEXLOWER.encode(&mac(WHSEC.as_bytes(), &format!("{NOW}.{body}"))));
    let older = [("surge-signature", &*signature), ("webhook-id", "forged")];
    assert!(send(&layer, post(&older, body)).await.unwrap().is_none());
    // The id in the header is not signed. If the body has no id either, the delivery has none.
    let signature = format!("t={NOW},v1={}", HEXLOWER.encode(&mac(WHSEC.as_bytes(), &format!("{NOW}.{{}}"))));
    let older = [("surge-signature", &*signature), ("webhook-id", "forged")];
    assert_eq!(accepts(&layer, post(&older, "{}")).await.id(), None);
}

#[tokio::test]
async fn more_than_32_groups_are_rejected() {
    let group = format!("t={NOW},v1={}", "0".repeat(64));
    let many: Vec<String> = (0..40).map(|n| group.replace("00", &format!("{n:02}"))).collect();
    let value = many.join(" ");
    let rejected =
        send(&layer("persona", "secret"), post(&[("persona-signature", &value)], "{}")).await.err();
    assert_eq!(rejected, Some(RejectionKind::MalformedSignature));
}

#[test]
fn base64url_of_the_body_needs_a_separator_of_its_own() {
    use tower_webhook::verify::{Encoding, Scheme};
    let scheme = |template: &str| {
        let scheme = Scheme::hmac_sha256("x-sig", Encoding::Hex).signs(template);
        scheme.verifier("acme", "secret".parse::<Secret>().unwrap()).map(drop)
    };
    assert!(scheme("{base64url:body}{header:x-a}").is_err());
    scheme("{base64url:body}.{header:x-a}").unwrap();
    scheme("{header:x-a}.{base64url:body}").unwrap();
}

#[tokio::test]
async fn easypost_may_sign_the_time_the_method_and_the_path() {
    let layer = layer("easypost-v2", "secret").without_dedupe();
    // 1770000000, as an RFC 2822 date.
    let date = "Mon, 02 Feb 2026 02:40:00 -0000";
    let judge = async |signed: &str, path: &str, body: &str| {
        let signature = format!("hmac-sha256-hex={}", hex(signed));
        let headers = [("x-hmac-signature-v2", &*signature), ("x-timestamp", date), ("x-path", path)];
        send(&layer, post(&headers, body)).await.map(drop)
    };
    let signed = format!("{date}POST/hook?a=b{{}}");
    assert_eq!(judge(&signed, "/hook?a=b", "{}").await, Ok(()));
    assert_eq!(judge(&signed, "/hook", "{}").await, Err(RejectionKind::WrongSignature));
    // No byte can be moved between the path and the body.
    for (path, body) in [("/hook?a=b{", "}"), ("/hook?a=", "b{}"), ("hook?a=b", "{}"), ("", "/hook?a=b{}")] {
        assert_eq!(judge(&signed, path, body).await, Err(RejectionKind::MalformedSignature), "{path} {body}");
    }
}
