use std::{net::SocketAddr, time::Duration};

use axum::http::{Request, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};
use tower_webhook::BoxError;

use super::{Plan, TestEvents};

/// The timeout of sending. A missing response does not matter, because the page reads the outcomes from the history.
const TIMEOUT: Duration = Duration::from_secs(60);

impl TestEvents {
    /// Starts to send, and returns the client addresses of the requests, by which the page finds the requests in
    /// its list.
    pub(crate) async fn send(&self, plan: Plan) -> Result<Vec<SocketAddr>, BoxError> {
        let permit = self
            .sending
            .clone()
            .try_acquire_owned()
            .map_err(|_| "too many test events in progress: try again later")?;
        let mut from = Vec::new();
        let mut sending = Vec::new();
        for request in plan.requests {
            let (client, sender) = self.connect().await?;
            from.push(client);
            sending.push(self.one(sender, request));
        }
        tokio::spawn(async move {
            let _permit = permit;
            let all = async {
                if plan.at_once {
                    for task in sending.into_iter().map(tokio::spawn).collect::<Vec<_>>() {
                        let _ = task.await;
                    }
                } else {
                    for request in sending {
                        request.await;
                    }
                }
            };
            let _ = timeout(TIMEOUT, all).await;
        });
        Ok(from)
    }

    /// Sends the requests one after the other, and waits for their responses. Calls `before` with the client address
    /// of each request before it is sent.
    pub(crate) async fn deliver(&self, plan: Plan, before: impl Fn(SocketAddr)) -> Result<(), BoxError> {
        for request in plan.requests {
            let (client, sender) = self.connect().await?;
            before(client);
            let _ = timeout(TIMEOUT, self.one(sender, request)).await;
        }
        Ok(())
    }

    async fn connect(&self) -> Result<(SocketAddr, SendRequest<Full<Bytes>>), BoxError> {
        let stream = TcpStream::connect(self.address).await?;
        let client = stream.local_addr()?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Ignore errors of the connection: `send_request` returns them as well.
        tokio::spawn(async move { drop(connection.await) });
        Ok((client, sender))
    }

    fn one(
        &self,
        mut sender: SendRequest<Full<Bytes>>,
        mut request: Request<Bytes>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let host = self.address.to_string();
        async move {
            if let Ok(host) = host.parse() {
                request.headers_mut().entry(header::HOST).or_insert(host);
            }
            // Ignore a missing response, which is expected if the handler panics.
            if let Ok(response) = sender.send_request(request.map(Full::new)).await {
                let _ = response.into_body().collect().await;
            }
        }
    }
}
