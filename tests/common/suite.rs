//! The suite that every host must pass, over HTTP/1 and HTTP/2.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use tokio::join;
use tower_webhook::{HandlerEnd, ManualClock, OutcomeKind, RejectionKind, Settlement, WebhookLayer};

use super::{
    Calls, Client, Desk, Order, Outcomes, Version, desk, in_chunks, outcomes, post, secret, signed,
    signed_at, soon,
};

const BODY_LIMIT: usize = 64 * 1024;

/// Runs every case of the suite on a host, each as a separate test. `$serve` starts a server whose `/orders` is a
/// [`Desk`] behind the layer, and returns its address.
macro_rules! every_host_must {
    ($serve:ident) => {
        every_host_must! { $serve:
            hand_over_a_delivery_with_its_event,
            answer_a_duplicate_without_the_handler,
            reject_a_duplicate_while_the_first_is_in_progress,
            reject_a_changed_byte,
            reject_an_unsigned_request,
            reject_a_stale_delivery,
            reject_a_body_over_the_limit,
            reject_a_body_over_the_limit_without_a_content_length,
            reject_a_payload_of_another_type_and_release_it,
            run_a_failed_delivery_again,
            run_a_delivery_again_after_its_client_disconnects,
            replay_a_body_in_many_frames_with_its_trailers,
        }
    };
    ($serve:ident: $($case:ident),+ $(,)?) => {
        mod over_http_1 {
            $(#[tokio::test]
            async fn $case() {
                crate::common::suite::$case(super::$serve, crate::common::Version::Http1).await;
            })+
        }
        mod over_http_2 {
            $(#[tokio::test]
            async fn $case() {
                crate::common::suite::$case(super::$serve, crate::common::Version::Http2).await;
            })+
        }
    };
}

pub trait Serve: AsyncFnOnce(WebhookLayer, Desk) -> SocketAddr {}
impl<S: AsyncFnOnce(WebhookLayer, Desk) -> SocketAddr> Serve for S {}

struct Host {
    client: Client,
    calls: Calls,
    outcomes: Outcomes,
}

async fn start(serve: impl Serve, version: Version) -> Host {
    let (tell, outcomes) = outcomes();
    let (desk, calls) = desk();
    let layer = WebhookLayer::new(secret())
        .json::<Order>()
        .body_limit(BODY_LIMIT)
        .forward_trailers()
        .clock(ManualClock::at_unix(super::NOW))
        .on_outcome(tell);
    Host { client: Client::new(serve(layer, desk).await, version), calls, outcomes }
}

/// Asserts the response and outcome of a rejection, and that the handler was not called.
async fn assert_rejected(host: &mut Host, response: &Response<Bytes>, kind: RejectionKind, text: &str) {
    assert_eq!(response.status(), kind.status());
    assert_eq!(response.body(), text);
    assert!(host.calls.is_empty());
    let outcome = host.outcomes.next().await;
    assert_eq!(outcome.kind(), OutcomeKind::Rejected);
    assert_eq!(outcome.rejection().map(|rejection| rejection.kind()), Some(kind));
    assert_eq!(outcome.status(), Some(kind.status()));
    assert_eq!(outcome.settlement(), None);
}

pub async fn hand_over_a_delivery_with_its_event(serve: impl Serve, version: Version) {
    let mut host = start(serve, version).await;
    let body = Order::json(17);
    let (response, call) =
        join!(host.client.send(signed("msg_1", body.clone())), host.calls.answer(StatusCode::CREATED));
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(call.body, body);
    assert_eq!(call.order, Some(Order { number: 17 }));
    let delivery = call.delivery.unwrap();
    assert_eq!(delivery.id(), Some("msg_1"));
    assert_eq!(delivery.event_type(), Some("order.placed"));
    assert!(delivery.is_deduped());

    let outcome = host.outcomes.next().await;
    assert_eq!(outcome.kind(), OutcomeKind::Accepted);
    assert_eq!(outcome.handler(), Some(HandlerEnd::Completed));
    assert_eq!(outcome.settlement(), Some(Settlement::Completed));
    assert_eq!(outcome.status(), Some(StatusCode::CREATED));
}

pub async fn answer_a_duplicate_without_the_handler(serve: impl Serve, version: Version) {
    let mut host = start(serve, version).await;
    let delivery = signed("msg_1", Order::json(17));
    let (first, _) = join!(host.client.send(delivery.clone()), host.calls.answer(StatusCode::NO_CONTENT));
    assert_eq!(first.status(), StatusCode::NO_CONTENT);
    assert!(!first.headers().contains_key("x-webhook-duplicate"));
    // A provider signs each retry anew, with a new timestamp.
    let retry = signed_at(super::NOW + 60, "msg_1", Order::json(17));
    for copy in [delivery, retry] {
        let duplicate = host.client.send(copy).await;
        assert_eq!(duplicate.status(), StatusCode::OK);
        assert_eq!(duplicate.headers()["x-webhook-duplicate"], "true");
        assert_eq!(duplicate.body(), "");
    }
    assert!(host.calls.is_empty());
    assert_eq!(host.outcomes.next().await.kind(), OutcomeKind::Accepted);
    assert_eq!(host.outcomes.next().await.kind(), OutcomeKind::Duplicate);
}

pub async fn reject_a_duplicate_while_the_first_is_in_progress(serve: impl Serve, version: Version) {
    let mut host = start(serve, version).await;
    let (client, delivery) = (host.client.clone(), signed("msg_1", Order::json(17)));
    let first = tokio::spawn(async move { client.send(delivery).await });
    let call = host.calls.next().await;

    let copy = host.client.send(signed("msg_1", Order::json(17))).await;
    assert_eq!(copy.headers()["retry-after"], "5");
    assert_rejected(&mut host, &copy, RejectionKind::InProgress, "in progress").await;

    call.answer(StatusCode::OK);
    assert_eq!(soon(first).await.unwrap().status(), StatusCode::OK);
}

pub async fn reject_a_changed_byte(serve: impl Serve, version: Version) {
    let mut host = start(serve, version).await;
    let (head, _) = signed("msg_1", Order::json(17)).into_parts();
    let forged = http::Request::from_parts(head, post(Order::json(18)).into_body());
    let response = host.client.send(forged).await;
    assert_rejected(&mut host, &response, RejectionKind::WrongSignature, "wrong signature").await;
}

pub async fn reject_an_unsigned_request(serve: impl Serve, version: Version) {
    let mut host = start(serve, version).await;
    let response = host.client.send(post(Order::json(17))).await;
    assert_rejected(&mut host, &response, RejectionKind::MissingSignature, "missing signature").await;
}

pub async fn reject_a_stale_delivery(serve: impl Serve, version: Version) {
    let mut host = start(serve, version).await;
    for at in [super::NOW - 301, super::NOW + 301] {
        let response = host.client.send(signed_at(at, "msg_1", Order::json(17))).await;
        assert_rejected(&mut host, &response, RejectionKind::StaleTimestamp, "stale timestamp").await;
    }
}

pub async fn reject_a_body_over_the_limit(serve: impl Serve, version: Version) {
    let mut host = start(serve, version).await;
    let response = host.client.send(signed("msg_1", vec![b' '; BODY_LIMIT + 1])).await;
    assert_rejected(&mut host, &response, RejectionKind::BodyTooLarge, "body too large").await;
}

pub async fn reject_a_body_over_the_limit_without_a_content_length(serve: impl Serve, version: Version) {
    let mut host = start(serve, version).await;
    let large = in_chunks(signed("msg_1", vec![b' '; 4 * BODY_LIMIT]), 4096, None).await;
    let response = host.client.send(large).await;
    assert_rejected(&mut host, &response, RejectionKind::BodyTooLarge, "body too large").await;
}

pub async fn reject_a_payload_of_another_type_and_release_it(serve: impl Serve, version: Version) {
    let mut host = start(serve, version).await;
    let response = host.client.send(signed("msg_1", r#"{"number":"seventeen"}"#)).await;
    assert_rejected(&mut host, &response, RejectionKind::Undecodable, "undecodable payload").await;

    let (response, call) =
        join!(host.client.send(signed("msg_1", Order::json(17))), host.calls.answer(StatusCode::OK));
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(call.order, Some(Order { number: 17 }));
}

pub async fn run_a_failed_delivery_again(serve: impl Serve, version: Version) {
    let mut host = start(serve, version).await;
    for status in [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::CONFLICT, StatusCode::FOUND] {
        let delivery = signed("msg_1", Order::json(17));
        let (response, _) = join!(host.client.send(delivery), host.calls.answer(status));
        assert_eq!(response.status(), status);
        let outcome = host.outcomes.next().await;
        assert_eq!(outcome.handler(), Some(HandlerEnd::Failed));
        assert_eq!(outcome.settlement(), Some(Settlement::Released));
    }
    let delivery = signed("msg_1", Order::json(17));
    let (response, _) = join!(host.client.send(delivery), host.calls.answer(StatusCode::OK));
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(host.outcomes.next().await.settlement(), Some(Settlement::Completed));
}

pub async fn run_a_delivery_again_after_its_client_disconnects(serve: impl Serve, version: Version) {
    let mut host = start(serve, version).await;
    let (client, delivery) = (host.client.clone(), signed("msg_1", Order::json(17)));
    let impatient = tokio::spawn(async move { client.send(delivery).await });
    let mut call = host.calls.next().await;
    impatient.abort();
    call.dropped().await;
    let outcome = host.outcomes.next().await;
    assert_eq!(outcome.handler(), Some(HandlerEnd::Cancelled));
    assert_eq!(outcome.status(), None);

    let delivery = signed("msg_1", Order::json(17));
    let (response, _) = join!(host.client.send(delivery), host.calls.answer(StatusCode::OK));
    assert_eq!(response.status(), StatusCode::OK);
    assert!(!response.headers().contains_key("x-webhook-duplicate"));
}

pub async fn replay_a_body_in_many_frames_with_its_trailers(serve: impl Serve, version: Version) {
    let mut host = start(serve, version).await;
    let body = Order::json(17);
    let trailers = HeaderMap::from_iter([("x-checksum".parse().unwrap(), "abc".parse().unwrap())]);
    let chunked = in_chunks(signed("msg_1", body.clone()), 1, Some(trailers.clone())).await;
    let (response, call) = join!(host.client.send(chunked), host.calls.answer(StatusCode::OK));
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(call.body, body);
    assert_eq!(call.trailers, Some(trailers));
}
