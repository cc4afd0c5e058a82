//! Batches of WhatsApp messages: Meta sends several messages in one request, and each message is handled once.
//!
//! ```sh
//! META_APP_SECRET=everybody-knows-me cargo run --example batch --features axum
//! ```
//!
//! Then send batches, signed as Meta does:
//!
//! ```sh
//! deliver() {
//!     body='{"object":"whatsapp_business_account","entry":[{"changes":[{"value":{"messages":['$1']}}]}]}'
//!     tag=$(printf %s "$body" | openssl dgst -sha256 -hmac everybody-knows-me | sed 's/.* //')
//!     curl -i http://127.0.0.1:3000/whatsapp -d "$body" -H "x-hub-signature-256: sha256=$tag"
//! }
//! one='{"id":"wamid.1","from":"4915550100200","text":{"body":"hello"}}'
//! two='{"id":"wamid.2","from":"4915550100200","text":{"body":"are you there?"}}'
//! deliver "$one"
//! deliver "$one,$two"
//! ```
//!
//! The second batch repeats the message of the first batch, so of the second batch only `wamid.2` is handled.
//! `whatsapp_cloud.rs` handles more of Meta's payloads.
//!
//! The address to listen on can be passed as an argument.

use std::env;

use axum::{Router, routing::post};
use serde::Deserialize;
use tokio::{net::TcpListener, signal};
use tower_webhook::{BoxError, Delivery, Event, InvalidSecret, ItemsOutcome, Secret, WebhookLayer, provider};

/// A part of Meta's payload.
#[derive(Debug, Deserialize)]
struct Batch {
    entry: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(default)]
    changes: Vec<Change>,
}

#[derive(Debug, Deserialize)]
struct Change {
    value: Value,
}

#[derive(Debug, Deserialize)]
struct Value {
    #[serde(default)]
    messages: Vec<Message>,
    // The payload also has `statuses` here. All statuses of a message share the message's id, so key them by
    // `format!("{id}/{status}")`, as in `whatsapp_cloud.rs`.
}

#[derive(Debug, Deserialize)]
struct Message {
    id: String,
    from: String,
    /// Missing in images, voice notes and other media.
    text: Option<Text>,
}

#[derive(Debug, Deserialize)]
struct Text {
    body: String,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let webhooks = WebhookLayer::with_verifier(provider::meta(secret("META_APP_SECRET")?))
        // Meta sends this token in a GET request when the endpoint is registered. The layer answers this handshake.
        .verify_token(secret("META_VERIFY_TOKEN")?)
        .json::<Batch>();
    let app = Router::new().route("/whatsapp", post(on_batch).layer(webhooks));

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    // Deliveries in progress finish before the server stops.
    axum::serve(listener, app).with_graceful_shutdown(shutdown_signal()).await?;
    Ok(())
}

/// Handles each message that was not handled before. A failing message does not stop the others, and a retry of the
/// batch runs the failed message again.
async fn on_batch(delivery: Delivery, Event(batch): Event<Batch>) -> ItemsOutcome {
    let changes = batch.entry.iter().flat_map(|entry| &entry.changes);
    let messages = changes.flat_map(|change| &change.value.messages);
    let outcome = delivery.for_each(messages, |message| &message.id, on_message).await;
    for failure in outcome.failures() {
        eprintln!("{} failed: {}", failure.key(), failure.error());
    }
    println!("{} handled, {} handled before", outcome.completed(), outcome.duplicates());
    outcome
}

/// Handles a message. Each of the provider's retries calls this function again, until it returns `Ok`.
async fn on_message(message: &Message) -> Result<(), BoxError> {
    let text = message.text.as_ref().map(|text| &*text.body);
    println!("{}: {} says {text:?}", message.id, message.from);
    Ok(())
}

/// Returns one of the two secrets that Meta and this program share.
fn secret(name: &str) -> Result<Secret, InvalidSecret> {
    const DEMO: &str = "everybody-knows-me";
    if env::var_os(name).is_some() {
        return Secret::from_env(name);
    }
    eprintln!("{name} is not set: using the public demo secret {DEMO}");
    DEMO.parse()
}

async fn shutdown_signal() {
    if let Err(error) = signal::ctrl_c().await {
        eprintln!("cannot wait for Ctrl-C: {error}");
        std::future::pending::<()>().await;
    }
}
