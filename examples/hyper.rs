//! A webhook endpoint on plain hyper: a service function, the layer, and an accept loop with graceful shutdown.
//!
//! ```sh
//! WEBHOOK_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw cargo run --example hyper
//! ```
//!
//! Then send a delivery, signed as the Standard Webhooks specification says:
//!
//! ```sh
//! id=msg_1 at=$(date +%s) body='{"type":"order.placed","number":17}'
//! key=$(printf %s MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw | base64 -d | od -An -vtx1 | tr -d ' \n')
//! tag=$(printf %s "$id.$at.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
//! curl -i http://127.0.0.1:3000/webhook -d "$body" \
//!     -H "webhook-id: $id" -H "webhook-timestamp: $at" -H "webhook-signature: v1,$tag"
//! ```
//!
//! Run the same `curl` again: the delivery is a duplicate. A request with the same signature and any other body is
//! rejected with a 401.
//!
//! The address to listen on can be passed as an argument.

use std::{convert::Infallible, env, pin::pin, time::Duration};

use http::{Request, Response, StatusCode};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use serde::Deserialize;
use tokio::{
    net::TcpListener,
    signal,
    time::{sleep, timeout},
};
use tower::ServiceBuilder;
use tower_webhook::{Body, BoxError, Delivery, Event, InvalidSecret, Secret, WebhookLayer};

/// The payload of an order event.
#[derive(Debug, Deserialize)]
struct Order {
    number: u32,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let webhooks = WebhookLayer::try_new(secret()?)?
        .json::<Order>()
        // `handle` serves every path; the layer protects only this path.
        .only_if(|head| head.uri.path() == "/webhook");
    let drain = webhooks.drain();
    let service = ServiceBuilder::new().layer(webhooks).service_fn(handle);

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let (connections, mut stop) = (GracefulShutdown::new(), pin!(shutdown_signal()));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Usually the process is out of file descriptors. Wait until some connections close.
                eprintln!("cannot accept a connection: {error}");
                sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        let service = TowerToHyperService::new(service.clone());
        let server = auto::Builder::new(TokioExecutor::new());
        let connection = server.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                eprintln!("connection failed: {error}");
            }
        });
    }

    drop(listener);
    let finished = async {
        connections.shutdown().await; // requests in progress get their responses
        drain.finished().await; // claims are completed or released
    };
    if timeout(Duration::from_secs(30), finished).await.is_err() {
        eprintln!("{} handlers were interrupted", drain.running());
    }
    Ok(())
}

async fn handle(request: Request<Body>) -> Result<Response<String>, Infallible> {
    let (head, _) = request.into_parts();
    let answer = match (head.uri.path(), head.extensions.get::<Event<Order>>()) {
        ("/health", _) => Response::new("healthy\n".to_owned()),
        // Only a verified request has an `Event`, so no other request reaches this arm.
        (_, Some(order)) => {
            let id = head.extensions.get().and_then(Delivery::id).unwrap_or_default();
            println!("{id}: order {}", order.number);
            status(StatusCode::NO_CONTENT)
        }
        (_, None) => status(StatusCode::NOT_FOUND),
    };
    Ok(answer)
}

fn status(status: StatusCode) -> Response<String> {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}

/// Returns the signing secret that the shop shows for this endpoint.
fn secret() -> Result<Secret, InvalidSecret> {
    const DEMO: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    if env::var_os("WEBHOOK_SECRET").is_some() {
        return Secret::from_env("WEBHOOK_SECRET");
    }
    eprintln!("WEBHOOK_SECRET is not set: using the public demo secret {DEMO}");
    DEMO.parse()
}

async fn shutdown_signal() {
    if let Err(error) = signal::ctrl_c().await {
        eprintln!("cannot wait for Ctrl-C: {error}");
        std::future::pending::<()>().await;
    }
}
