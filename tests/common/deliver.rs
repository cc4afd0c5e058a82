//! A handler that answers with its input.

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{Body, BoxError, Delivery, Rejection, RejectionKind, WebhookLayer};

/// Sends a request through the layer to a handler that answers with the body, and with the delivery as an extension.
pub async fn answer<B>(layer: &WebhookLayer, request: Request<B>) -> Response<Bytes>
where
    B: HttpBody<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let service = layer.layer(service_fn(async |request: Request<Body>| {
        let (head, body) = request.into_parts();
        let delivery = head.extensions.get::<Delivery>().cloned().ok_or("no delivery")?;
        let mut response = Response::new(Full::new(body.collect().await?.to_bytes()));
        response.extensions_mut().insert(delivery);
        Ok::<_, BoxError>(response)
    }));
    let (head, body) = service.oneshot(request).await.unwrap().into_parts();
    Response::from_parts(head, body.collect().await.unwrap().to_bytes())
}

/// Returns the delivery, `None` for a duplicate, or the kind of the rejection.
pub async fn send<B>(layer: &WebhookLayer, request: Request<B>) -> Result<Option<Delivery>, RejectionKind>
where
    B: HttpBody<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let response = answer(layer, request).await;
    match response.extensions().get::<Rejection>() {
        Some(rejection) => Err(rejection.kind()),
        None => Ok(response.extensions().get::<Delivery>().cloned()),
    }
}
