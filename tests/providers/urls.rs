//! Providers that sign the URL, or a part of it.

use crate::support::*;

#[tokio::test]
async fn a_host_that_contains_a_part_of_the_path_is_rejected() {
    let layer = layer("square", "s").without_dedupe();
    let signature = base64(b"s", "https://shop.example/test/webhook{}");
    for (uri, host) in [("/webhook", "shop.example/test"), ("/test/webhook", "user@shop.example")] {
        let mut request = post(&[("x-square-hmacsha256-signature", &signature), ("host", host)], "{}");
        *request.uri_mut() = uri.parse().unwrap();
        assert_eq!(judge(&layer, request).await, Err(Kind::MalformedSignature), "{host}");
    }
    let mut request = post(&[("x-square-hmacsha256-signature", &signature), ("host", "shop.example")], "{}");
    *request.uri_mut() = "/test/webhook".parse().unwrap();
    assert!(send(&layer, request.clone()).await.is_ok());
    request.headers_mut().append("host", HeaderValue::from_static("shop.example"));
    assert_eq!(judge(&layer, request).await, Err(Kind::MalformedSignature));
}

#[tokio::test]
async fn sinch_signs_the_path_of_the_public_url() {
    let secret: Secret = BASE64.encode(b"secret").parse().unwrap();
    let layer = layer_with("sinch-application", secret.with_key_id("app")).public_url("https://h/public/in");
    let body = r#"{"event":"ice","callid":"c1"}"#;
    let digest = BASE64.encode(&md5::Md5::digest(body));
    let time = "2023-11-14T22:13:20Z";
    let text = format!("POST\n{digest}\napplication/json\nx-timestamp:{time}\n/public/in");
    let authorization = format!("application app:{}", base64(b"secret", text));
    let headers =
        [("authorization", &*authorization), ("x-timestamp", time), ("content-type", "application/json")];
    let seen = accepts(&layer, post_to(URL, &headers, body)).await;
    assert_eq!((seen.id(), seen.event_type()), (None, Some("ice")));
    assert!(!seen.is_deduped(), "Sinch acts on the handler's response, also on that to a retry");
    assert_eq!(
        judge(&layer.public_url("https://h.example/in"), post_to(URL, &headers, body)).await,
        Err(Kind::WrongSignature)
    );
}

#[tokio::test]
async fn mercado_pagos_ids_cannot_contain_separators() {
    let layer = layer("mercadopago", "secret").without_dedupe();
    let v1 = hex(b"secret", "id:7;request-id:r1;ts:1700000000;");
    let signature = format!("ts=1700000000,v1={v1}");
    let headers = [("x-signature", &*signature), ("x-request-id", "r1")];
    let seen = accepts(&layer, post_to(&format!("{URL}?data.id=7"), &headers, "{}")).await;
    assert_eq!(seen.id(), Some("r1:7"));
    // Several notifications of one operation share the `x-request-id`, so it is not an id by itself.
    let v1 = hex(b"secret", "request-id:r1;ts:1700000000;");
    let headers_alone = [("x-signature", &*format!("ts=1700000000,v1={v1}")), ("x-request-id", "r1")];
    assert_eq!(accepts(&layer, post_to(URL, &headers_alone, "{}")).await.id(), None);
    let joined = format!("{URL}?data.id=7%3Brequest-id:r1");
    assert_eq!(judge(&layer, post_to(&joined, &headers[..1], "{}")).await, Err(Kind::MalformedSignature));
    // With two ids, the handler might read the one that is not signed.
    let two = format!("{URL}?data.id=7&data.id=8");
    assert_eq!(judge(&layer, post_to(&two, &headers, "{}")).await, Err(Kind::MalformedSignature));
}
