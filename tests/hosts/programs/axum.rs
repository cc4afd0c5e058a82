//! Every place where axum accepts a layer.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use axum::{
    Extension, Form, Json, Router,
    extract::{Path, State},
    handler::{Handler, HandlerWithoutStateExt},
    http::{Request, request::Parts},
    response::{IntoResponse, Response},
    routing::{any, get, post, post_service},
};
use bytes::Bytes;
use http_body_util::Full;
use serde::Deserialize;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{Delivery, Event, WebhookLayer};

use super::{assert_guarded, webhooks};
use crate::common::signed;

macro_rules! content_type {
    ($value:literal) => {
        tower::util::MapRequestLayer::new(|mut request: axum::extract::Request| {
            request.headers_mut().insert("content-type", http::HeaderValue::from_static($value));
            request
        })
    };
}

async fn on_order(delivery: Delivery) {
    assert_eq!(delivery.payload(), "{}");
}

#[tokio::test]
async fn router_layer() {
    assert_guarded(Router::new().route("/orders", post(on_order)).layer(webhooks())).await;
}

#[tokio::test]
async fn method_router_layer() {
    assert_guarded(Router::new().route("/orders", post(on_order).layer(webhooks()))).await;
    let several = get(async || "hello").post(on_order).layer(webhooks());
    assert_guarded(Router::new().route("/orders", several.fallback(async || "what?"))).await;
    assert_guarded(Router::new().route("/orders", any(on_order).layer(webhooks()))).await;
}

#[tokio::test]
async fn handler_layer() {
    assert_guarded(Router::new().route("/orders", post(on_order.layer(webhooks())))).await;
    let closure = async |_: Delivery, body: Bytes| body;
    assert_guarded(Router::new().route("/orders", post(closure.layer(webhooks())))).await;
}

#[tokio::test]
async fn handler_as_a_separate_service() {
    assert_guarded(on_order.layer(webhooks()).with_state(())).await;
}

#[tokio::test]
async fn route_layer() {
    assert_guarded(Router::new().route("/orders", post(on_order)).route_layer(webhooks())).await;
    assert_guarded(Router::new().route("/orders", post(on_order).route_layer(webhooks()))).await;
}

#[tokio::test]
async fn nested_router() {
    let hooks = || Router::new().route("/", post(on_order));
    assert_guarded(Router::new().nest("/orders", hooks().layer(webhooks()))).await;
    assert_guarded(Router::new().nest("/orders", hooks()).layer(webhooks())).await;
    assert_guarded(Router::new().nest_service("/orders", webhooks().layer(hooks()))).await;
}

#[tokio::test]
async fn nested_router_whose_layer_sees_the_path_without_the_prefix() {
    let hooks = Router::new().route("/", post(on_order));
    let within = webhooks().only_if(|head| head.uri.path() == "/");
    assert_guarded(Router::new().nest("/orders", hooks.clone().layer(within))).await;
    let outside = webhooks().only_if(|head| head.uri.path() == "/orders");
    assert_guarded(Router::new().nest("/orders", hooks).layer(outside)).await;
}

#[tokio::test]
async fn merged_routers() {
    let hooks = Router::new().route("/orders", post(on_order)).layer(webhooks());
    let health = Router::new().route("/health", get(async || "healthy"));
    let app = health.merge(hooks);
    assert_guarded(app.clone()).await;
    let request = Request::get("/health").body(Full::<Bytes>::default()).unwrap();
    assert_eq!(app.oneshot(request).await.unwrap().status(), 200);
}

#[tokio::test]
async fn fallback() {
    assert_guarded(Router::new().fallback(on_order.layer(webhooks()))).await;
    assert_guarded(Router::new().fallback(on_order).layer(webhooks())).await;
    assert_guarded(Router::new().fallback_service(webhooks().layer(on_order.with_state(())))).await;
}

#[tokio::test]
async fn services_as_routes() {
    async fn serve<B>(_: Request<B>) -> Result<Response, Infallible> {
        Ok(Response::default())
    }
    assert_guarded(Router::new().route_service("/orders", webhooks().layer(service_fn(serve)))).await;
    let route = post_service(webhooks().layer(service_fn(serve)));
    assert_guarded(Router::new().route("/orders", route)).await;
    let route = post_service(service_fn(serve)).layer(webhooks());
    assert_guarded(Router::new().route("/orders", route)).await;
}

#[tokio::test]
async fn router_of_any_state() {
    fn hooks<S: Clone + Send + Sync + 'static>() -> Router<S> {
        Router::new()
            .route("/orders", post(on_order).layer(webhooks()))
            .route("/all/{id}", post(on_order))
            .layer(webhooks())
    }
    fn around<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
        router.layer(webhooks())
    }
    assert_guarded(hooks::<()>().with_state(())).await;
    assert_guarded(hooks().with_state(String::new())).await;
    assert_guarded(around(Router::new().route("/orders", post(on_order))).with_state(7)).await;
}

#[tokio::test]
async fn handlers_with_state_and_many_extractors() {
    #[derive(Clone, Debug, Deserialize)]
    struct Order {}

    async fn handler(
        State(state): State<Arc<str>>,
        Extension(extension): Extension<u8>,
        delivery: Delivery,
        order: Event<Order>,
        optional: Option<Event<Order>>,
        Json(again): Json<Order>,
    ) -> Result<impl IntoResponse, Response> {
        assert!(optional.is_some());
        Ok(format!("{state} {extension} {:?} {order:?} {again:?}", delivery.id()))
    }
    let app = Router::new()
        .route("/orders", post(handler).layer(webhooks().json::<Order>()))
        .with_state("state".into())
        .layer(Extension(7_u8))
        // axum's extractors require a content type; the layer does not.
        .layer(content_type!("application/json"));
    assert_guarded(app).await;
}

#[tokio::test]
async fn handlers_that_read_the_body_themselves() {
    async fn text(_: Delivery, body: String) -> String {
        assert_eq!(body, "{}");
        body
    }
    async fn bytes(_: Delivery, body: Bytes) -> Bytes {
        assert_eq!(body, "{}");
        body
    }
    async fn request(request: axum::extract::Request) -> axum::body::Body {
        assert!(request.extensions().get::<Delivery>().is_some());
        request.into_body()
    }
    async fn form(_: Delivery, Form(form): Form<Vec<(String, String)>>) -> String {
        format!("{form:?}")
    }
    assert_guarded(Router::new().route("/orders", post(text).layer(webhooks()))).await;
    assert_guarded(Router::new().route("/orders", post(bytes).layer(webhooks()))).await;
    assert_guarded(Router::new().route("/orders", post(request).layer(webhooks()))).await;
    let app = Router::new()
        .route("/orders", post(form).layer(webhooks()))
        .layer(content_type!("application/x-www-form-urlencoded"));
    assert_guarded(app).await;
}

#[tokio::test]
async fn a_layer_for_each_tenant_in_a_list() {
    let tenants: Vec<(&str, WebhookLayer)> = vec![("/orders", webhooks()), ("/refunds", webhooks())];
    let mut app = Router::new();
    for (path, layer) in &tenants {
        app = app.route(path, post(on_order).layer(layer.clone()));
    }
    assert_guarded(app).await;
}

#[tokio::test]
async fn a_layer_in_the_applications_state() {
    #[derive(Clone)]
    struct App {
        webhooks: WebhookLayer,
    }
    impl App {
        fn layer(&self) -> WebhookLayer {
            self.webhooks.clone().json::<serde_json::Value>()
        }
        fn router(self) -> Router {
            Router::new().route("/orders", post(on_order).layer(self.layer())).with_state(self)
        }
    }
    assert_guarded(App { webhooks: webhooks() }.router()).await;
}

#[tokio::test]
async fn a_tenant_named_by_the_path() {
    // This only tests that `Path` works. An application must take the tenant from the extensions.
    async fn handler(Path(tenant): Path<String>, _: Delivery) -> String {
        tenant
    }
    let layer = WebhookLayer::with_lookup(|head: &Parts| {
        let known = head.uri.path() == "/orders";
        async move {
            let verifier = tower_webhook::provider::standard_webhooks(crate::common::secret())?;
            Ok(known.then_some(verifier))
        }
    });
    let layer = layer.clock(tower_webhook::ManualClock::at_unix(crate::common::NOW));
    assert_guarded(Router::new().route("/{tenant}", post(handler).layer(layer))).await;
}

#[tokio::test]
async fn every_service_that_axum_serve_accepts() {
    let app = Router::new().route("/orders", post(on_order)).layer(webhooks());
    let listener = async || tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let _ = axum::serve(listener().await, app.clone());
    let _ = axum::serve(listener().await, app.clone().into_make_service());
    let _ = axum::serve(listener().await, app.into_make_service_with_connect_info::<SocketAddr>());
    let method_router = post(on_order).layer(webhooks());
    let _ = axum::serve(listener().await, method_router);
    let _ = axum::serve(listener().await, on_order.layer(webhooks()).into_make_service());
}

#[tokio::test]
async fn a_response_that_streams() {
    let handler = async |_: Delivery| {
        let (mut sender, body) = http_body_util::channel::Channel::<Bytes>::new(1);
        sender.send_data(Bytes::from_static(b"streamed")).await.unwrap();
        axum::body::Body::new(body)
    };
    let app = Router::new().route("/orders", post(handler).layer(webhooks()));
    let response = app.oneshot(signed("msg_1", "{}")).await.unwrap();
    assert_eq!(axum::body::to_bytes(response.into_body(), 100).await.unwrap(), "streamed");
}
