//! A Lambda function whose handler takes requests with the layer's body.

use frameworks::{Order, webhooks};
use lambda_http::{Body, Error, RequestExt, Response, service_fn};
use tower::ServiceBuilder;
use tower_webhook::Event;

async fn on_order(request: http::Request<tower_webhook::Body>) -> Result<Response<Body>, Error> {
    assert_eq!(request.raw_http_path(), "/webhook");
    let order = request.extensions().get::<Event<Order>>().unwrap();
    Ok(Response::new(format!("order {}", order.number).into()))
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    lambda_http::run(ServiceBuilder::new().layer(webhooks()).service(service_fn(on_order))).await
}
