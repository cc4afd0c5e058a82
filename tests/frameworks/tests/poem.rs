//! poem: the layer and its handler are one endpoint of a poem application.

use std::convert::Infallible;

use frameworks::{Order, assert_guarded, listen, webhooks};
use http::{Request, Response};
use poem::{EndpointExt, Route, Server, endpoint::TowerCompatExt, listener::TcpAcceptor, post};
use tower::{ServiceBuilder, service_fn};
use tower_webhook::{Body, Event};

async fn on_order(request: Request<Body>) -> Result<Response<String>, Infallible> {
    let order = request.extensions().get::<Event<Order>>().unwrap();
    Ok(Response::new(format!("order {}", order.number)))
}

#[tokio::test]
async fn endpoint() {
    let webhook = ServiceBuilder::new().layer(webhooks()).service(service_fn(on_order));
    let app = Route::new().at("/webhook", post(webhook.compat()).boxed());
    let (listener, address) = listen();
    let server = Server::new_with_acceptor(TcpAcceptor::from_std(listener).unwrap());
    tokio::spawn(async { server.run(app).await.unwrap() });
    assert_guarded(address).await;
}
