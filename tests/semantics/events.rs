//! Event types that `only_events` does not list, and payloads that cannot be decoded. No event is lost in either case:
//! an ignored delivery is not remembered, and an undecodable one is retried, recorded or handed over.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use serde::Deserialize;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_webhook::{
    Body, BoxError, Delivery, Event, OutcomeKind, RejectionKind, Settlement, Undecodable, WebhookLayer,
    observe::Ignored, testing::Operation,
};

use crate::{
    outcomes::Outcomes,
    sign::{self, Sent},
    support::{
        Act, GITHUB_SECRET, Handler, faulty_store, github_layer, layer, signed, with_header, without_header,
    },
};

fn github(id: &str, event_type: Option<&str>) -> Sent {
    let request = sign::github(GITHUB_SECRET, id, event_type.unwrap_or_default(), "{}");
    if event_type.is_some() { request } else { without_header("x-github-event", request) }
}

#[tokio::test(start_paused = true)]
async fn only_unlisted_event_types_are_ignored() {
    let (outcomes, store) = (Outcomes::default(), faulty_store());
    let handler = Handler::default();
    // No payload decodes as `u8`, so an ignored delivery cannot have been decoded.
    let layer = github_layer().dedupe(store.clone()).json::<u8>().only_events(["push", "issues"]);
    let app = handler.under(&outcomes.of(layer));

    let answer = app.send(github("1", Some("star"))).await;
    assert_eq!((answer.status(), &*answer.body), (200, &b""[..]));
    assert!(!answer.is_duplicate());
    let ignored = outcomes.one();
    assert_eq!((ignored.kind(), ignored.handler()), (OutcomeKind::Ignored, None));
    assert_eq!((ignored.settlement(), ignored.store_time()), (None, None));
    assert_eq!(ignored.delivery().and_then(Delivery::event_type), Some("star"));
    assert_eq!(store.calls(Operation::Claim), 0);

    // Event types are compared byte for byte.
    for other in ["Push", "push ", "pushed"] {
        assert_eq!(app.send(github("2", Some(other))).await.status(), 200, "{other}");
        assert_eq!(outcomes.one().kind(), OutcomeKind::Ignored, "{other}");
    }
    for listed in [Some("push"), Some("issues"), None, Some("")] {
        app.send(github("3", listed)).await.assert_rejected(RejectionKind::Undecodable);
        assert_eq!(outcomes.one().kind(), OutcomeKind::Rejected, "{listed:?}");
    }
    assert_eq!(handler.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_signature_is_verified_before_the_event_type() {
    let app = Handler::default().under(&github_layer().only_events("push"));
    let forged = sign::github("another secret", "1", "star", "{}");
    app.send(forged).await.assert_rejected(RejectionKind::WrongSignature);
}

#[tokio::test(start_paused = true)]
async fn an_event_type_is_read_from_the_body_and_a_missing_one_is_handled() {
    let handler = Handler::default();
    let app = handler.under(&layer().only_events("invoice.paid"));
    for (id, body, calls) in [
        ("1", r#"{"type":"invoice.created"}"#, 0),
        ("2", r#"{"type":"invoice.paid"}"#, 1),
        ("3", r#"{"kind":"invoice.created"}"#, 2),
        ("4", r#"{"type":{"name":"invoice.created"}}"#, 3),
        ("5", "no JSON", 4),
        ("6", "", 5),
    ] {
        assert_eq!(app.send(signed(id, body)).await.status(), 200, "{body}");
        assert_eq!(handler.calls(), calls, "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_type_that_is_listed_later_is_handled_on_redelivery() {
    let store = faulty_store();
    let handler = Handler::default();
    let before = handler.under(&github_layer().dedupe(store.clone()).only_events("push"));
    let after = handler.under(&github_layer().dedupe(store).only_events(["push", "star"]));
    assert_eq!(before.send(github("1", Some("star"))).await.status(), 200);
    assert_eq!(handler.calls(), 0);
    after.send(github("1", Some("star"))).await.assert_handled();
    assert_eq!(handler.calls(), 1);
    after.send(github("1", Some("star"))).await.assert_duplicate();
}

#[tokio::test(start_paused = true)]
async fn the_last_list_wins_and_an_empty_one_passes_only_deliveries_without_a_type() {
    let handler = Handler::default();
    let app = handler.under(&github_layer().only_events("push").only_events("star"));
    app.send(github("1", Some("push"))).await;
    assert_eq!(handler.calls(), 0);
    app.send(github("2", Some("star"))).await;
    assert_eq!(handler.calls(), 1);
    let app = handler.under(&github_layer().only_events(Vec::<String>::new()));
    app.send(github("1", Some("push"))).await;
    assert_eq!(handler.calls(), 1);
    app.send(github("2", None)).await;
    assert_eq!(handler.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_grpc_client_gets_a_status_instead_of_an_empty_200() {
    let request = with_header("content-type", "application/grpc", github("1", Some("star")));
    let answer = Handler::default().under(&github_layer().only_events("push")).send(request).await;
    assert_eq!((answer.status(), answer.header("grpc-status")), (200, Some("6")));
    assert_eq!(answer.header("grpc-message"), Some("ignored"));

    let request = with_header("content-type", "application/grpc+json", signed("1", "{}"));
    let layer = layer().json::<u8>().on_undecodable(Undecodable::Acknowledge);
    let answer = Handler::default().under(&layer).send(request).await;
    assert_eq!(
        (answer.header("grpc-status"), answer.header("grpc-message")),
        (Some("6"), Some("acknowledged"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_handler_can_ignore_an_event_only_with_a_success() {
    let outcomes = Outcomes::default();
    // `Ignored` takes precedence over `complete_when`.
    let layer = outcomes.of(layer().complete_when(|_| true));
    let service = layer.layer(service_fn(|request: Request<Body>| async move {
        let mut response = Response::new(Full::<Bytes>::default());
        let failed = request.headers().contains_key("x-fail");
        *response.status_mut() = if failed { 500 } else { 202 }.try_into().unwrap();
        response.extensions_mut().insert(Ignored);
        Ok::<_, BoxError>(response)
    }));
    for _ in 0..2 {
        assert_eq!(service.clone().oneshot(signed("1", "{}")).await.unwrap().status(), 202);
        let ignored = outcomes.one();
        assert_eq!((ignored.kind(), ignored.handler()), (OutcomeKind::Ignored, None));
        assert_eq!((ignored.settlement(), ignored.handler_time()), (Some(Settlement::Released), None));
    }
    service.oneshot(with_header("x-fail", "1", signed("1", "{}"))).await.unwrap();
    assert_eq!((outcomes.one().kind(), outcomes.is_empty()), (OutcomeKind::Accepted, true));
}

/// If the outer layer completed the claim, it would remember a delivery that did not reach the handler.
#[tokio::test(start_paused = true)]
async fn an_outer_layer_releases_a_delivery_that_the_inner_layer_did_not_hand_over() {
    let store = faulty_store();
    let layer = || layer().dedupe(store.clone());
    let (outcomes, handler) = (Outcomes::default(), Handler::default());
    let body = r#"{"type":"invoice.created"}"#;
    let inner = [
        (layer().only_events("invoice.paid"), OutcomeKind::Ignored),
        (layer().json::<u8>().on_undecodable(Undecodable::Acknowledge), OutcomeKind::Acknowledged),
    ];
    for (inner, outcome) in inner {
        let outer = outcomes.of(layer());
        let nested = ServiceBuilder::new().layer(outer).layer(inner).service(handler.clone());
        assert_eq!(nested.oneshot(signed("1", body)).await.unwrap().status(), 200);
        let outer = outcomes.one();
        assert_eq!((outer.kind(), outer.settlement()), (outcome, Some(Settlement::Released)));
    }
    assert_eq!(handler.calls(), 0);
    handler.under(&layer()).send(signed("1", body)).await.assert_handled();
}

#[derive(Clone, Deserialize)]
struct Order {
    number: u32,
}

const UNDECODABLE: &str = r#"{"number":"seventeen"}"#;

/// Sends the request, and returns the status, the event's number, and whether decoding failed.
async fn deliver(layer: &WebhookLayer, request: Sent) -> (u16, Option<(Option<u32>, bool)>) {
    let service = layer.layer(service_fn(|request: Request<Body>| async move {
        let extensions = request.extensions();
        let number = extensions.get::<Event<Order>>().map(|order| order.number);
        let failed = extensions.get::<Delivery>().unwrap().decode_error().is_some();
        let mut response = Response::new(Full::<Bytes>::default());
        response.extensions_mut().insert((number, failed));
        Ok::<_, BoxError>(response)
    }));
    let response = service.oneshot(request).await.unwrap();
    (response.status().as_u16(), response.extensions().get().copied())
}

/// Under each policy one party still has the event: the provider, the listener of `on_outcome`, or the handler.
#[tokio::test(start_paused = true)]
async fn an_undecodable_payload_is_not_lost_under_any_policy() {
    let (outcomes, store) = (Outcomes::default(), faulty_store());
    let strict = || outcomes.of(layer().dedupe(store.clone())).json::<Order>();

    // By default, the provider still has the event. The delivery is not remembered, so that a retry is handled after
    // the Rust type of the payload has been corrected.
    for layer in [strict(), strict().on_undecodable(Undecodable::Reject)] {
        assert_eq!(deliver(&layer, signed("1", UNDECODABLE)).await, (422, None));
        let rejected = outcomes.one();
        assert_eq!((rejected.kind(), rejected.settlement()), (OutcomeKind::Rejected, None));
        assert_eq!(rejected.rejection().map(|why| why.kind()), Some(RejectionKind::Undecodable));
    }

    // The listener has the event.
    let layer = strict().on_undecodable(Undecodable::Acknowledge);
    assert_eq!(deliver(&layer, signed("1", UNDECODABLE)).await, (200, None));
    let acknowledged = outcomes.one();
    assert_eq!((acknowledged.kind(), acknowledged.handler()), (OutcomeKind::Acknowledged, None));
    assert!(acknowledged.rejection().is_none() && acknowledged.settlement().is_none());
    let delivery = acknowledged.delivery().unwrap();
    assert_eq!((delivery.id(), &**delivery.payload()), (Some("1"), UNDECODABLE.as_bytes()));
    assert!(delivery.decode_error().is_some());
    assert_eq!(store.calls(Operation::Claim), 0);

    // The handler has the event.
    let layer = strict().on_undecodable(Undecodable::HandOver);
    assert_eq!(deliver(&layer, signed("1", UNDECODABLE)).await, (200, Some((None, true))));
    let handed_over = outcomes.one();
    assert_eq!(handed_over.kind(), OutcomeKind::Accepted);
    assert_eq!(handed_over.settlement(), Some(Settlement::Completed));
    assert_eq!(deliver(&layer, signed("2", r#"{"number":17}"#)).await, (200, Some((Some(17), false))));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_fails_on_an_undecodable_payload_runs_again() {
    let handler = Handler::doing([Act::Answer(500)]);
    let app = handler.under(&layer().json::<Order>().on_undecodable(Undecodable::HandOver));
    assert_eq!(app.send(signed("1", UNDECODABLE)).await.status(), 500);
    app.send(signed("1", UNDECODABLE)).await.assert_handled();
    let error = handler.last().decode_error().map(std::error::Error::source).map(|why| why.is_some());
    assert_eq!(error, Some(true), "the parser's error is missing");
}

#[tokio::test(start_paused = true)]
async fn a_decoders_error_is_handed_over_unchanged() {
    let handler = Handler::default();
    let layer = layer().decode(|_| Err::<(), _>("no order".into())).on_undecodable(Undecodable::HandOver);
    handler.under(&layer).send(signed("1", "{}")).await.assert_handled();
    let delivery = handler.last();
    let source = delivery.decode_error().and_then(std::error::Error::source).unwrap();
    assert_eq!(source.to_string(), "no order");
}

/// If the outer layer's event stayed, the handler would mistake it for the event of the inner layer.
#[tokio::test(start_paused = true)]
async fn an_undecodable_payload_removes_the_event_of_an_outer_layer() {
    let outer = layer().json::<Order>();
    let inner = layer().decode(|_| Err::<Order, _>("no order".into())).on_undecodable(Undecodable::HandOver);
    let service =
        ServiceBuilder::new().layer(outer).layer(inner).service_fn(|request: Request<Body>| async move {
            assert!(request.extensions().get::<Event<Order>>().is_none());
            Ok::<_, BoxError>(Response::new(Full::<Bytes>::default()))
        });
    assert_eq!(service.oneshot(signed("1", r#"{"number":17}"#)).await.unwrap().status(), 200);
}
