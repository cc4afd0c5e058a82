//! [`EventRouter`] behind the layer: event types with and without a service.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt};
use tower_service::Service;
use tower_webhook::{
    Body, EventRouter, OutcomeKind, Settlement, WebhookLayer,
    observe::Ignored,
    verify::{Location, Profile, Verified, from_fn},
};

use crate::{
    outcomes::Outcomes,
    sign::{self, Sent, post},
    support::{
        Act, GITHUB_SECRET, Handler, HandlerError, faulty_store, github_layer, layer, signed, with_header,
        without_header,
    },
};

fn github(id: &str, event_type: &str) -> Sent {
    sign::github(GITHUB_SECRET, id, event_type, "{}")
}

fn untyped(id: &str) -> Sent {
    without_header("x-github-event", github(id, "push"))
}

type Routes = EventRouter<Full<Bytes>, HandlerError>;

async fn send(layer: &WebhookLayer, routes: &Routes, request: Sent) -> (u16, Bytes) {
    let response = layer.layer(routes.clone()).oneshot(request).await.unwrap();
    (response.status().as_u16(), response.into_body().collect().await.unwrap().to_bytes())
}

#[tokio::test(start_paused = true)]
async fn each_event_type_reaches_its_own_service() {
    let [push, issues, other] = [(); 3].map(|()| Handler::default());
    let calls = || [push.calls(), issues.calls(), other.calls()];
    let routes = EventRouter::new()
        .on("push", push.clone())
        .on(["issues", "issue_comment"], issues.clone())
        .fallback(other.clone());
    let layer = github_layer();
    assert_eq!(send(&layer, &routes, github("1", "push")).await, (200, "{}".into()));
    assert_eq!(calls(), [1, 0, 0]);
    assert_eq!(push.last().id(), Some("1"));
    send(&layer, &routes, github("2", "issues")).await;
    send(&layer, &routes, github("3", "issue_comment")).await;
    assert_eq!(calls(), [1, 2, 0]);
    for (id, request) in [github("4", "Push"), github("5", "star"), untyped("6")].into_iter().enumerate() {
        send(&layer, &routes, request).await;
        assert_eq!(calls(), [1, 2, id + 1]);
    }
    send(&layer, &routes, github("1", "push")).await;
    assert_eq!(calls(), [1, 2, 3], "a duplicate must not reach a service");
}

#[tokio::test(start_paused = true)]
async fn a_route_that_is_added_later_handles_what_was_ignored_before() {
    let (outcomes, handler) = (Outcomes::default(), Handler::default());
    let layer = outcomes.of(github_layer().dedupe(faulty_store()));
    let before: Routes = EventRouter::new().on("push", handler.clone());
    for _ in 0..2 {
        assert_eq!(send(&layer, &before, github("1", "star")).await, (200, Bytes::new()));
        let ignored = outcomes.one();
        assert_eq!((ignored.kind(), ignored.handler()), (OutcomeKind::Ignored, None));
        assert_eq!(ignored.settlement(), Some(Settlement::Released));
    }
    let after = before.clone().on("star", handler.clone());
    send(&layer, &after, github("1", "star")).await;
    assert_eq!((outcomes.one().kind(), handler.calls()), (OutcomeKind::Accepted, 1));
    // A clone does not get routes that are added later.
    send(&layer, &before, github("2", "star")).await;
    assert_eq!(handler.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_detached_router_ignores_as_well() {
    let outcomes = Outcomes::default();
    let layer = outcomes.of(github_layer().ack_deadline(std::time::Duration::from_secs(2)));
    let routes: Routes = EventRouter::new().on("push", Handler::default());
    assert_eq!(send(&layer, &routes, github("1", "star")).await.0, 200);
    let ignored = outcomes.one();
    assert_eq!((ignored.kind(), ignored.settlement()), (OutcomeKind::Ignored, Some(Settlement::Released)));
}

#[tokio::test(start_paused = true)]
async fn a_delivery_without_an_event_type_fails_so_that_the_provider_retries() {
    let outcomes = Outcomes::default();
    let (layer, handler) = (outcomes.of(github_layer()), Handler::default());
    let routes: Routes = EventRouter::new().on("push", handler.clone());
    let (status, text) = send(&layer, &routes, untyped("1")).await;
    assert_eq!(status, 500);
    assert_eq!(text, "delivery has no single event type, and the `EventRouter` has no fallback");
    let failed = outcomes.one();
    assert_eq!((failed.kind(), failed.settlement()), (OutcomeKind::Accepted, Some(Settlement::Released)));
    send(&layer, &routes.fallback(handler.clone()), untyped("1")).await;
    assert_eq!(handler.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_router_without_a_layer_only_calls_its_fallback() {
    let handler = Handler::default();
    let routes: Routes = EventRouter::new().on("push", handler.clone());
    let response = routes.clone().oneshot(github("1", "push")).await.unwrap();
    assert_eq!((response.status().as_u16(), handler.calls()), (500, 0));
    assert!(response.extensions().get::<Ignored>().is_none());
    routes.fallback(handler.clone()).oneshot(github("1", "push")).await.unwrap();
    assert_eq!(handler.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_ignored_event_gets_a_grpc_response_only_for_a_grpc_request() {
    let routes: Routes = EventRouter::new().on("push", Handler::default());
    for (content_type, status) in [("application/grpc", Some("6")), ("application/json", None)] {
        let request = with_header("content-type", content_type, github("1", "star"));
        let response = github_layer().layer(routes.clone()).oneshot(request).await.unwrap();
        let found = response.headers().get("grpc-status").map(|status| status.to_str().unwrap());
        assert_eq!(found, status, "{content_type}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_route_that_fails_is_a_handler_that_fails() {
    let handler = Handler::doing([Act::Answer(503), Act::Fail, Act::Panic]);
    let routes: Routes = EventRouter::new().on("push", handler.clone());
    let layer = github_layer();
    assert_eq!(send(&layer, &routes, github("1", "push")).await.0, 503);
    layer.layer(routes.clone()).oneshot(github("1", "push")).await.unwrap_err();
    tokio::spawn(layer.layer(routes.clone()).oneshot(github("1", "push"))).await.unwrap_err();
    assert_eq!(send(&layer, &routes, github("1", "push")).await.0, 200);
    assert_eq!(handler.calls(), 4);
}

/// A service that is ready on the second poll and panics if it is called before.
#[derive(Clone)]
struct Slow(u8);

impl Service<Request<Body>> for Slow {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0 += 1;
        cx.waker().wake_by_ref();
        if self.0 < 2 { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        assert_eq!(self.0, 2, "the service was called before it was ready");
        ready(Ok(Response::default()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_router_is_ready_at_once_and_waits_for_the_service_it_chooses() {
    let mut routes = EventRouter::new().on("push", Slow(0));
    let mut context = Context::from_waker(std::task::Waker::noop());
    assert!(Service::<Sent>::poll_ready(&mut routes, &mut context).is_ready());
    for id in ["1", "2"] {
        let response = github_layer().layer(routes.clone()).oneshot(github(id, "push")).await.unwrap();
        assert_eq!(response.status(), 200);
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_type_in_the_body_selects_the_route() {
    let handler = Handler::default();
    let routes: Routes = EventRouter::new().on("invoice.paid", handler.clone());
    send(&layer(), &routes, signed("1", r#"{"type":"invoice.paid"}"#)).await;
    send(&layer(), &routes, signed("2", r#"{"type":"invoice.created"}"#)).await;
    assert_eq!(handler.calls(), 1);
}

/// The first event of a batch says nothing about the type of the others.
#[tokio::test(start_paused = true)]
async fn a_batch_has_no_single_event_type() {
    let handler = Handler::default();
    let routes: Routes = EventRouter::new().on("invoice.paid", handler.clone());
    let profile = Profile::new("acme").with_event_type(Location::json("/0/type")).with_batch(true);
    let verifier = from_fn(|_, _| Ok(Verified::new())).with_profile(profile);
    let layer = WebhookLayer::with_verifier(verifier).without_dedupe().only_events("invoice.created");
    let batch = || post(r#"[{"type":"invoice.paid"},{"type":"invoice.created"}]"#);
    assert_eq!(send(&layer, &routes, batch()).await.0, 500);
    assert_eq!(handler.calls(), 0);
    let routes = routes.fallback(handler.clone());
    assert_eq!(send(&layer, &routes, batch()).await.0, 200);
    assert_eq!(handler.calls(), 1);
}

#[test]
#[should_panic(expected = "event type `push` has two routes")]
fn an_event_type_with_two_routes_panics() {
    let _: Routes =
        EventRouter::new().on("push", Handler::default()).on(["star", "push"], Handler::default());
}
