//! A Lambda function whose handler takes `lambda_http::Request`, as in lambda_http's documentation.

use frameworks::{Order, webhooks};
use lambda_http::{Body, Error, Request, RequestExt, Response, service_fn};
use tower::ServiceBuilder;
use tower_webhook::Delivery;

async fn on_order(request: Request) -> Result<Response<Body>, Error> {
    assert_eq!(request.raw_http_path(), "/webhook");
    let order: Order = serde_json::from_slice(request.body())?;
    Ok(Response::new(format!("order {}", order.number).into()))
}

fn to_lambda(request: http::Request<tower_webhook::Body>) -> Request {
    let delivery = request.extensions().get::<Delivery>();
    let body = delivery.map_or(Body::Empty, |delivery| delivery.payload().to_vec().into());
    request.map(|_| body)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let service =
        ServiceBuilder::new().layer(webhooks()).map_request(to_lambda).service(service_fn(on_order));
    lambda_http::run(service).await
}
