use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, Uri};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use tower_webhook::BoxError;

use super::soon;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    Http1,
    Http2,
}

/// hyper's client for one server.
#[derive(Clone)]
pub struct Client {
    server: SocketAddr,
    client: legacy::Client<HttpConnector, UnsyncBoxBody<Bytes, BoxError>>,
}

impl Client {
    pub fn new(server: SocketAddr, version: Version) -> Self {
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        // A test would count a request twice if the client retried it by itself.
        builder.http2_only(version == Version::Http2).retry_canceled_requests(false);
        Self { server, client: builder.build_http() }
    }

    /// Sends `request` and reads the whole response.
    pub async fn send<B>(&self, request: Request<B>) -> Response<Bytes>
    where
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let (mut head, body) = request.into_parts();
        head.uri = Uri::builder()
            .scheme("http")
            .authority(self.server.to_string())
            .path_and_query(head.uri.path_and_query().unwrap().clone())
            .build()
            .unwrap();
        let request = Request::from_parts(head, body.map_err(Into::into).boxed_unsync());
        soon(async {
            let (head, body) = self.client.request(request).await.unwrap().into_parts();
            Response::from_parts(head, body.collect().await.unwrap().to_bytes())
        })
        .await
    }
}

/// Returns the request with its body in frames of `size` bytes, without a `content-length`, and with `trailers`.
pub async fn in_chunks<B>(
    request: Request<B>,
    size: usize,
    trailers: Option<HeaderMap>,
) -> Request<impl Body<Data = Bytes, Error = std::convert::Infallible> + Send + 'static>
where
    B: Body<Data = Bytes, Error = std::convert::Infallible>,
{
    let (mut head, body) = request.into_parts();
    if let Some(trailers) = &trailers {
        // HTTP/1 clients send only announced trailers.
        let names: Vec<_> = trailers.keys().map(http::HeaderName::as_str).collect();
        head.headers.insert("trailer", names.join(", ").parse().unwrap());
    }
    let body = body.collect().await.unwrap().to_bytes();
    let (mut sender, chunked) = http_body_util::channel::Channel::new(1);
    tokio::spawn(async move {
        for chunk in body.chunks(size) {
            // The server may reject the request and stop reading before the end.
            if sender.send(Frame::data(Bytes::copy_from_slice(chunk))).await.is_err() {
                return;
            }
        }
        if let Some(trailers) = trailers {
            let _ = sender.send(Frame::trailers(trailers)).await;
        }
    });
    Request::from_parts(head, chunked)
}
