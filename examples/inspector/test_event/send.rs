use std::{net::SocketAddr, time::Duration};

use axum::http::{Request, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};
use tower_webhook::BoxError;

use super::{Plan, TestEvents};

/// How long an answer is waited for. What becomes of a delivery is seen in the list.
const PATIENCE: Duration = Duration::from_secs(60);

impl TestEvents {
    /// Begins to send; returns the addresses that the requests come from, by which they are known in
    /// the list.
    pub(crate) async fn send(&self, plan: Plan) -> Result<Vec<SocketAddr>, BoxError> {
        let permit =
            self.sending.clone().try_acquire_owned().map_err(|_| "too many are being sent: wait a little")?;
        let mut from = Vec::new();
        let mut sending = Vec::new();
        for request in plan.requests {
            let stream = TcpStream::connect(self.address).await?;
            from.push(stream.local_addr()?);
            let (sender, connection) = handshake(TokioIo::new(stream)).await?;
            // Its errors are those of the request.
            tokio::spawn(async move { drop(connection.await) });
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
            let _ = timeout(PATIENCE, all).await;
        });
        Ok(from)
    }

    fn one(
        &self,
        mut sender: SendRequest<Full<Bytes>>,
        mut request: Request<Bytes>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let host = self.address.to_string();
        async move {
            if let Ok(host) = host.parse() {
                request.headers_mut().insert(header::HOST, host);
            }
            // No answer is one too: a handler that panics gives none.
            if let Ok(response) = sender.send_request(request.map(Full::new)).await {
                let _ = response.into_body().collect().await;
            }
        }
    }
}
