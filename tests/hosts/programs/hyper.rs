//! Services on hyper, with every kind of handler and body.

use std::{
    cell::Cell,
    collections::{HashMap, VecDeque},
    convert::Infallible,
    io,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{
    BodyExt, Empty, Full, Limited,
    combinators::{BoxBody, UnsyncBoxBody},
};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_webhook::{Body, BoxError, Delivery, WebhookLayer, WebhookService};

use super::{assert_guarded, assert_guarded_in, webhooks};
use crate::common::signed;

async fn generic<B>(request: Request<B>) -> Result<Response<Full<Bytes>>, Infallible> {
    assert!(request.extensions().get::<Delivery>().is_some());
    Ok(Response::default())
}

async fn concrete(request: Request<Body>) -> Result<Response<Full<Bytes>>, Infallible> {
    assert_eq!(request.into_body().collect().await.unwrap().to_bytes(), "{}");
    Ok(Response::default())
}

/// Sends a delivery to a service over a hyper connection, which requires hyper's bounds.
macro_rules! served {
    ($service:expr) => {{
        let (near, far) = tokio::io::duplex(4096);
        let service = TowerToHyperService::new($service);
        tokio::spawn(async move {
            let builder = auto::Builder::new(TokioExecutor::new());
            builder.serve_connection(TokioIo::new(far), service).await.unwrap();
        });
        let (mut client, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(near)).await.unwrap();
        tokio::spawn(connection);
        let response = client.send_request(signed("msg_0", "{}")).await.unwrap();
        assert_eq!(response.status(), 200);
    }};
}

#[tokio::test]
async fn function_generic_over_the_body() {
    let service = ServiceBuilder::new().layer(webhooks()).service_fn(generic);
    served!(service.clone());
    let service = ServiceBuilder::new().layer(webhooks()).service(service_fn(generic));
    assert_guarded(service).await;
}

#[tokio::test]
async fn function_of_the_layers_body() {
    let service = ServiceBuilder::new().layer(webhooks()).service_fn(concrete);
    served!(service);
    assert_guarded(ServiceBuilder::new().layer(webhooks()).service_fn(concrete)).await;
}

#[tokio::test]
async fn closure_whose_body_is_not_named() {
    let handler = async |request: Request<_>| {
        let delivery = request.extensions().get::<Delivery>().cloned();
        Ok::<_, Infallible>(Response::new(delivery.unwrap().payload().clone()).map(Full::new))
    };
    let service = ServiceBuilder::new().layer(webhooks()).service_fn(handler);
    served!(service);
    let handler = |_: Request<_>| async { Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())) };
    let service = ServiceBuilder::new().layer(webhooks()).service_fn(handler);
    served!(service.clone());
    assert_guarded(service).await;
}

#[tokio::test]
async fn response_bodies_of_every_kind() {
    macro_rules! answering {
        ($body:expr) => {{
            let handler = async |_: Request<Body>| Ok::<_, Infallible>(Response::new($body));
            let service = ServiceBuilder::new().layer(webhooks()).service_fn(handler);
            served!(service);
            assert_guarded(ServiceBuilder::new().layer(webhooks()).service_fn(handler)).await;
        }};
    }
    answering!(Full::new(Bytes::from_static(b"full")));
    answering!(Empty::<Bytes>::new());
    answering!(String::from("text"));
    answering!(Body::from(Bytes::from_static(b"the layer's own")));
    answering!(Full::new(Bytes::new()).boxed());
    answering!(UnsyncBoxBody::<Bytes, io::Error>::default());
    answering!(BoxBody::<Bytes, BoxError>::default());
    answering!(axum::body::Body::from("axum's"));
    answering!(tonic::body::Body::empty());
}

#[tokio::test]
async fn request_bodies_of_every_kind() {
    macro_rules! taking {
        ($adapt:expr) => {
            let service = ServiceBuilder::new().layer(webhooks()).service_fn(concrete);
            assert_guarded_in(service, |sent| sent.map($adapt)).await;
        };
    }
    taking!(|body: Full<Bytes>| body.boxed());
    taking!(|body: Full<Bytes>| body.boxed_unsync());
    taking!(|body: Full<Bytes>| axum::body::Body::new(body));
    taking!(|body: Full<Bytes>| tonic::body::Body::new(body));
    taking!(|body: Full<Bytes>| Limited::new(body, 2));
    taking!(|body: Full<Bytes>| body.map_err(|never| -> String { match never {} }));
    // Data that is not `Bytes`.
    taking!(|body: Full<Bytes>| body.map_frame(|frame| frame.map_data(|data| VecDeque::from(data.to_vec()))));
    // Not `Sync`.
    taking!(|body: Full<Bytes>| {
        let cell = Cell::new(0);
        body.map_frame(move |frame| {
            cell.set(cell.get() + 1);
            frame
        })
    });
    // Not `Unpin`.
    taking!(|body: Full<Bytes>| body.with_trailers(async { None }));
}

#[tokio::test]
async fn error_types_of_every_kind() {
    macro_rules! failing_with {
        ($error:ty) => {{
            let handler = async |_: Request<Body>| Ok::<_, $error>(Response::new(Full::<Bytes>::default()));
            let service = ServiceBuilder::new().layer(webhooks()).service_fn(handler);
            served!(service);
        }};
    }
    failing_with!(Infallible);
    failing_with!(io::Error);
    failing_with!(hyper::Error);
    failing_with!(String);
}

/// A handwritten service.
#[derive(Clone)]
struct ByHand;

impl Service<Request<Body>> for ByHand {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        std::future::ready(Ok(Response::default()))
    }
}

#[tokio::test]
async fn service_written_by_hand_and_named() {
    struct App {
        webhooks: WebhookService<ByHand>,
    }
    let app = App { webhooks: webhooks().layer(ByHand) };
    served!(app.webhooks.clone());
    assert_guarded(app.webhooks).await;
}

#[tokio::test]
async fn service_boxed() {
    type Boxed = BoxCloneSyncService<Request<Incoming>, Response<BoxBody<Bytes, Infallible>>, Infallible>;
    let service: Boxed = ServiceBuilder::new()
        .layer(BoxCloneSyncService::layer())
        .map_response(|response: Response<_>| response.map(BodyExt::boxed))
        .layer(webhooks())
        .service_fn(concrete);
    served!(service);
    let service = ServiceBuilder::new().layer(webhooks()).service_fn(generic).boxed_clone();
    assert_guarded(service).await;
}

/// The layer's type can be named in fields, collections and return types.
struct Endpoints {
    default: WebhookLayer,
    tenants: HashMap<&'static str, WebhookLayer>,
    staged: Option<WebhookLayer>,
    all: Vec<WebhookLayer>,
}

impl Endpoints {
    fn of(&self, tenant: &str) -> WebhookLayer {
        self.tenants.get(tenant).or(self.staged.as_ref()).unwrap_or(&self.default).clone()
    }
}

#[tokio::test]
async fn layer_in_fields_and_collections() {
    let endpoints = Endpoints {
        default: webhooks(),
        tenants: HashMap::from([("acme", webhooks())]),
        staged: None,
        all: vec![webhooks()],
    };
    assert_guarded(endpoints.of("acme").layer(service_fn(generic))).await;
    assert_guarded(endpoints.of("unknown").layer(service_fn(generic))).await;
    for layer in endpoints.all {
        assert_guarded(layer.layer(service_fn(generic))).await;
    }
}
