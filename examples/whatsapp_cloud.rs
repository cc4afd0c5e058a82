//! WhatsApp Cloud API by Meta: the verification handshake, and batches of messages and statuses.
//!
//! ```sh
//! META_APP_SECRET=everybody-knows-me META_VERIFY_TOKEN=made-up-by-you \
//!     cargo run --example whatsapp_cloud --features axum
//! ```
//!
//! Then send the handshake and two batches, signed as Meta does:
//!
//! ```sh
//! url=http://127.0.0.1:3000/whatsapp
//! curl -i "$url?hub.mode=subscribe&hub.verify_token=made-up-by-you&hub.challenge=1158201444"
//! deliver() { # the batch's value
//!     body='{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":'$1'}]}]}'
//!     tag=$(printf %s "$body" | openssl dgst -sha256 -hmac everybody-knows-me | sed 's/.* //')
//!     curl -i "$url" -d "$body" -H "x-hub-signature-256: sha256=$tag"
//! }
//! number='"metadata":{"phone_number_id":"106540352242922"}'
//! hello='{"id":"wamid.1","from":"4915550100200","type":"text","text":{"body":"hello"}}'
//! photo='{"id":"wamid.2","from":"4915550100200","type":"image","image":{"id":"1803","mime_type":"image/jpeg"}}'
//! read='{"id":"wamid.0","status":"read","recipient_id":"4915550100200"}'
//! deliver "{$number,\"messages\":[$hello]}"
//! deliver "{$number,\"messages\":[$hello,$photo],\"statuses\":[$read]}"
//! ```
//!
//! The second batch repeats the message of the first batch. This message is skipped, and the other items are handled.
//!
//! A batch may contain items of several phone numbers of the app. Meta retries for up to seven days unless the response
//! is a 200. A retry may combine the items into other batches. Statuses may arrive out of order.
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
    /// Missing in changes that are not about messages, such as those of templates or of the account.
    metadata: Option<Metadata>,
    #[serde(default)]
    messages: Vec<Message>,
    #[serde(default)]
    statuses: Vec<Status>,
}

/// The business phone number that a change is about.
#[derive(Debug, Deserialize)]
struct Metadata {
    phone_number_id: String,
}

#[derive(Debug, Deserialize)]
struct Message {
    id: String,
    from: String,
    #[serde(flatten)]
    content: Content,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Content {
    Text {
        text: Text,
    },
    /// An image, which can be downloaded by its id. The example `notifyer` shows how to download media.
    Image {
        image: Media,
    },
    /// Any other message type. Without this variant, the layer would reject a batch with such a message, and Meta would
    /// retry the batch for a week.
    #[serde(other)]
    Unknown,
}

#[derive(Debug, Deserialize)]
struct Text {
    body: String,
}

#[derive(Debug, Deserialize)]
struct Media {
    id: String,
    mime_type: String,
}

/// The status of a message that we sent: `sent`, `delivered`, `read` or `failed`.
#[derive(Debug, Deserialize)]
struct Status {
    id: String,
    status: String,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let app_secret = secret("META_APP_SECRET", "everybody-knows-me")?;
    let webhooks = WebhookLayer::with_verifier(provider::meta(app_secret))
        // A token of your choice. Meta sends it in a GET request when the endpoint is registered, and the layer
        // answers with the challenge.
        .verify_token(secret("META_VERIFY_TOKEN", "made-up-by-you")?)
        .json::<Batch>();
    // Use `layer`, because `route_layer` would not get the handshake, which is a GET request.
    let app = Router::new().route("/whatsapp", post(on_batch).layer(webhooks));

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(shutdown_signal()).await?;
    Ok(())
}

/// An item of a batch.
enum Item<'b> {
    Message(&'b str, &'b Message),
    Status(&'b Status),
}

impl Item<'_> {
    /// Returns the item's deduplication key, which is the same in every batch that contains the item. All statuses of a
    /// message share the message's id, so the key of a status also contains the status.
    fn key(&self) -> String {
        match self {
            Self::Message(_, message) => message.id.clone(),
            Self::Status(status) => format!("{}/{}", status.id, status.status),
        }
    }
}

/// Returns the messages and statuses of a batch.
fn items(batch: &Batch) -> impl Iterator<Item = Item<'_>> {
    batch.entry.iter().flat_map(|entry| &entry.changes).flat_map(|Change { value }| {
        let number = value.metadata.as_ref().map_or("", |metadata| &metadata.phone_number_id);
        let messages = value.messages.iter().map(move |message| Item::Message(number, message));
        messages.chain(value.statuses.iter().map(Item::Status))
    })
}

/// Handles each item that was not handled before. A failing item does not stop the others, and a retry of the batch
/// runs the failed item again.
async fn on_batch(delivery: Delivery, Event(batch): Event<Batch>) -> ItemsOutcome {
    let on_item = async |item| match item {
        Item::Message(number, message) => on_message(number, message).await,
        Item::Status(status) => on_status(status).await,
    };
    let outcome = delivery.for_each(items(&batch), Item::key, on_item).await;
    for failure in outcome.failures() {
        eprintln!("{} failed: {}", failure.key(), failure.error());
    }
    outcome
}

async fn on_message(number: &str, message: &Message) -> Result<(), BoxError> {
    let Message { id, from, content } = message;
    match content {
        Content::Text { text } => println!("{id}: {from} writes to {number}: {}", text.body),
        Content::Image { image } => println!("{id}: {from} sends {}, {}", image.id, image.mime_type),
        Content::Unknown => println!("{id}: {from} sends an unsupported message type"),
    }
    Ok(())
}

async fn on_status(status: &Status) -> Result<(), BoxError> {
    println!("{}: {}", status.id, status.status);
    Ok(())
}

/// Returns one of the two secrets that Meta and this program share.
fn secret(name: &str, demo: &str) -> Result<Secret, InvalidSecret> {
    if env::var_os(name).is_some() {
        return Secret::from_env(name);
    }
    eprintln!("{name} is not set: using the public demo secret {demo}");
    demo.parse()
}

async fn shutdown_signal() {
    if let Err(error) = signal::ctrl_c().await {
        eprintln!("cannot wait for Ctrl-C: {error}");
        std::future::pending::<()>().await;
    }
}
