//! salvo: the layer and its handler as one salvo handler, and the layer as a hoop above a salvo handler.

use std::convert::Infallible;

use frameworks::{Order, assert_guarded, listen, webhooks};
use http::{Request, Response};
use salvo::{
    Router, Server,
    conn::tcp::TcpAcceptor,
    handler,
    http::ReqBody,
    prelude::{TowerLayerCompat, TowerServiceCompat},
};
use tokio::net::TcpListener;
use tower::{ServiceBuilder, service_fn};
use tower_webhook::{Body, Delivery, Event};

async fn on_request(request: Request<Body>) -> Result<Response<String>, Infallible> {
    let order = request.extensions().get::<Event<Order>>().unwrap();
    Ok(Response::new(format!("order {}", order.number)))
}

#[handler]
async fn on_order(request: &mut salvo::Request) -> String {
    let order: Order = request.parse_json().await.unwrap();
    assert!(request.extensions().get::<Event<Order>>().is_some());
    format!("order {}", order.number)
}

/// Converts the body to the type that salvo's handlers expect.
fn to_salvo(request: Request<Body>) -> Request<ReqBody> {
    let delivery = request.extensions().get::<Delivery>();
    let body = delivery.map_or(ReqBody::None, |delivery| ReqBody::Once(delivery.payload().clone()));
    request.map(|_| body)
}

#[tokio::test]
async fn service_as_a_handler() {
    let webhook = ServiceBuilder::new().layer(webhooks()).service(service_fn(on_request));
    let webhook = TowerServiceCompat::<ReqBody, _, _, _>::compat(webhook);
    assert_guarded_on_salvo(Router::with_path("webhook").post(webhook)).await;
}

#[tokio::test]
async fn layer_as_a_hoop() {
    let layer = ServiceBuilder::new().layer(webhooks()).map_request(to_salvo);
    let hoop = TowerLayerCompat::compat::<ReqBody>(layer);
    assert_guarded_on_salvo(Router::with_path("webhook").hoop(hoop).post(on_order)).await;
}

async fn assert_guarded_on_salvo(router: Router) {
    let (listener, address) = listen();
    let acceptor = TcpAcceptor::try_from(TcpListener::from_std(listener).unwrap()).unwrap();
    tokio::spawn(async { Server::new(acceptor).serve(router).await });
    assert_guarded(address).await;
}
