//! AWS SNS with axum. hyper's client fetches the certificates that verify the messages.
//!
//! ```sh
//! SNS_TOPIC=arn:aws:sns:us-west-2:123456789012:MyTopic cargo run --example aws_sns --features axum,asymmetric
//! ```
//!
//! Subscribe the endpoint to the topic: the layer confirms the subscription. Only AWS can sign messages, so this
//! request is rejected with a 401:
//!
//! ```sh
//! curl -i http://127.0.0.1:3000/sns -d '{}'
//! ```
//!
//! The address to listen on can be passed as an argument.

use std::env;

use axum::{Router, http::StatusCode, routing::post};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::net::TcpListener;
use tower_webhook::{BoxError, Delivery, Event, Undecodable, WebhookLayer, provider, verify::Fetch};

/// A part of a notification. The layer removes all fields that SNS does not sign, such as `MessageAttributes`.
#[derive(Clone, Debug, serde::Deserialize)]
struct Notification {
    #[serde(rename = "Message")]
    message: String,
}

/// hyper's client with TLS. A client for [`Fetch`] must not follow redirects, and hyper's does not.
struct Certificates(Client<HttpsConnector<HttpConnector>, Empty<Bytes>>);

impl Fetch for Certificates {
    async fn fetch(&self, url: &str, most: usize) -> Result<Bytes, BoxError> {
        let response = self.0.get(url.parse()?).await?;
        if response.status() != StatusCode::OK {
            return Err(format!("{url} returned {}", response.status()).into());
        }
        Ok(Limited::new(response.into_body(), most).collect().await?.to_bytes())
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let topic = env::var("SNS_TOPIC").map_err(|_| "SNS_TOPIC is not set: set it to the ARN of the topic")?;
    let tls = HttpsConnectorBuilder::new().with_webpki_roots().https_only().enable_http1().build();
    let client = Certificates(Client::builder(TokioExecutor::new()).build(tls));
    // The name `example` distinguishes this subscription from other subscriptions to the topic that share the
    // store.
    let verifier = provider::aws_sns([topic], "example", client).confirm_subscriptions();
    let webhooks = WebhookLayer::with_verifier(verifier)
        .json::<Notification>()
        // By default, the layer rejects an undecodable message with a 422, and SNS does not retry after a 4xx.
        .on_undecodable(Undecodable::HandOver);
    let app = Router::new().route("/sns", post(on_message).layer(webhooks));

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

/// Handles each message once. For a message that cannot be decoded it answers 503, because SNS retries after a
/// 5xx, but not after a 4xx.
async fn on_message(delivery: Delivery, event: Option<Event<Notification>>) -> StatusCode {
    let Some(event) = event else {
        eprintln!("{:?}: {:?}", delivery.id(), delivery.decode_error().map(ToString::to_string));
        return StatusCode::SERVICE_UNAVAILABLE;
    };
    println!("{}: {}", delivery.id().unwrap_or_default(), event.into_inner().message);
    StatusCode::NO_CONTENT
}
