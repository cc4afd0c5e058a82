//! The layer on tonic, over real sockets and with tonic's own client.

use std::{
    convert::Infallible,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use axum::routing::post;
use bytes::{Buf, BufMut, Bytes};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::{join, net::TcpListener};
use tonic::{
    Code, Status,
    client::GrpcService,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    server::{Grpc, NamedService, UnaryService},
    service::Routes,
    transport::{Channel, Endpoint, Server, server::TcpIncoming},
};
use tonic_health::{
    ServingStatus,
    pb::{HealthCheckRequest, health_check_response, health_client::HealthClient},
    server::HealthReporter,
};
use tower::Service;
use tower_webhook::{BoxError, Delivery, HandlerEnd, ManualClock, OutcomeKind, Settlement, WebhookLayer};

use crate::common::{
    self, Calls, Client, Desk, NOW, Outcomes, SECRET, Version, desk, outcomes, secret, signed, soon,
};

/// A client service that signs gRPC calls. It buffers the framed message and signs it with the `webhook-id` from the
/// metadata.
#[derive(Clone)]
struct Signing {
    channel: Channel,
    secret: &'static str,
    at: u32,
}

impl Service<Request<tonic::body::Body>> for Signing {
    type Response = Response<tonic::body::Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        GrpcService::poll_ready(&mut self.channel, cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<tonic::body::Body>) -> Self::Future {
        let ready = self.channel.clone();
        let mut channel = std::mem::replace(&mut self.channel, ready);
        let (secret, at) = (self.secret, self.at);
        Box::pin(async move {
            let (mut head, body) = request.into_parts();
            let body = body.collect().await?.to_bytes();
            let id = head.headers["webhook-id"].to_str()?.to_owned();
            head.headers.extend(common::standard_headers(secret, at, &id, &body));
            let request = Request::from_parts(head, tonic::body::Body::new(Full::new(body)));
            Ok(Service::call(&mut channel, request).await?)
        })
    }
}

/// A gRPC service with one method, whose responses the test controls.
#[derive(Clone)]
struct Orders(Desk);

impl NamedService for Orders {
    const NAME: &'static str = "shop.Orders";
}

// Generic over the body, like the services that tonic generates.
impl<B> Service<Request<B>> for Orders
where
    B: http_body::Body + Send + 'static,
    B::Error: Into<BoxError> + Send,
{
    type Response = Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let place = Place(self.0.clone());
        Box::pin(async move { Ok(Grpc::new(AsBytes).unary(place, request).await) })
    }
}

struct Place(Desk);

impl UnaryService<Bytes> for Place {
    type Response = Bytes;
    type Future = Pin<Box<dyn Future<Output = Result<tonic::Response<Bytes>, Status>> + Send>>;

    fn call(&mut self, mut request: tonic::Request<Bytes>) -> Self::Future {
        let desk = self.0.clone();
        Box::pin(async move {
            let delivery = request.extensions_mut().remove::<Delivery>();
            let message = Full::new(request.into_inner());
            match desk.handle(delivery, None, message).await {
                StatusCode::OK => Ok(tonic::Response::new(Bytes::from_static(b"placed"))),
                _ => Err(Status::internal("order failed")),
            }
        })
    }
}

/// A codec whose messages are plain bytes.
struct AsBytes;

impl Codec for AsBytes {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for AsBytes {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for AsBytes {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

/// Serves `$server` and connects to it. A function would need ten lines of bounds to name a server with a layer.
macro_rules! listen {
    ($server:expr) => {{
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = $server.serve_with_incoming(TcpIncoming::from(listener));
        tokio::spawn(async move { serving.await.unwrap() });
        connect(address)
    }};
}

struct Host {
    channel: Channel,
    health: HealthReporter,
    calls: Calls,
    outcomes: Outcomes,
}

/// Starts a server with both services behind the layer, which `set` configures.
async fn start(set: impl FnOnce(WebhookLayer) -> WebhookLayer) -> Host {
    let (layer, outcomes) = layer();
    let (desk, calls) = desk();
    let (health, health_server) = tonic_health::server::health_reporter();
    let layer = set(layer);
    let server = Server::builder().layer(layer).add_service(Orders(desk)).add_service(health_server);
    Host { channel: listen!(server), health, calls, outcomes }
}

fn layer() -> (WebhookLayer, Outcomes) {
    let (tell, outcomes) = outcomes();
    (WebhookLayer::new(secret()).clock(ManualClock::at_unix(NOW)).on_outcome(tell), outcomes)
}

fn connect(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy()
}

fn signing(channel: &Channel) -> Signing {
    Signing { channel: channel.clone(), secret: SECRET, at: NOW }
}

/// Returns a request that `Signing` signs as the delivery `id`.
fn delivery<T>(id: &str, message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.metadata_mut().insert("webhook-id", id.parse().unwrap());
    request
}

async fn place<S>(service: S, id: &str, message: &str) -> Result<tonic::Response<Bytes>, Status>
where
    S: GrpcService<tonic::body::Body, Error: Into<BoxError>>,
    S::ResponseBody: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let mut client = tonic::client::Grpc::new(service);
    client.ready().await.map_err(|error| Status::from_error(error.into()))?;
    let path = http::uri::PathAndQuery::from_static("/shop.Orders/Place");
    let message = Bytes::copy_from_slice(message.as_bytes());
    soon(client.unary(delivery(id, message), path, AsBytes)).await
}

async fn check<S>(service: S, id: &str, name: &str) -> Result<health_check_response::ServingStatus, Status>
where
    S: GrpcService<tonic::body::Body, Error: Into<BoxError>>,
    S::ResponseBody: http_body::Body<Data = Bytes, Error: Into<BoxError> + Send> + Send + 'static,
{
    let question = delivery(id, HealthCheckRequest { service: name.to_owned() });
    let answer = soon(HealthClient::new(service).check(question)).await?;
    Ok(answer.into_inner().status())
}

const SERVING: health_check_response::ServingStatus = health_check_response::ServingStatus::Serving;

#[tokio::test]
async fn the_handler_finds_the_delivery_in_the_requests_extensions() {
    let mut host = start(|layer| layer).await;
    let (answer, call) =
        join!(place(signing(&host.channel), "msg_1", "two"), host.calls.answer(StatusCode::OK));
    assert_eq!(*answer.unwrap().get_ref(), "placed");
    assert_eq!(call.body, "two");
    let outcome = host.outcomes.next().await;
    assert_eq!(outcome.kind(), OutcomeKind::Accepted);
    assert_eq!(outcome.settlement(), Some(Settlement::Completed));
    let delivery = call.delivery.unwrap();
    assert_eq!(delivery.id(), Some("msg_1"));
    // The signed content is the message in its gRPC frame: one byte of flags, four of length.
    assert_eq!(*delivery.payload(), b"\0\0\0\0\x03two"[..]);
}

#[tokio::test]
async fn a_call_without_a_valid_signature_is_unauthenticated() {
    let mut host = start(|layer| layer).await;
    let service = signing(&host.channel);
    let forger = Signing { secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", ..service.clone() };
    let late = Signing { at: NOW - 301, ..service };
    for (answer, message) in [
        (place(host.channel.clone(), "msg_1", "two").await, "missing signature"),
        (place(forger, "msg_1", "two").await, "wrong signature"),
        (place(late, "msg_1", "two").await, "stale timestamp"),
    ] {
        let status = answer.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Unauthenticated, message));
        assert_eq!(host.outcomes.next().await.grpc_status(), Some(16));
    }
    assert!(host.calls.is_empty());
}

#[tokio::test]
async fn a_call_that_is_too_large_or_undecodable_is_rejected_with_its_status() {
    let host = start(|layer| layer.body_limit(1024).decode::<(), _>(|_| Err("not an order".into()))).await;
    let large = "two ".repeat(1024);
    for (message, code, text) in [
        (&*large, Code::ResourceExhausted, "body too large"),
        ("two", Code::InvalidArgument, "undecodable payload"),
    ] {
        let status = place(signing(&host.channel), "msg_1", message).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (code, text));
    }
    assert!(host.calls.is_empty());
}

#[tokio::test]
async fn a_failed_call_runs_again_although_its_status_is_200() {
    let mut host = start(|layer| layer).await;
    let status = check(signing(&host.channel), "msg_1", "shop.Orders").await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    let outcome = host.outcomes.next().await;
    assert_eq!(outcome.status(), Some(StatusCode::OK));
    assert_eq!(outcome.grpc_status(), Some(5));
    assert_eq!(outcome.handler(), Some(HandlerEnd::Failed));
    assert_eq!(outcome.settlement(), Some(Settlement::Released));

    host.health.set_service_status("shop.Orders", ServingStatus::Serving).await;
    let again = check(signing(&host.channel), "msg_1", "shop.Orders").await;
    assert_eq!(again.unwrap(), SERVING);
    assert_eq!(host.outcomes.next().await.settlement(), Some(Settlement::Completed));
}

#[tokio::test]
async fn a_duplicate_already_exists() {
    let mut host = start(|layer| layer).await;
    let (first, _) = join!(place(signing(&host.channel), "msg_1", "two"), host.calls.answer(StatusCode::OK));
    first.unwrap();
    let status = place(signing(&host.channel), "msg_1", "two").await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::AlreadyExists, "duplicate"));
    assert_eq!(status.metadata().get("x-webhook-duplicate").unwrap(), "true");
    assert!(host.calls.is_empty());
}

#[tokio::test]
async fn a_duplicate_of_a_running_call_is_unavailable() {
    let mut host = start(|layer| layer).await;
    let service = signing(&host.channel);
    let first = tokio::spawn(async move { place(service, "msg_1", "two").await });
    let call = host.calls.next().await;
    let status = place(signing(&host.channel), "msg_1", "two").await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unavailable, "in progress"));
    call.answer(StatusCode::OK);
    soon(first).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_call_whose_client_disconnected_runs_again() {
    let mut host = start(|layer| layer).await;
    let service = signing(&host.channel);
    let impatient = tokio::spawn(async move { place(service, "msg_1", "two").await });
    let mut call = host.calls.next().await;
    impatient.abort();
    call.dropped().await;
    assert_eq!(host.outcomes.next().await.handler(), Some(HandlerEnd::Cancelled));
    let (again, _) = join!(place(signing(&host.channel), "msg_1", "two"), host.calls.answer(StatusCode::OK));
    again.unwrap();
}

#[tokio::test]
async fn only_if_keeps_the_layer_to_one_service() {
    let host = start(|layer| layer.only_if(|head| head.uri.path().starts_with("/shop.Orders/"))).await;
    assert_eq!(check(host.channel.clone(), "msg_1", "").await.unwrap(), SERVING);
    assert_eq!(place(host.channel, "msg_1", "two").await.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_stream_that_only_if_excludes_is_not_buffered() {
    let host = start(|layer| layer.only_if(|_| false)).await;
    host.health.set_service_status("shop.Orders", ServingStatus::NotServing).await;
    let question = HealthCheckRequest { service: "shop.Orders".to_owned() };
    let mut watched = HealthClient::new(host.channel).watch(question).await.unwrap().into_inner();
    let mut next = async || soon(watched.message()).await.unwrap().unwrap().status();
    assert_eq!(next().await, health_check_response::ServingStatus::NotServing);
    host.health.set_service_status("shop.Orders", ServingStatus::Serving).await;
    assert_eq!(next().await, SERVING);
}

#[tokio::test]
async fn a_single_service_behind_the_layer_keeps_its_name() {
    let (layer, _outcomes) = layer();
    let (desk, mut calls) = desk();
    let (_, health) = tonic_health::server::health_reporter();
    let channel =
        listen!(Server::builder().add_service(tower::Layer::layer(&layer, Orders(desk))).add_service(health));
    assert_eq!(check(channel.clone(), "msg_1", "").await.unwrap(), SERVING);
    assert_eq!(place(channel.clone(), "msg_1", "two").await.unwrap_err().code(), Code::Unauthenticated);
    let (placed, _) = join!(place(signing(&channel), "msg_1", "two"), calls.answer(StatusCode::OK));
    placed.unwrap();
}

#[tokio::test]
async fn a_grpc_service_and_a_webhook_share_a_port() {
    let (layer, _outcomes) = layer();
    let (_, health) = tonic_health::server::health_reporter();
    let app = Routes::new(health).into_axum_router().route("/orders", post(async || "handled").layer(layer));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });

    assert_eq!(check(connect(address), "msg_1", "").await.unwrap(), SERVING);
    let client = Client::new(address, Version::Http1);
    assert_eq!(client.send(signed("msg_1", "{}")).await.body(), "handled");
    assert_eq!(client.send(common::post("{}")).await.status(), StatusCode::UNAUTHORIZED);
}
