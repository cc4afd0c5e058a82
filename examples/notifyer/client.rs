//! An HTTP client with TLS, based on hyper's. It does not follow redirects.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tower_webhook::BoxError;

use crate::media::Download;

#[derive(Clone)]
pub(crate) struct HttpClient(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl HttpClient {
    pub(crate) fn new() -> Self {
        // Allow plain HTTP here, because the callers restrict the URLs.
        let connector = HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1();
        Self(Client::builder(TokioExecutor::new()).build(connector.build()))
    }

    pub(crate) async fn send(&self, request: Request<Bytes>) -> Result<Response<Incoming>, BoxError> {
        Ok(self.0.request(request.map(Full::new)).await?)
    }
}

impl Download for HttpClient {
    type Body = Incoming;

    async fn get(&self, url: &str) -> Result<Response<Incoming>, BoxError> {
        self.send(Request::get(url).body(Bytes::new())?).await
    }
}
