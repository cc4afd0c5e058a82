//! Bodies with a `content-encoding`.

use std::{error::Error, io::Write, time::SystemTime};

use bytes::Bytes;
use data_encoding::HEXLOWER;
use flate2::{Compression, write::GzEncoder};
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use sha2::Sha256;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_http::decompression::RequestDecompressionLayer;
use tower_webhook::{
    Body, BoxError, Delivery, Rejection, RejectionKind, Secret, Undecodable, WebhookLayer, provider,
    verify::verify_request,
};

const JSON: &str = r#"{"id":"evt_1","type":"message.created"}"#;

fn gzip(text: impl AsRef<[u8]>) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_ref()).unwrap();
    encoder.finish().unwrap().into()
}

fn mac(bytes: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(b"secret").unwrap().chain_update(bytes);
    HEXLOWER.encode(&mac.finalize().into_bytes())
}

fn layer(provider: &str) -> WebhookLayer {
    let secret: Secret = "secret".parse().unwrap();
    WebhookLayer::with_verifier(provider::find(provider).unwrap().verifier(secret).unwrap())
}

fn request(header: &str, signed: &[u8], encoding: &str, body: Bytes) -> Request<Full<Bytes>> {
    let request = Request::post("/").header("content-length", body.len()).header(header, mac(signed));
    request.header("content-encoding", encoding).body(Full::new(body)).unwrap()
}

/// The request that the handler received.
#[derive(Clone, Debug, PartialEq)]
struct Handled {
    body: Bytes,
    raw: Bytes,
    id: Option<String>,
    event_type: Option<String>,
    /// The values of `content-length` and `content-encoding`.
    headers: [Option<String>; 2],
    /// The error of decoding, and its source.
    error: Option<(String, String)>,
}

async fn send(layer: WebhookLayer, request: Request<Full<Bytes>>) -> Result<Option<Handled>, RejectionKind> {
    let service = layer.layer(service_fn(async |request: Request<Body>| {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let delivery = head.extensions.get::<Delivery>().ok_or("no delivery")?;
        assert_eq!(*delivery.payload(), body);
        let header = |name| head.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let handled = Handled {
            raw: delivery.raw().clone(),
            id: delivery.id().map(Into::into),
            event_type: delivery.event_type().map(Into::into),
            headers: [header("content-length"), header("content-encoding")],
            error: delivery
                .decode_error()
                .map(|error| (error.to_string(), error.source().unwrap().to_string())),
            body,
        };
        let mut response = Response::new(Full::<Bytes>::default());
        response.extensions_mut().insert(handled);
        Ok::<_, BoxError>(response)
    }));
    let response = service.oneshot(request).await.unwrap();
    match response.extensions().get::<Rejection>() {
        Some(rejection) => Err(rejection.kind()),
        None => Ok(response.extensions().get().cloned()),
    }
}

/// Returns a request from Nylas, which signs the encoded body.
fn nylas(body: Bytes) -> Request<Full<Bytes>> {
    request("x-nylas-signature", &body.clone(), "gzip", body)
}

/// Returns a request from GitHub, which sends the id in a header.
fn github(id: &str, encoding: &str, body: Bytes) -> Request<Full<Bytes>> {
    let signature = format!("sha256={}", mac(&body));
    let mut request = request("x-github-delivery", b"", encoding, body);
    request.headers_mut().insert("x-github-delivery", id.parse().unwrap());
    request.headers_mut().insert("x-hub-signature-256", signature.parse().unwrap());
    request
}

#[tokio::test]
async fn either_signed_form_is_decoded_for_the_handler() {
    let body = gzip(JSON);
    let handled = |id: Option<&str>| Handled {
        body: JSON.into(),
        raw: body.clone(),
        id: id.map(Into::into),
        event_type: Some("message.created".into()),
        headers: [Some(JSON.len().to_string()), None],
        error: None,
    };
    assert_eq!(send(layer("nylas"), nylas(body.clone())).await, Ok(Some(handled(Some("evt_1")))));
    // GetStream signs the decoded body.
    let getstream = request("x-signature", JSON.as_bytes(), "gzip", body.clone());
    assert_eq!(send(layer("getstream"), getstream).await, Ok(Some(handled(None))));
}

#[tokio::test]
async fn either_signed_form_is_decoded_without_the_layer() {
    let body = gzip(JSON);
    let getstream = request("x-signature", JSON.as_bytes(), "gzip", body.clone());
    for (provider, request) in [("nylas", nylas(body.clone())), ("getstream", getstream)] {
        let verifier =
            provider::find(provider).unwrap().verifier("secret".parse::<Secret>().unwrap()).unwrap();
        let (head, _) = request.into_parts();
        let verified = verify_request(&verifier, &head, &body, SystemTime::now()).await.unwrap();
        assert_eq!(verified.payload().unwrap(), JSON, "{provider}");
    }
}

#[tokio::test]
async fn a_signature_of_the_other_form_is_rejected() {
    let body = gzip(JSON);
    let nylas = request("x-nylas-signature", JSON.as_bytes(), "gzip", body.clone());
    assert_eq!(send(layer("nylas"), nylas).await, Err(RejectionKind::WrongSignature));
    let getstream = request("x-signature", &body.clone(), "gzip", body);
    assert_eq!(send(layer("getstream"), getstream).await, Err(RejectionKind::WrongSignature));
}

#[tokio::test]
async fn a_duplicate_is_recognized_by_the_id_in_the_decoded_body() {
    let layer = layer("nylas");
    assert!(send(layer.clone(), nylas(gzip(JSON))).await.unwrap().is_some());
    assert_eq!(send(layer, nylas(gzip(JSON))).await, Ok(None));
}

#[tokio::test]
async fn a_decompression_bomb_exceeds_the_body_limit() {
    let bomb = gzip(vec![b' '; 3 << 20]);
    assert!(bomb.len() < 8192);
    let signed = nylas(bomb.clone());
    assert_eq!(send(layer("nylas"), signed).await, Err(RejectionKind::BodyTooLarge));
    let unsigned = request("x-signature", b"", "gzip", bomb.clone());
    assert_eq!(send(layer("getstream"), unsigned).await, Err(RejectionKind::BodyTooLarge));
    // Even without a body limit, an unverified body is decoded to at most 64 KiB, or 100 times its encoded length
    // if that is more.
    let unlimited = layer("getstream").body_limit(usize::MAX);
    let unsigned = request("x-signature", b"", "gzip", bomb);
    assert_eq!(send(unlimited, unsigned).await, Err(RejectionKind::BodyTooLarge));
}

#[tokio::test]
async fn the_decoded_body_counts_towards_the_buffer_budget() {
    let body = gzip("x".repeat(5000));
    let small = layer("nylas").buffer_budget(4096);
    assert_eq!(send(small, nylas(body.clone())).await, Err(RejectionKind::OverBudget));
    let enough = layer("nylas").buffer_budget(5000 + body.len());
    // The budget is released once a delivery is handed to the handler.
    for _ in 0..3 {
        assert!(send(enough.clone(), nylas(body.clone())).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn an_undecodable_body_without_a_valid_signature_is_never_handed_over() {
    let layer = layer("getstream").on_undecodable(Undecodable::HandOver);
    let unsigned = request("x-signature", b"", "gzip", Bytes::from_static(b"\x1f\x8bjunk"));
    assert_eq!(send(layer, unsigned).await, Err(RejectionKind::Undecodable));
}

#[tokio::test]
async fn the_policy_decides_on_a_verified_body_that_cannot_be_decoded() {
    let body = Bytes::from("not in this encoding");
    let unsupported = || request("x-nylas-signature", &body.clone(), "br", body.clone());
    assert_eq!(send(layer("nylas"), unsupported()).await, Err(RejectionKind::Undecodable));
    let acknowledged = layer("nylas").on_undecodable(Undecodable::Acknowledge);
    assert_eq!(send(acknowledged, unsupported()).await, Ok(None));
    let handed_over = layer("nylas").on_undecodable(Undecodable::HandOver);
    let handled = send(handed_over, unsupported()).await.unwrap().unwrap();
    assert_eq!((handled.body, handled.raw), (body.clone(), body.clone()));
    assert_eq!(handled.headers, [Some(body.len().to_string()), Some("br".into())]);
    let error = handled.error.unwrap();
    let expected = "`content-encoding` is not `gzip` or `deflate`";
    assert_eq!((&*error.0, &*error.1), (expected, expected));
    // If the signature is wrong, the rejection reports the signature and not the encoding.
    let unsigned = request("x-nylas-signature", b"", "br", body.clone());
    assert_eq!(send(layer("nylas"), unsigned).await, Err(RejectionKind::WrongSignature));
}

#[tokio::test]
async fn an_identity_encoding_changes_nothing() {
    let identity = request("x-nylas-signature", JSON.as_bytes(), "identity", JSON.into());
    let handled = send(layer("nylas"), identity).await.unwrap().unwrap();
    assert_eq!((&*handled.body, handled.headers[1].as_deref()), (JSON.as_bytes(), Some("identity")));
}

/// `content-encoding` is not signed, so an attacker can add it to a captured delivery.
#[tokio::test]
async fn an_added_header_neither_changes_the_payload_nor_uses_up_the_id() {
    let pretty = "{\n  \"id\": \"evt_1\",\n  \"type\": \"a.b\"\n}";
    for encoding in ["gzip", "deflate", "x-gzip"] {
        let added = request("x-nylas-signature", pretty.as_bytes(), encoding, pretty.into());
        let handled = send(layer("nylas"), added).await.unwrap().unwrap();
        assert_eq!((&*handled.body, handled.id.as_deref()), (pretty.as_bytes(), Some("evt_1")), "{encoding}");
        // The body is not encoded, so the header is removed.
        assert_eq!(handled.headers[1], None);
    }
    // Valid JSON cannot be encoded data, so the body is the payload even under an unsupported encoding.
    let added = request("x-nylas-signature", JSON.as_bytes(), "br", JSON.into());
    assert_eq!(send(layer("nylas"), added).await.unwrap().unwrap().id.as_deref(), Some("evt_1"));
    // For other text, the layer cannot tell whether it is encoded.
    for policy in [Undecodable::Reject, Undecodable::HandOver, Undecodable::Acknowledge] {
        let layer = layer("github").on_undecodable(policy);
        let form = |encoding| github("guid-1", encoding, "payload=%7B%7D".into());
        let is_handed_over = policy == Undecodable::HandOver;
        let first = send(layer.clone(), form("br")).await;
        assert_eq!(first.is_ok_and(|handled| handled.is_some()), is_handed_over, "{policy:?}");
        // The added header causes at most one additional run.
        assert!(!send(layer.clone(), form("br")).await.is_ok_and(|handled| handled.is_some()), "{policy:?}");
        assert!(send(layer, form("identity")).await.unwrap().is_some(), "{policy:?}");
    }
}

#[tokio::test]
async fn the_replay_guard_recognizes_a_body_in_an_unknown_encoding() {
    let layer = layer("github").on_undecodable(Undecodable::HandOver).replay_guard();
    let form = |encoding, id| github(id, encoding, "payload=%7B%7D".into());
    assert!(send(layer.clone(), form("br", "guid-1")).await.unwrap().is_some());
    assert_eq!(send(layer.clone(), form("br", "guid-2")).await, Ok(None));
    assert_eq!(send(layer.clone(), form("br", "guid-1")).await, Ok(None));
    assert!(send(layer.clone(), form("identity", "guid-1")).await.unwrap().is_some());
    assert_eq!(send(layer, form("identity", "guid-3")).await, Ok(None));
}

#[tokio::test]
async fn a_replaced_encoding_does_not_use_up_the_id() {
    let zlib = |text: &str| {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        Bytes::from(encoder.finish().unwrap())
    };
    for (sent, replaced, body) in [("gzip", "deflate", gzip(JSON)), ("deflate", "gzip", zlib(JSON))] {
        let layer = layer("github").replay_guard();
        let delivery = |encoding| github("guid-1", encoding, body.clone());
        assert_eq!(send(layer.clone(), delivery(replaced)).await, Err(RejectionKind::Undecodable), "{sent}");
        let handled = send(layer, delivery(sent)).await.unwrap().unwrap();
        assert_eq!(&*handled.body, JSON.as_bytes(), "{sent}");
    }
}

#[tokio::test]
async fn an_unverified_body_without_content_is_rejected_early() {
    let header = &gzip("")[..10];
    let empty_blocks = [header, &b"\0\0\0\xff\xff".repeat(200_000)].concat();
    let unsigned = request("x-signature", b"", "gzip", empty_blocks.into());
    assert_eq!(send(layer("getstream"), unsigned).await, Err(RejectionKind::Undecodable));
}

#[tokio::test]
async fn a_layer_below_one_that_decompresses_verifies_the_decoded_body() {
    let handler = service_fn(async |request: Request<Body>| {
        let payload = request.extensions().get::<Delivery>().unwrap().payload().clone();
        Ok::<_, BoxError>(Response::new(Full::from(payload)))
    });
    let service = ServiceBuilder::new().layer(RequestDecompressionLayer::new()).layer(layer("getstream"));
    let request = request("x-signature", JSON.as_bytes(), "gzip", gzip(JSON));
    let response = service.service(handler).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), JSON);
}
