//! The layer on hyper, over real sockets.

use std::{convert::Infallible, net::SocketAddr};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::net::TcpListener;
use tower::{ServiceBuilder, service_fn};
use tower_webhook::{Body, Delivery, Event, WebhookLayer};

use crate::common::{Desk, Order};

async fn serve(layer: WebhookLayer, desk: Desk) -> SocketAddr {
    let service = ServiceBuilder::new().layer(layer).service(service_fn(move |request: Request<Body>| {
        let desk = desk.clone();
        async move {
            let (mut head, body) = request.into_parts();
            let delivery = head.extensions.get::<Delivery>().cloned();
            let order = head.extensions.remove::<Event<Order>>().map(Event::into_inner);
            let mut response = Response::<Full<Bytes>>::default();
            *response.status_mut() = desk.handle(delivery, order, body).await;
            Ok::<_, Infallible>(response)
        }
    }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(async move {
                // The connection fails if the client disconnects, as in some tests.
                let server = auto::Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

every_host_must!(serve);
