//! The layer on axum, over real sockets.

use std::{collections::HashMap, error::Error, net::SocketAddr, time::Duration};

use axum::{
    Extension, Router,
    body::Body,
    extract::{Path, State},
    handler::{Handler, HandlerWithoutStateExt},
    routing::{get, post, post_service},
};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, request::Parts};
use http_body_util::Empty;
use serde::Deserialize;
use tokio::net::TcpListener;
use tower::Layer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_webhook::{
    Delivery, Event, EventRouter, HandlerEnd, ManualClock, Outcome, OutcomeKind, Payload, PayloadRejection,
    Rejection, RejectionKind, Secret, Settlement, Undecodable, WebhookLayer, provider, verify::Endpoint,
};

use crate::common::{self, Client, Desk, NOW, Order, Sent, Version, github, outcomes, secret, signed, soon};

async fn listen(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

async fn serve(layer: WebhookLayer, desk: Desk) -> SocketAddr {
    async fn place(
        Extension(desk): Extension<Desk>,
        delivery: Delivery,
        order: Event<Order>,
        body: Body,
    ) -> StatusCode {
        desk.handle(Some(delivery), Some(Order::clone(&order)), body).await
    }
    listen(Router::new().route("/orders", post(place).layer(layer)).layer(Extension(desk))).await
}

every_host_must!(serve);

fn layer() -> WebhookLayer {
    WebhookLayer::new(secret()).clock(ManualClock::at_unix(NOW))
}

/// Returns the request with another path.
fn to(path: &str, mut request: Sent) -> Sent {
    *request.uri_mut() = path.parse().unwrap();
    request
}

/// Sends `request` to `app` over a socket.
async fn send(app: Router, request: Sent) -> Response<Bytes> {
    Client::new(listen(app).await, Version::Http1).send(request).await
}

/// Requests as from a proxy that terminates TLS. Over HTTP/2, their URI begins with `http://`.
#[tokio::test]
async fn a_url_signed_with_https_is_verified_without_tls_over_both_http_versions() {
    use hmac::{Hmac, KeyInit, Mac};
    let layer = WebhookLayer::with_verifier(provider::square("key".parse::<Secret>().unwrap()));
    let app = Router::new().route("/orders", post(async |_: Delivery| "").layer(layer));
    let address = listen(app).await;
    for version in [Version::Http1, Version::Http2] {
        let body = format!(r#"{{"event_id":"{version:?}"}}"#);
        let url = format!("https://{address}/orders?a=b");
        let mac = Hmac::<sha2::Sha256>::new_from_slice(b"key").unwrap().chain_update(format!("{url}{body}"));
        let signature = data_encoding::BASE64.encode(&mac.finalize().into_bytes());
        let request = Request::post("/orders?a=b").header("x-square-hmacsha256-signature", signature);
        let request = request.body(http_body_util::Full::<Bytes>::from(body)).unwrap();
        assert_eq!(Client::new(address, version).send(request).await.status(), 200, "{version:?}");
    }
}

#[tokio::test]
async fn an_extractor_without_its_layer_is_a_500_that_says_why() {
    #[derive(Deserialize)]
    struct Refund {}
    let event = post(async |_: Event<Order>| ());
    // If the extractor returned `None`, the handler would answer 2xx to a delivery that was never decoded.
    let optional_event = post(async |_: Option<Event<Order>>| ());
    for (route, cause) in [
        (post(async |_: Delivery| ()), "`Delivery` is missing: no `WebhookLayer`"),
        (post(async |_: Payload<Order>| ()), "no `WebhookLayer`"),
        (event.clone(), "Order>` is missing: no `WebhookLayer`"),
        (event.layer(layer().json::<Refund>()), "with `.json::<"),
        (optional_event.clone().layer(layer()), "with `.json::<"),
        (optional_event.layer(layer().json::<Refund>()), "with `.json::<"),
    ] {
        let response = send(Router::new().route("/orders", route), signed("msg_1", "{}")).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let text = std::str::from_utf8(response.body()).unwrap();
        assert!(text.contains(cause), "{text}");
    }
}

#[tokio::test]
async fn an_optional_delivery_is_none_for_a_request_that_only_if_excludes() {
    async fn handler(delivery: Option<Delivery>, body: String) -> String {
        let id = delivery.as_ref().and_then(Delivery::id).unwrap_or("unverified");
        format!("{id} {body}")
    }
    async fn event(_: Option<Event<Order>>) {}
    let only_signed = layer().json::<Order>().only_if(|head| head.headers.contains_key("webhook-id"));
    let app = Router::new().route("/orders", post(handler)).route("/event", post(event)).layer(only_signed);
    let client = Client::new(listen(app).await, Version::Http1);

    let body = Order::json(17);
    let delivery = client.send(signed("msg_1", body.clone())).await;
    assert_eq!(*delivery.body(), format!("msg_1 {body}"));
    let other = client.send(common::post(body.clone())).await;
    assert_eq!(*other.body(), format!("unverified {body}"));
    // `None` means an undecodable payload. This request was not even verified, so the extractor must not return `None`.
    let response = client.send(to("/event", common::post(body))).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn an_optional_event_is_none_if_an_undecodable_payload_is_handed_over() {
    #[derive(Clone, Debug, Deserialize)]
    struct Refund {}
    async fn order(delivery: Delivery, order: Option<Event<Order>>) -> String {
        format!("{:?} {}", order.map(|order| order.number), delivery.decode_error().is_some())
    }
    async fn refund(_: Option<Event<Refund>>) {}
    let layer = layer().json::<Order>().on_undecodable(Undecodable::HandOver);
    let app = Router::new()
        .route("/orders", post(order).layer(layer.clone()))
        .route("/refunds", post(refund).layer(layer));
    let client = Client::new(listen(app).await, Version::Http1);
    assert_eq!(client.send(signed("msg_1", Order::json(17))).await.body(), "Some(17) false");
    assert_eq!(client.send(signed("msg_2", "{}")).await.body(), "None true");
    // The layer has not tried to decode the payload as a `Refund`.
    let response = client.send(to("/refunds", signed("msg_3", "{}"))).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(std::str::from_utf8(response.body()).unwrap().contains("Refund>"));
}

/// Both ways to put the layer in front of an `EventRouter` whose routes are axum handlers with state.
#[tokio::test]
async fn events_are_routed_to_handlers_with_state() {
    async fn on_push(State(greeting): State<&'static str>, delivery: Delivery, body: String) -> String {
        format!("{greeting} {:?} {body}", delivery.event_type())
    }
    async fn on_ping() -> StatusCode {
        StatusCode::NO_CONTENT
    }
    let events =
        || EventRouter::new().on("push", on_push.with_state("hello")).on("ping", on_ping.into_service());
    let hooks = || {
        let (tell, outcomes) = outcomes();
        let secret: Secret = "a secret".parse().unwrap();
        (WebhookLayer::with_verifier(provider::github(secret)).on_outcome(tell), outcomes)
    };
    let (above, mut outcomes_above) = hooks();
    let (around, mut outcomes_around) = hooks();
    let app = Router::new()
        .route("/orders", post_service(events()).layer(above))
        .route_service("/more", around.layer(events()));
    let client = Client::new(listen(app).await, Version::Http1);
    for (path, outcomes) in [("/orders", &mut outcomes_above), ("/more", &mut outcomes_around)] {
        let send = async |id, event| client.send(to(path, github("a secret", id, event, "{}"))).await;
        let push = send("1", "push").await;
        assert_eq!((push.status(), &**push.body()), (StatusCode::OK, &br#"hello Some("push") {}"#[..]));
        assert_eq!(outcomes.next().await.kind(), OutcomeKind::Accepted);
        assert_eq!(send("2", "ping").await.status(), StatusCode::NO_CONTENT);
        assert_eq!(outcomes.next().await.kind(), OutcomeKind::Accepted);
        let star = send("3", "star").await;
        assert_eq!((star.status(), star.body().len()), (StatusCode::OK, 0));
        let ignored = outcomes.next().await;
        assert_eq!(
            (ignored.kind(), ignored.settlement()),
            (OutcomeKind::Ignored, Some(Settlement::Released))
        );
        assert_eq!(send("1", "push").await.headers()["x-webhook-duplicate"], "true");
        assert_eq!(outcomes.next().await.kind(), OutcomeKind::Duplicate);
    }
}

#[tokio::test]
async fn into_inner_moves_the_event_out_in_a_handler() {
    #[derive(Deserialize)]
    struct OneOfAKind {
        number: u32,
    }
    impl Clone for OneOfAKind {
        fn clone(&self) -> Self {
            panic!("the event was cloned")
        }
    }
    async fn handler(delivery: Delivery, event: Event<OneOfAKind>) -> String {
        format!("{:?} {}", delivery.id(), event.into_inner().number)
    }
    let app = Router::new().route("/orders", post(handler).layer(layer().json::<OneOfAKind>()));
    assert_eq!(send(app, signed("msg_1", Order::json(17))).await.body(), "Some(\"msg_1\") 17");
}

#[tokio::test]
async fn try_into_inner_moves_out_an_event_that_is_not_clone() {
    #[derive(Deserialize)]
    struct Uncloneable {
        number: u32,
    }
    async fn handler(event: Event<Uncloneable>) -> Result<String, StatusCode> {
        let event = event.try_into_inner().map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
        Ok(event.number.to_string())
    }
    let app = Router::new().route("/orders", post(handler).layer(layer().json::<Uncloneable>()));
    assert_eq!(send(app, signed("msg_1", Order::json(17))).await.body(), "17");
}

#[tokio::test]
async fn an_event_can_be_destructured_and_can_be_built_for_a_test() {
    async fn handler(Event(order): Event<Order>) -> String {
        order.number.to_string()
    }
    let app = Router::new().route("/orders", post(handler).layer(layer().json::<Order>()));
    assert_eq!(send(app, signed("msg_1", Order::json(17))).await.body(), "17");
    assert_eq!(handler(Event(std::sync::Arc::new(Order { number: 17 }))).await, "17");
}

#[tokio::test]
async fn each_route_decodes_its_own_payload() {
    #[derive(Deserialize)]
    struct Refund {
        order: u32,
    }
    async fn on_order(Payload(order): Payload<Order>) -> String {
        format!("order {}", order.number)
    }
    async fn on_refund(delivery: Delivery, refund: Payload<Refund>) -> String {
        format!("{:?}: refund of {}", delivery.id(), refund.order)
    }
    let routes = Router::new().route("/orders", post(on_order)).route("/refunds", post(on_refund));
    let client = Client::new(listen(routes.layer(layer())).await, Version::Http1);
    assert_eq!(client.send(signed("msg_1", Order::json(17))).await.body(), "order 17");
    let refund = to("/refunds", signed("msg_2", r#"{"order":17}"#));
    assert_eq!(client.send(refund).await.body(), "Some(\"msg_2\"): refund of 17");
}

/// On one route the layer decodes the payload, on the other the handler does.
#[tokio::test]
async fn a_payload_of_another_type_is_rejected_whether_the_layer_or_the_handler_decodes_it() {
    async fn by_layer(order: Event<Order>) -> String {
        order.number.to_string()
    }
    async fn by_handler(Payload(order): Payload<Order>) -> String {
        order.number.to_string()
    }
    let naming = |rejection: &Rejection, mut response: Response<Bytes>| {
        response.headers_mut().insert("x-kind", HeaderValue::from_static(rejection.kind().as_str()));
        response
    };
    for (layer, content_type, text) in [
        (layer(), "application/json", "undecodable payload"),
        (layer().rejections_as_problem_json(), "application/json", r#""title":"undecodable payload""#),
        (layer().on_rejection(naming), "application/json", "undecodable payload"),
        // The rejection is the same even if `complete_when` treats every response as a success.
        (layer().complete_when(|_| true), "application/json", "undecodable payload"),
        (layer().detached(), "application/json", "undecodable payload"),
        (layer().ack_deadline(Duration::from_secs(60)), "application/json", "undecodable payload"),
        (layer(), "application/grpc", ""),
    ] {
        let (tell, mut outcomes) = outcomes();
        let layer = layer.on_outcome(tell);
        let app = Router::new()
            .route("/orders", post(by_handler).layer(layer.clone()))
            .route("/decoded", post(by_layer).layer(layer.json::<Order>()));
        let client = Client::new(listen(app).await, Version::Http1);
        let send = async |path: &str, body: String| {
            let mut request = to(path, signed("msg_1", body));
            request.headers_mut().insert("content-type", HeaderValue::from_static(content_type));
            let mut response = client.send(request).await;
            response.headers_mut().remove("date");
            response
        };
        let bad = || r#"{"number":"SECRET"}"#.to_owned();
        let (expected, decoded) = (send("/decoded", bad()).await, outcomes.next().await);
        let (response, outcome) = (send("/orders", bad()).await, outcomes.next().await);
        assert_eq!(response.status(), expected.status());
        assert_eq!(response.headers(), expected.headers());
        assert_eq!(response.body(), expected.body());
        assert!(std::str::from_utf8(response.body()).unwrap().contains(text), "{response:?}");

        for outcome in [&decoded, &outcome] {
            let rejection = outcome.rejection().unwrap();
            let source = rejection.source().unwrap().to_string();
            assert_eq!(rejection.kind(), RejectionKind::Undecodable);
            assert_eq!(source, "payload field `number` is invalid, at line 1 column 18");
        }
        let end = |outcome: &Outcome| (outcome.kind(), outcome.handler(), outcome.settlement());
        assert_eq!(end(&decoded), (OutcomeKind::Rejected, None, None));
        assert_eq!(
            end(&outcome),
            (OutcomeKind::Accepted, Some(HandlerEnd::Failed), Some(Settlement::Released))
        );
        assert_eq!(
            (outcome.status(), outcome.grpc_status()),
            (Some(response.status()), decoded.grpc_status())
        );
        // A retry of the same delivery with a corrected payload.
        assert_eq!(send("/orders", Order::json(17)).await.body(), "17");
    }
}

#[tokio::test]
async fn a_payload_that_a_route_of_an_event_router_cannot_decode_is_rejected() {
    async fn on_push(_: Payload<Order>) {}
    let (tell, mut outcomes) = outcomes();
    let layer = WebhookLayer::with_verifier(provider::github("a secret".parse::<Secret>().unwrap()));
    let layer = layer.rejections_as_problem_json().on_outcome(tell);
    let events = EventRouter::new().on("push", on_push.into_service());
    let app = Router::new().route("/orders", post_service(events).layer(layer));
    let response = send(app, github("a secret", "1", "push", "{}")).await;
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let rejection = outcomes.next().await.rejection().map(Rejection::kind);
    assert_eq!(rejection, Some(RejectionKind::Undecodable));
}

/// A provider may retry after a 500 but not after a 422.
#[tokio::test]
async fn a_payload_rejection_whose_status_the_handler_changes_is_a_handler_failure() {
    async fn handler(
        order: Result<Payload<Order>, PayloadRejection>,
    ) -> Result<(), (StatusCode, PayloadRejection)> {
        order.map(|_| ()).map_err(|rejection| (StatusCode::INTERNAL_SERVER_ERROR, rejection))
    }
    for layer in [layer(), layer().complete_when(|_| true)] {
        let (tell, mut outcomes) = outcomes();
        let app = Router::new().route("/orders", post(handler).layer(layer.on_outcome(tell)));
        let response = send(app, signed("msg_1", "{}")).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.body(), "payload field `number` is missing, at line 1 column 2");
        let outcome = outcomes.next().await;
        assert!(outcome.rejection().is_none());
        assert_eq!(outcome.settlement(), Some(Settlement::Released));
    }
}

#[tokio::test]
async fn a_handler_can_take_the_rejection_of_a_payload_as_an_argument() {
    async fn handler(order: Result<Payload<Order>, PayloadRejection>) -> String {
        match order {
            Err(PayloadRejection::DecodeError(error)) => error.path().unwrap().to_owned(),
            other => panic!("{other:?}"),
        }
    }
    let app = Router::new().route("/orders", post(handler).layer(layer()));
    assert_eq!(send(app, signed("msg_1", "{}")).await.body(), "number");
}

#[tokio::test]
async fn one_layer_on_a_router_and_on_a_route_in_it_runs_each_delivery_once() {
    async fn handler(delivery: Delivery, order: Event<Order>) -> String {
        format!("{:?} {} {}", delivery.id(), delivery.is_deduped(), order.number)
    }
    let layer = layer().json::<Order>();
    let hooks = Router::new().route("/orders", post(handler).layer(layer.clone())).layer(layer.clone());
    let app = Router::new().nest("/hooks", hooks).layer(layer);
    let client = Client::new(listen(app).await, Version::Http1);
    let order = || to("/hooks/orders", signed("msg_1", Order::json(17)));
    let response = client.send(order()).await;
    assert_eq!(response.body(), "Some(\"msg_1\") true 17", "{}", response.status());
    assert_eq!(client.send(order()).await.headers()["x-webhook-duplicate"], "true");
}

#[tokio::test]
async fn a_layer_on_a_route_guards_only_that_route_and_one_on_a_router_guards_all() {
    let routes = |webhook| Router::new().route("/orders", webhook).route("/health", get(async || "healthy"));
    let health = || Request::get("/health").body(Empty::<Bytes>::new()).unwrap();
    let nowhere = || Request::get("/nowhere").body(Empty::<Bytes>::new()).unwrap();

    let narrow = Client::new(listen(routes(post(async || ()).layer(layer()))).await, Version::Http1);
    assert_eq!(narrow.send(health()).await.body(), "healthy");
    assert_eq!(narrow.send(nowhere()).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(narrow.send(common::post("{}")).await.status(), StatusCode::UNAUTHORIZED);

    let wide = Client::new(listen(routes(post(async || ())).layer(layer())).await, Version::Http1);
    assert_eq!(wide.send(health()).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(wide.send(nowhere()).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(wide.send(signed("msg_1", "{}")).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_405_of_the_route_releases_the_delivery() {
    let (tell, mut outcomes) = outcomes();
    let app = Router::new().route("/orders", post(async || ())).layer(layer().on_outcome(tell));
    let client = Client::new(listen(app).await, Version::Http1);
    let mut put = signed("msg_1", "{}");
    *put.method_mut() = http::Method::PUT;
    assert_eq!(client.send(put).await.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(outcomes.next().await.settlement(), Some(Settlement::Released));
    assert_eq!(client.send(signed("msg_1", "{}")).await.status(), StatusCode::OK);
}

/// The `LengthLimitError` reaches the layer inside two other errors: that of `RequestBodyLimitLayer`'s body type, and
/// that of `axum::body::Body`.
#[tokio::test]
async fn a_limit_above_the_layer_is_a_413_as_well() {
    let (tell, mut outcomes) = outcomes();
    let app = Router::new()
        .route("/orders", post(async || ()).layer(layer().on_outcome(tell)))
        .layer(RequestBodyLimitLayer::new(1024));
    // Over HTTP/1, the limit layer stops reading, so the client might be disconnected before it reads the response.
    let client = Client::new(listen(app).await, Version::Http2);
    let unannounced = common::in_chunks(signed("msg_1", vec![b' '; 4096]), 100, None).await;
    let response = client.send(unannounced).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let rejection = outcomes.next().await.rejection().map(Rejection::kind);
    assert_eq!(rejection, Some(RejectionKind::BodyTooLarge));
}

#[tokio::test]
async fn a_tenant_whose_name_has_a_percent_sign_is_not_confused_with_another() {
    #[derive(Clone)]
    struct Tenant(&'static str);

    let verifier = |secret: &str| provider::github(secret.parse::<Secret>().unwrap());
    let (acme, mallory) = (verifier("acme's"), verifier("mallory's"));
    let tenants = HashMap::from([
        ("acme", Endpoint::new(acme).insert(Tenant("acme"))),
        ("acm%65", Endpoint::new(mallory).insert(Tenant("acm%65"))),
    ]);
    let layer = WebhookLayer::with_lookup(move |head: &Parts| {
        let name = head.uri.path().rsplit('/').next().unwrap_or_default();
        let endpoint = tenants.get(name).cloned();
        async move { Ok(endpoint) }
    });
    let handler = async |Path(path): Path<String>, Extension(Tenant(name)): Extension<Tenant>| {
        assert_eq!(path, "acme", "axum decodes the path");
        name
    };
    let app = Router::new().route("/webhook/{tenant}", post(handler).layer(layer));
    let client = Client::new(listen(app).await, Version::Http1);
    for (name, secret) in [("acme", "acme's"), ("acm%65", "mallory's")] {
        let delivery = to(&format!("/webhook/{name}"), github(secret, name, "ping", "{}"));
        assert_eq!(client.send(delivery).await.body(), name);
    }
}

#[tokio::test]
async fn a_graceful_shutdown_waits_for_the_running_delivery() {
    let (tell, mut outcomes) = outcomes();
    let (desk, mut calls) = common::desk();
    let handler = async move |delivery: Delivery, body: Body| desk.handle(Some(delivery), None, body).await;
    let app = Router::new().route("/orders", post(handler).layer(layer().on_outcome(tell)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::new(listener.local_addr().unwrap(), Version::Http1);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = axum::serve(listener, app).with_graceful_shutdown(async { drop(stopped.await) });
    let server = tokio::spawn(async move { serving.await });

    let sending = tokio::spawn(async move { client.send(signed("msg_1", "{}")).await });
    let call = calls.next().await;
    stop.send(()).unwrap();
    call.answer(StatusCode::OK);
    assert_eq!(soon(sending).await.unwrap().status(), StatusCode::OK);
    soon(server).await.unwrap().unwrap();
    assert_eq!(outcomes.next().await.settlement(), Some(Settlement::Completed));
}
