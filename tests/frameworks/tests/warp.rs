//! warp: a filter as the service below the layer, served by hyper.

use frameworks::{Order, assert_guarded, listen, webhooks};
use http::{Request, Response};
use http_body::Body;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::net::TcpListener;
use tower::{Layer, Service};
use tower_webhook::{BoxError, Delivery, Event};
use warp::{Filter, Rejection};

fn on_order(_: Delivery, order: Event<Order>) -> String {
    format!("order {}", order.number)
}

/// Extracts the delivery and the event as arguments of a handler.
fn delivered() -> impl Filter<Extract = (Delivery, Event<Order>), Error = Rejection> + Copy {
    warp::ext::get().and(warp::ext::get())
}

/// Serves a generic `S`. If a filter such as `warp::path("webhook")` is spawned directly, rustc does not accept that
/// its `&'static str` is `'static`.
async fn assert_guarded_on_hyper<S, R>(service: S)
where
    S: Service<Request<Incoming>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    R: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let (listener, address) = listen();
    let listener = TcpListener::from_std(listener).unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    assert_guarded(address).await;
}

#[tokio::test]
async fn path() {
    let filter =
        warp::path("webhook").and(warp::path::end()).and(warp::post()).and(delivered()).map(on_order);
    assert_guarded_on_hyper(webhooks().layer(warp::service(filter))).await;
}

/// Filters without references can be spawned directly.
#[tokio::test]
async fn filter_without_references() {
    let filter = warp::path!("webhook").and(warp::post()).and(delivered()).map(on_order);
    let service = webhooks().layer(warp::service(filter));
    let (listener, address) = listen();
    let listener = TcpListener::from_std(listener).unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    assert_guarded(address).await;
}
