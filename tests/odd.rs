//! Providers with their own signing schemes: properties that their known answers do not cover.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{
    Body, BoxError, Delivery, ManualClock, Rejection,
    RejectionKind::{self, MalformedSignature, MissingSignature, WrongSignature},
    Secret, WebhookLayer, provider,
    verify::Verifier,
};

const NOW: u32 = 1_700_000_000;
const URL: &str = "https://hooks.example/in";

fn hmac_sha1(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn hmac_sha256(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn hex(text: &str) -> String {
    HEXLOWER.encode(&hmac_sha256(b"secret", text.as_bytes()))
}

fn layer(id: &str) -> WebhookLayer {
    layer_with(id, "secret".parse().unwrap())
}

fn layer_with(id: &str, secret: Secret) -> WebhookLayer {
    let layer = WebhookLayer::with_verifier(provider::find(id).unwrap().verifier(secret).unwrap());
    layer.clock(ManualClock::at_unix(NOW))
}

fn post(url: &str, headers: &[(&str, &str)], body: &str) -> Request<Full<Bytes>> {
    let request = Request::post(url);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(Full::from(body.to_owned())).unwrap()
}

/// The facts about an accepted request that the handler sees.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    id: Option<String>,
    event_type: Option<String>,
    deduped: bool,
}

async fn answer(layer: &WebhookLayer, request: Request<Full<Bytes>>) -> Response<Bytes> {
    let service = layer.layer(service_fn(async |request: Request<Body>| {
        let delivery = request.extensions().get::<Delivery>().unwrap();
        let seen = Seen {
            id: delivery.id().map(str::to_owned),
            event_type: delivery.event_type().map(str::to_owned),
            deduped: delivery.is_deduped(),
        };
        let mut response = Response::new(Full::<Bytes>::default());
        response.extensions_mut().insert(seen);
        Ok::<_, BoxError>(response)
    }));
    let (head, body) = service.oneshot(request).await.unwrap().into_parts();
    Response::from_parts(head, body.collect().await.unwrap().to_bytes())
}

async fn send(layer: &WebhookLayer, request: Request<Full<Bytes>>) -> Result<Seen, RejectionKind> {
    let response = answer(layer, request).await;
    match response.extensions().get::<Rejection>() {
        Some(rejection) => Err(rejection.kind()),
        None => Ok(response.extensions().get::<Seen>().expect("the handler ran").clone()),
    }
}

fn twilio(signed: &str, url: &str, body: &str) -> Request<Full<Bytes>> {
    let signature = BASE64.encode(&hmac_sha1(b"secret", signed.as_bytes()));
    post(url, &[("x-twilio-signature", &signature), ("i-twilio-idempotency-token", "token-1")], body)
}

#[tokio::test]
async fn twilio_signs_each_pair_of_name_and_value_once_and_in_order() {
    let layer = layer("twilio").without_dedupe();
    let signed = format!("{URL}A0B1B2C");
    for body in ["B=2&A=0&B=1&C=", "C&B=1&B=2&B=1&A=0"] {
        assert!(send(&layer, twilio(&signed, URL, body)).await.is_ok(), "{body}");
    }
    assert_eq!(send(&layer, twilio(&signed, URL, "B=2&A=0&C=")).await, Err(WrongSignature));
}

#[tokio::test]
async fn twilios_digest_of_the_body_must_be_in_the_signed_url() {
    let body = r#"{"a":1}"#;
    let digest = HEXLOWER.encode(&Sha256::digest(body));
    let url = format!("{URL}?bodySHA256={digest}");
    let layer = layer("twilio").without_dedupe();
    assert!(send(&layer, twilio(&url, &url, body)).await.is_ok());
    assert_eq!(send(&layer, twilio(&url, &url, r#"{"a":2}"#)).await, Err(WrongSignature));
    // With two digests, it is ambiguous which one must match the body.
    let two = format!("{url}&bodySHA256={}", "0".repeat(64));
    assert_eq!(send(&layer, twilio(&two, &two, body)).await, Err(MalformedSignature));
    let equal = format!("{url}&bodySHA256={digest}");
    assert!(send(&layer, twilio(&equal, &equal, body)).await.is_ok());
    // A captured signature that covers only the configured URL, such as the signature of a `GET`, does not cover a
    // digest that is added to the called URL.
    let configured = "https://public.example/in?tenant=7";
    let layer = layer.public_url(configured);
    let called = format!("{URL}?tenant=7");
    assert!(send(&layer, twilio(configured, &called, "")).await.is_ok());
    let (with_digest, called) =
        (format!("{configured}&bodySHA256={digest}"), format!("{called}&bodySHA256={digest}"));
    assert!(send(&layer, twilio(&with_digest, &called, body)).await.is_ok());
    assert_eq!(send(&layer, twilio(configured, &called, body)).await, Err(WrongSignature));
    assert_eq!(send(&layer, twilio(configured, &url, body)).await, Err(WrongSignature));
}

#[tokio::test]
async fn a_field_of_a_twilio_form_is_not_accepted_as_the_digest_of_a_body() {
    let layer = layer("twilio").without_dedupe();
    let forged = r#"{"paid":true}"#;
    let digest = HEXLOWER.encode(&Sha256::digest(forged));
    let account = format!("AC{}", "0".repeat(32));
    let text = format!("&bodySHA256={digest}&x=");
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("AccountSid", &*account), ("Body", &text), ("From", "1")])
        .finish();
    let url = format!("{URL}?a=1");
    let signed = format!("{url}AccountSid{account}Body{text}From1");
    assert!(send(&layer, twilio(&signed, &url, &form)).await.is_ok());
    // The same signed text, sent as a URL with a digest.
    assert_eq!(send(&layer, twilio(&signed, &signed, forged)).await, Err(MalformedSignature));
    // Parameters may follow a digest that Twilio added.
    let url = format!("{URL}?a=1&bodySHA256={digest}&AccountSid={account}");
    assert!(send(&layer, twilio(&url, &url, forged)).await.is_ok());
}

#[tokio::test]
async fn a_query_that_differs_from_the_configured_urls_is_rejected() {
    let layer = layer("twilio").without_dedupe().public_url("https://public.example/in?tenant=1");
    let signed = "https://public.example/in?tenant=1A0";
    assert!(send(&layer, twilio(signed, "/in?tenant=1", "A=0")).await.is_ok());
    for query in ["?tenant=2", "?tenant=11", "?", "", "?a=b&tenant=1", "?tenant=1&tenant=2"] {
        let request = twilio(signed, &format!("/in{query}"), "A=0");
        assert_eq!(send(&layer, request).await, Err(WrongSignature), "{query}");
    }
}

async fn is_duplicate(layer: &WebhookLayer, request: Request<Full<Bytes>>) -> bool {
    let response = answer(layer, request).await;
    assert_eq!(response.status(), StatusCode::OK);
    response.headers().contains_key("x-webhook-duplicate")
}

#[tokio::test]
async fn a_mandrill_form_in_another_encoding_is_the_same_delivery() {
    let layer = layer("mandrill");
    let events = r#"[{"event":"send","_id":"1"}]"#;
    let signature = BASE64.encode(&hmac_sha1(b"secret", format!("{URL}mandrill_events{events}").as_bytes()));
    let headers = [("x-mandrill-signature", &*signature)];
    let plain =
        form_urlencoded::Serializer::new(String::new()).append_pair("mandrill_events", events).finish();
    assert!(!is_duplicate(&layer, post(URL, &headers, &plain)).await);
    for other in [
        plain.clone(),
        plain.replace("%22", "\""),
        plain.replace("mandrill", "%6dandrill"),
        format!("&{plain}"),
        format!("{plain}&"),
        format!("{plain}&{plain}"),
    ] {
        assert!(is_duplicate(&layer, post(URL, &headers, &other)).await, "{other}");
    }
}

#[tokio::test]
async fn the_replay_guard_recognizes_a_form_that_is_split_in_other_places() {
    let layer = layer("twilio").replay_guard();
    let signature = BASE64.encode(&hmac_sha1(b"secret", format!("{URL}Bodypay 10FromX").as_bytes()));
    let sent = |id: &str, body: &str| {
        post(URL, &[("x-twilio-signature", &signature), ("i-twilio-idempotency-token", id)], body)
    };
    assert!(!is_duplicate(&layer, sent("1", "Body=pay+10&From=X")).await);
    for (id, body) in [("2", "Body=pay+10F&romX"), ("3", "%42ody=pay+10&From=X"), ("4", "Bod=ypay+10F&romX")]
    {
        assert!(is_duplicate(&layer, sent(id, body)).await, "{body}");
    }
}

#[test]
fn a_form_that_can_be_split_in_other_places_is_not_covered_in_the_profile() {
    let profile = |id: &str| {
        let secret: Secret = "secret".parse().unwrap();
        provider::find(id).unwrap().verifier(secret).unwrap().profile().clone()
    };
    for id in ["twilio", "mandrill", "plivo-v1", "plivo-v2", "plivo-v3", "braintree", "vonage-params"] {
        assert!(!profile(id).body_signed(), "{id}");
    }
    for id in ["plivo-v1", "plivo-v2", "plivo-v3"] {
        assert!(!profile(id).event_type_signed(), "{id}");
    }
}

#[tokio::test]
async fn a_digit_moved_to_plivos_nonce_does_not_change_the_id() {
    let layer = layer("plivo-v2");
    let signature = BASE64.encode(&hmac_sha256(b"secret", b"https://hooks.example/plivo/acme123"));
    let sent = |path: &str, nonce: &str| {
        let headers = [
            ("host", "hooks.example"),
            ("x-plivo-signature-v2", &*signature),
            ("x-plivo-signature-v2-nonce", nonce),
        ];
        post(path, &headers, "a=1")
    };
    let seen = send(&layer, sent("/plivo/acme?unsigned", "123")).await.unwrap();
    assert_eq!(seen.id.as_deref(), Some("https://hooks.example/plivo/acme123"));
    for (path, nonce) in [("/plivo/acme", "123"), ("/plivo/acme1", "23"), ("/plivo/acme12", "3")] {
        assert!(is_duplicate(&layer, sent(path, nonce)).await, "{path}");
    }
    for (path, nonce) in [("/plivo/acm", "e123"), ("/plivo/ac", "me123"), ("/", "plivo/acme123")] {
        assert_eq!(send(&layer, sent(path, nonce)).await, Err(MalformedSignature), "{path}");
    }
}

/// Plivo signs the configured URL, which may lack a path; a request always has one.
#[tokio::test]
async fn a_digit_moved_from_the_host_to_plivos_nonce_does_not_change_the_id() {
    let layer = layer("plivo-v2");
    let signature = BASE64.encode(&hmac_sha256(b"secret", b"https://hooks.example:8443123"));
    let sent = |host: &str, nonce: &str| {
        let headers =
            [("host", host), ("x-plivo-signature-v2", &*signature), ("x-plivo-signature-v2-nonce", nonce)];
        post("/", &headers, "a=1")
    };
    let seen = send(&layer, sent("hooks.example:8443", "123")).await.unwrap();
    assert_eq!(seen.id.as_deref(), Some("https://hooks.example:8443123"));
    assert!(is_duplicate(&layer, sent("hooks.example:844", "3123")).await);
}

#[tokio::test]
async fn a_separator_in_vonages_id_does_not_change_the_id() {
    let layer = layer("vonage-params");
    let sig = hex("&messageId=m_1&status=a_b&timestamp=1700000000");
    let sent = |id: &str, status: &str| {
        post(URL, &[], &format!("messageId={id}&status={status}&timestamp=1700000000&sig={sig}"))
    };
    let seen = send(&layer, sent("m_1", "a_b")).await.unwrap();
    assert_eq!(seen.id.as_deref(), Some("m_1:a_b"));
    for (id, status) in [("m%261", "a_b"), ("m%3D1", "a_b"), ("m_1", "a%26b")] {
        assert!(is_duplicate(&layer, sent(id, status)).await, "{id} {status}");
    }
}

#[tokio::test]
async fn twilio_is_verified_with_the_configured_url() {
    let layer = layer("twilio").public_url("https://user:pass@public.example/in");
    let request =
        twilio("https://user:pass@public.example:443/in?q=1A0", "http://10.0.0.7:8080/in?q=1", "A=0");
    assert!(send(&layer, request).await.is_ok());
}

#[tokio::test]
async fn vonages_json_is_signed_like_its_parameters() {
    let layer = layer("vonage-params").without_dedupe();
    let sig = hex("&concat=true&messageId=m1&n=7&text=a_b_c&timestamp=1700000000");
    let body = format!(
        r#" {{"text":"a&b=c","messageId":"m1","n":7,"concat":true,"timestamp":"1700000000","sig":"{sig}"}}"#
    );
    assert_eq!(send(&layer, post(URL, &[], &body)).await.unwrap().id.as_deref(), Some("m1"));
    assert_eq!(send(&layer, post(URL, &[], &body.replace(":7", ":8"))).await, Err(WrongSignature));
    for malformed in [
        body.replace(":7", ":[7]"),
        body.replace(":7", ":null"),
        body.replace(":7", r#":7,"n":8"#),
        body.replace('}', ""),
    ] {
        assert_eq!(send(&layer, post(URL, &[], &malformed)).await, Err(MalformedSignature), "{malformed}");
    }
}

#[tokio::test]
async fn vonages_parameters_cannot_be_recombined() {
    let layer = layer("vonage-params").without_dedupe();
    let sig = hex("&a=1&b=2&timestamp=1700000000");
    assert!(send(&layer, post(URL, &[], &format!("a=1&b=2&timestamp=1700000000&sig={sig}"))).await.is_ok());
    for body in
        ["a%3D1%26b=2&timestamp=1700000000", "a=1&b%3D2&timestamp=1700000000", "a=1&a=2&b=2&timestamp=1"]
    {
        let request = post(URL, &[], &format!("{body}&sig={sig}"));
        assert_eq!(send(&layer, request).await, Err(MalformedSignature), "{body}");
    }
    // A signed query does not cover a body.
    let url = format!("{URL}?a=1&b=2&timestamp=1700000000&sig={sig}");
    assert!(send(&layer, post(&url, &[], "")).await.is_ok());
    assert_eq!(send(&layer, post(&url, &[], "a=1")).await, Err(WrongSignature));
    assert_eq!(send(&layer, post(&format!("{url}&a=2"), &[], "")).await, Err(MalformedSignature));
    // A signed query without a timestamp is rejected.
    let url = format!("{URL}?a=1&sig={}", hex("&a=1"));
    assert_eq!(send(&layer, post(&url, &[], "")).await, Err(MissingSignature));
}

#[tokio::test]
async fn vonages_receipts_for_one_message_are_separate_deliveries() {
    let layer = layer("vonage-params");
    for status in ["accepted", "delivered"] {
        let sig = hex(&format!("&messageId=m1&status={status}&timestamp=1700000000"));
        let body = format!("messageId=m1&status={status}&timestamp=1700000000&sig={sig}");
        let seen = send(&layer, post(URL, &[], &body)).await.unwrap();
        assert_eq!(seen.id.unwrap(), format!("m1:{status}"));
        assert!(seen.deduped);
    }
}

fn adyen_item(reference: &str, more: &str) -> String {
    adyen_event("CAPTURE", reference, more)
}

fn adyen_event(event: &str, reference: &str, more: &str) -> String {
    let signed = format!("{reference}::Merchant:order:1000:EUR:{event}:true");
    let signature = BASE64.encode(&hmac_sha256(&[0xab; 32], signed.as_bytes()));
    format!(
        r#"{{"NotificationRequestItem":{{"pspReference":"{reference}","merchantAccountCode":"Merchant",
        "merchantReference":"order","amount":{{"value":1000,"currency":"EUR"}},"eventCode":"{event}",
        "success":"true","additionalData":{{"hmacSignature":"{signature}"}}{more}}}}}"#
    )
}

fn adyen_body(items: &[String]) -> String {
    format!(r#"{{"live":"false","notificationItems":[{}]}}"#, items.join(","))
}

#[tokio::test]
async fn an_adyen_item_must_be_signed_and_provides_the_id() {
    let layer = layer_with("adyen-standard", "ab".repeat(32).parse().unwrap());
    let sent = async |items: &[String]| send(&layer, post(URL, &[], &adyen_body(items))).await;
    let item = adyen_item("P2", r#","reason":"anything""#);
    let seen = sent(std::slice::from_ref(&item)).await.unwrap();
    assert_eq!(seen.id.as_deref(), Some("CAPTURE:P2:true:Merchant"));
    assert_eq!(seen.event_type.as_deref(), Some("CAPTURE"));
    // Several reports have the same file name, so it is not an id.
    assert_eq!(sent(&[adyen_event("REPORT_AVAILABLE", "report.csv", "")]).await.unwrap().id, None);
    assert_eq!(sent(&[item.replace("P2", "P3")]).await, Err(WrongSignature));
    assert_eq!(sent(&[item.replace("hmacS", "s")]).await, Err(MissingSignature));
    assert_eq!(sent(&[]).await, Err(MissingSignature));
    // With two references, the handler might read the one that is not signed.
    assert_eq!(sent(&[adyen_item("P1", r#","pspReference":"P9""#)]).await, Err(MalformedSignature));
    let both = adyen_body(&[item]).replace(r#""live""#, r#""notificationItems":[],"live""#);
    assert_eq!(send(&layer, post(URL, &[], &both)).await, Err(MalformedSignature));
}

#[tokio::test]
async fn captured_adyen_items_cannot_be_repeated_or_combined() {
    let layer = layer_with("adyen-standard", "ab".repeat(32).parse().unwrap());
    let [a, b, report] =
        [adyen_item("A", ""), adyen_item("B", ""), adyen_event("REPORT_AVAILABLE", "report.csv", "")];
    for items in [vec![&a, &a], vec![&a, &b], vec![&b, &a], vec![&a, &b, &a], vec![&a, &report], vec![&a; 33]]
    {
        let items: Vec<_> = items.into_iter().cloned().collect();
        assert_eq!(send(&layer, post(URL, &[], &adyen_body(&items))).await, Err(MalformedSignature));
    }
}

/// Replaces the object at `pointer` with an array of its values, in the order of `fields`.
fn with_array(body: &str, pointer: &str, fields: &[&str]) -> String {
    let mut body: serde_json::Value = serde_json::from_str(body).unwrap();
    let object = body.pointer_mut(pointer).unwrap();
    *object = fields.iter().map(|field| object[*field].take()).collect();
    body.to_string()
}

#[tokio::test]
async fn signed_fields_are_not_read_from_arrays() {
    const ITEM: [&str; 8] = [
        "pspReference",
        "originalReference",
        "merchantAccountCode",
        "merchantReference",
        "amount",
        "eventCode",
        "success",
        "additionalData",
    ];
    const WRAPPED: &str = "/notificationItems/0/NotificationRequestItem";
    let adyen = adyen_body(&[adyen_item("P1", "")]);
    let bare =
        serde_json::from_str::<serde_json::Value>(&adyen).unwrap().pointer(WRAPPED).unwrap().to_string();
    let mailgun = format!(
        r#"{{"signature":{{"timestamp":"1700000000","token":"ab","signature":"{}"}},"event-data":{{}}}}"#,
        hex("1700000000ab"),
    );
    let sign = format!(
        r#"{{"event":{{"event_time":"1700000000","event_type":"sent","event_hash":"{}"}}}}"#,
        hex("1700000000sent"),
    );
    let graph = r#"{"value":[{"clientState":"secret"}]}"#;
    let places: [(&str, &str, &str, &[&str]); 12] = [
        ("adyen-standard", &adyen, "", &["notificationItems"]),
        ("adyen-standard", &adyen, "/notificationItems/0", &["NotificationRequestItem"]),
        ("adyen-standard", &adyen, WRAPPED, &ITEM),
        ("adyen-standard", &adyen, &format!("{WRAPPED}/amount"), &["value", "currency"]),
        ("adyen-standard", &adyen, &format!("{WRAPPED}/additionalData"), &["hmacSignature"]),
        ("adyen-standard", &bare, "", &ITEM),
        ("mailgun", &mailgun, "", &["signature"]),
        ("mailgun", &mailgun, "/signature", &["timestamp", "token", "signature"]),
        ("dropbox-sign", &sign, "/event", &["event_time", "event_type", "event_hash"]),
        ("dropbox-sign", &sign, "", &["event"]),
        ("ms-graph", graph, "", &["value"]),
        ("ms-graph", graph, "/value/0", &["clientState"]),
    ];
    for (id, body, pointer, fields) in places {
        let secret = if id.starts_with("adyen") { "ab".repeat(32) } else { "secret".to_owned() };
        let layer = layer_with(id, secret.parse().unwrap());
        assert!(send(&layer, post(URL, &[], body)).await.is_ok(), "{id}");
        let array = with_array(body, pointer, fields);
        // Dropbox Sign also sends the JSON in a form's field.
        let form = form_urlencoded::Serializer::new(String::new()).append_pair("json", &array).finish();
        for body in [&array, &form] {
            assert!(send(&layer, post(URL, &[], body)).await.is_err(), "{id} {body}");
        }
    }
}

#[tokio::test]
async fn adyens_fields_can_be_split_in_only_one_way() {
    let layer = layer_with("adyen-standard", "ab".repeat(32).parse().unwrap());
    // The merchant's reference contains a colon.
    let text = "P1::Shop:order:9:1999:EUR:CAPTURE:true";
    let signature = BASE64.encode(&hmac_sha256(&[0xab; 32], text.as_bytes()));
    let item = |[reference, original, account, merchant, value, currency]: [&str; 6]| {
        serde_json::json!({"pspReference": reference, "originalReference": original, "merchantAccountCode": account,
            "merchantReference": merchant, "amount": {"value": value, "currency": currency},
            "eventCode": "CAPTURE", "success": "true", "additionalData": {"hmacSignature": signature}})
        .to_string()
    };
    let sent = async |fields| send(&layer, post(URL, &[], &item(fields))).await;
    let id = sent(["P1", "", "Shop", "order:9", "1999", "EUR"]).await.unwrap().id;
    assert_eq!(id.as_deref(), Some("CAPTURE:P1:true:Shop"));
    for fields in [
        ["P1", "", "Shop", "order", "9", "1999:EUR"],
        ["P1", "", "Shop", "order", "9:1999", "EUR"],
        ["P1:", "Shop", "order", "9", "1999", "EUR"],
        ["P1", ":Shop", "order", "9", "1999", "EUR"],
        ["P1", "", "Shop:order", "9", "1999", "EUR"],
    ] {
        assert_eq!(sent(fields).await, Err(MalformedSignature), "{fields:?}");
    }
}

#[tokio::test]
async fn mailguns_timestamp_and_token_can_be_split_in_only_one_way() {
    let layer = layer("mailgun");
    let body = |timestamp: &str, token: &str| {
        let signature = hex("170000000012ab");
        format!(
            r#"{{"signature":{{"timestamp":"{timestamp}","token":"{token}","signature":"{signature}"}},"event-data":{{"event":"opened"}}}}"#
        )
    };
    let seen = send(&layer, post(URL, &[], &body("1700000000", "12ab"))).await.unwrap();
    assert_eq!(seen.event_type.as_deref(), Some("opened"));
    let again = answer(&layer, post(URL, &[], &body("1700000000", "12ab"))).await;
    assert_eq!(again.headers()["x-webhook-duplicate"], "true");
    for (timestamp, token) in [("17000000001", "2ab"), ("170000000", "012ab"), ("", "170000000012ab")] {
        assert_eq!(send(&layer, post(URL, &[], &body(timestamp, token))).await, Err(MalformedSignature));
    }
}

#[tokio::test]
async fn contentfuls_headers_can_be_split_in_only_one_way() {
    let names = "x-contentful-signed-headers,x-contentful-timestamp,x-one,x-two";
    let text = format!(
        "POST\n/in\nx-contentful-signed-headers:{names};x-contentful-timestamp:{NOW}000;x-one:1;x-two:2;x-two:3\n{{}}"
    );
    let signature = hex(&text);
    let sent = async |one: &str, two: &str| {
        let timestamp = format!("{NOW}000");
        let headers = [
            ("x-contentful-signature", &*signature),
            ("x-contentful-signed-headers", names),
            ("x-contentful-timestamp", &timestamp),
            ("x-one", one),
            ("x-two", two),
        ];
        send(&layer("contentful"), post(URL, &headers, "{}")).await
    };
    assert_eq!(sent("1", "2;x-two:3").await, Err(MalformedSignature));
    assert_eq!(sent("1;x-two:2", "3").await, Err(MalformedSignature));
    assert_eq!(sent("1", "2; x-two:3").await, Err(WrongSignature));
}

fn dropbox_json(kind: &str) -> String {
    let hash = hex(&format!("1700000000{kind}"));
    format!(r#"{{"event":{{"event_time":"1700000000","event_type":"{kind}","event_hash":"{hash}"}}}}"#)
}

#[tokio::test]
async fn dropbox_signs_endpoint_test_is_answered_after_verification() {
    let layer = layer("dropbox-sign");
    let form = |json: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"json\"\r\n\r\n{json}\r\n--b--\r\n")
    };
    let test = form(&dropbox_json("callback_test"));
    let response = answer(&layer, post(URL, &[], &test)).await;
    assert_eq!((response.status(), &response.body()[..]), (StatusCode::OK, &b"Hello API Event Received"[..]));
    let forged = test.replace("1700000000", "1700000001");
    assert_eq!(send(&layer, post(URL, &[], &forged)).await, Err(WrongSignature));
    let seen = send(&layer, post(URL, &[], &form(&dropbox_json("signature_request_sent")))).await.unwrap();
    assert_eq!(seen.event_type.as_deref(), Some("signature_request_sent"));
    // `json` decodes the form's field, not the form.
    let typed = layer.clone().json::<serde_json::Value>();
    assert!(send(&typed, post(URL, &[], &form(&dropbox_json("signature_request_sent")))).await.is_ok());
    // With two fields, the handler might read the one that is not signed.
    let json = dropbox_json("signature_request_sent");
    let twice = format!("json={json}&json=%7B%7D");
    assert_eq!(send(&layer, post(URL, &[], &twice)).await, Err(MalformedSignature));
}

#[tokio::test]
async fn braintrees_kind_is_the_event_type_and_a_challenge_is_not_a_notification() {
    let secret: Secret = "integration_private_key".parse().unwrap();
    let secret = secret.with_key_id("integration_public_key");
    let layer = layer_with("braintree", secret);
    let payload = BASE64.encode(b"<notification><kind>check</kind></notification>");
    let key = sha1::Sha1::digest("integration_private_key");
    let tag = HEXLOWER.encode(&hmac_sha1(&key, payload.as_bytes()));
    let body = |signature: &str| {
        form_urlencoded::Serializer::new(String::new())
            .append_pair("bt_signature", signature)
            .append_pair("bt_payload", &payload)
            .finish()
    };
    let signature = format!("other|00&integration_public_key|{tag}");
    let seen = send(&layer, post(URL, &[], &body(&signature))).await.unwrap();
    assert_eq!(seen.event_type.as_deref(), Some("check"));
    // Other fields are not signed, so adding one does not make the request a new delivery.
    assert!(is_duplicate(&layer, post(URL, &[], &format!("{}&a=b", body(&signature)))).await);
    assert_eq!(send(&layer, post(URL, &[], &body(&format!("other|{tag}")))).await, Err(WrongSignature));
    assert_eq!(send(&layer, post(URL, &[], "bt_payload=x")).await, Err(MissingSignature));

    let challenge = "20f9f8ed05f77439fe955c977e4c8a53";
    let mut request = post(&format!("{URL}?bt_challenge={challenge}"), &[], "");
    *request.method_mut() = Method::GET;
    let response = answer(&layer, request).await;
    let signed = std::str::from_utf8(response.body()).unwrap().to_owned();
    assert_eq!(signed, "integration_public_key|d9b899556c966b3f06945ec21311865d35df3ce4");
    // The handshake signs challenges of any client, so a signed challenge is not accepted as a notification.
    let replay = format!("bt_signature={}&bt_payload={challenge}", signed.replace('|', "%7C"));
    assert_eq!(send(&layer, post(URL, &[], &replay)).await, Err(WrongSignature));
}

#[tokio::test]
async fn mercado_pagos_ids_cannot_contain_separators() {
    let layer = layer("mercadopago").without_dedupe();
    let v1 = hex("id:7;request-id:r1;ts:1700000000;");
    let signature = format!("ts=1700000000,v1={v1}");
    let headers = [("x-signature", &*signature), ("x-request-id", "r1")];
    let seen = send(&layer, post(&format!("{URL}?data.id=7"), &headers, "{}")).await.unwrap();
    assert_eq!(seen.id.as_deref(), Some("r1:7"));
    // Several notifications of one operation share the `x-request-id`, so it is not an id by itself.
    let v1 = hex("request-id:r1;ts:1700000000;");
    let headers_alone = [("x-signature", &*format!("ts=1700000000,v1={v1}")), ("x-request-id", "r1")];
    assert_eq!(send(&layer, post(URL, &headers_alone, "{}")).await.unwrap().id, None);
    let joined = format!("{URL}?data.id=7%3Brequest-id:r1");
    assert_eq!(send(&layer, post(&joined, &headers[..1], "{}")).await, Err(MalformedSignature));
    // With two ids, the handler might read the one that is not signed.
    let two = format!("{URL}?data.id=7&data.id=8");
    assert_eq!(send(&layer, post(&two, &headers, "{}")).await, Err(MalformedSignature));
}

#[tokio::test]
async fn sinch_signs_the_path_of_the_public_url() {
    let secret: Secret = BASE64.encode(b"secret").parse().unwrap();
    let layer = layer_with("sinch-application", secret.with_key_id("app")).public_url("https://h/public/in");
    let body = r#"{"event":"ice","callid":"c1"}"#;
    let digest = BASE64.encode(&md5::Md5::digest(body));
    let time = "2023-11-14T22:13:20Z";
    let text = format!("POST\n{digest}\napplication/json\nx-timestamp:{time}\n/public/in");
    let authorization =
        format!("application app:{}", BASE64.encode(&hmac_sha256(b"secret", text.as_bytes())));
    let headers =
        [("authorization", &*authorization), ("x-timestamp", time), ("content-type", "application/json")];
    let seen = send(&layer, post(URL, &headers, body)).await.unwrap();
    assert_eq!((seen.id, seen.event_type.as_deref()), (None, Some("ice")));
    assert!(!seen.deduped, "Sinch acts on the handler's response, also on that to a retry");
    assert_eq!(
        send(&layer.public_url("https://h.example/in"), post(URL, &headers, body)).await,
        Err(WrongSignature)
    );
}

#[tokio::test]
async fn mandrills_head_request_is_answered() {
    let mut request = post(URL, &[], "");
    *request.method_mut() = Method::HEAD;
    assert_eq!(answer(&layer("mandrill"), request).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_number_of_parameters_is_limited() {
    let body = "a&".repeat(100_000);
    let headers = [
        ("x-signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ("x-plivo-signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    ];
    let request = post(URL, &headers, &body);
    assert_eq!(send(&layer("plivo-v1"), request).await, Err(MalformedSignature));
}

/// Every combination must be rejected without a panic.
#[tokio::test]
async fn hostile_requests_are_rejected() {
    const IDS: [&str; 18] = [
        "twilio",
        "vonage-params",
        "vonage-params-md5hash",
        "plivo-v1",
        "plivo-v2",
        "plivo-v3",
        "adyen-standard",
        "mailgun",
        "dropbox-sign",
        "braintree",
        "mercadopago",
        "contentful",
        "sinch-application",
        "messagebird-legacy",
        "mandrill",
        "recurly",
        "pandadoc",
        "pusher",
    ];
    const NAMES: [&str; 18] = [
        "x-twilio-signature",
        "x-plivo-signature",
        "x-plivo-signature-v2",
        "x-plivo-signature-v2-nonce",
        "x-plivo-signature-v3",
        "x-plivo-signature-v3-nonce",
        "x-signature",
        "x-contentful-signature",
        "x-contentful-signed-headers",
        "x-contentful-timestamp",
        "authorization",
        "x-timestamp",
        "messagebird-signature",
        "messagebird-request-timestamp",
        "x-mandrill-signature",
        "recurly-signature",
        "x-pusher-signature",
        "x-pusher-key",
    ];
    let values: [&[u8]; 12] = [
        b"",
        b"\xff\xfe",
        b",",
        b"=",
        b"ts=,v1=",
        b"ts=99999999999999999999,v1=zz",
        b"Application :",
        b"Application",
        b"9223372036854775807",
        b"-1",
        b"AAAA====",
        "\u{e9}".as_bytes(),
    ];
    let bodies: [&[u8]; 16] = [
        b"",
        b"{",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b"--",
        b"--\r\n\r\n",
        b"json=%ff",
        b"bt_signature=|&bt_payload=",
        br#"{"signature":{"timestamp":1e400,"token":[],"signature":null}}"#,
        br#"{"notificationItems":[{}]}"#,
        br#"{"notificationItems":[{"NotificationRequestItem":null}]}"#,
        br#"{"event":{"event_time":-1,"event_type":"","event_hash":"00"}}"#,
        b"sig=&timestamp=",
        br#"{"sig":"","timestamp":18446744073709551615}"#,
    ];
    let urls = [URL, "https://h?sig=%ff&signature=%00", "https://[::1]:1/?data.id=%3b&bodySHA256=", "/in?%"];
    let deep = "{\"a\":".repeat(10_000);
    for id in IDS {
        let layer = layer_with(id, "00112233445566778899aabbccddeeff".parse().unwrap());
        for value in values {
            for url in urls {
                for body in bodies.into_iter().chain([deep.as_bytes()]) {
                    let request = NAMES.into_iter().fold(Request::post(url), |request, name| {
                        request.header(name, http::HeaderValue::from_bytes(value).unwrap())
                    });
                    let request = request.body(Full::from(body.to_vec())).unwrap();
                    assert!(send(&layer, request).await.is_err(), "{id} {url} {value:?} {body:?}");
                }
            }
        }
    }
}
