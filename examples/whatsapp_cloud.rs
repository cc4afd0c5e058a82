//! WhatsApp by Meta's Cloud API: the handshake, and messages and statuses that come in batches.
//!
//! ```sh
//! META_APP_SECRET=everybody-knows-me META_VERIFY_TOKEN=made-up-by-you \
//!     cargo run --example whatsapp_cloud --features axum
//! ```
//!
//! Register it as Meta does, and send it a batch, signed as Meta would:
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
//! The second batch brings the first one's message once more: it is skipped, and the rest is handled.
//!
//! What to know of Meta: one batch may hold things of several of the app's phone numbers; what was not
//! answered 200 comes again for up to seven days, and not always in the same batch; a status may come
//! before the one that it follows on.
//!
//! The address to listen on may be given as an argument.

use std::env;

use axum::{Router, routing::post};
use serde::Deserialize;
use tokio::{net::TcpListener, signal};
use tower_webhook::{BoxError, Delivery, Event, InvalidSecret, ItemsOutcome, Secret, WebhookLayer, provider};

/// What Meta posts, in part.
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
    /// Not there in what is not about messages: templates, the account, …
    metadata: Option<Metadata>,
    #[serde(default)]
    messages: Vec<Message>,
    #[serde(default)]
    statuses: Vec<Status>,
}

/// Which of our numbers it is about.
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
    /// To be fetched by its id: `notifyer` shows how such things are downloaded.
    Image {
        image: Media,
    },
    /// Whatever WhatsApp thinks of next. Refused, it would hold up its batch for a week.
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

/// How far a message of ours has come: `sent`, `delivered`, `read`, `failed`.
#[derive(Debug, Deserialize)]
struct Status {
    id: String,
    status: String,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let app_secret = secret("META_APP_SECRET", "everybody-knows-me")?;
    let webhooks = WebhookLayer::with_verifier(provider::meta(app_secret))
        // Of your making: Meta sends it back by a GET when the endpoint is registered, and the layer
        // answers with the challenge.
        .verify_token(secret("META_VERIFY_TOKEN", "made-up-by-you")?)
        .json::<Batch>();
    // `layer` and not `route_layer`: the handshake is a GET, and is to reach it.
    let app = Router::new().route("/whatsapp", post(on_batch).layer(webhooks));

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(stopped()).await?;
    Ok(())
}

/// An item of a batch.
enum Item<'b> {
    Message(&'b str, &'b Message),
    Status(&'b Status),
}

impl Item<'_> {
    /// The key that is the same in each batch. All statuses of a message have its id.
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
/// runs it again.
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
        Content::Unknown => println!("{id}: {from} sends what nobody here knows"),
    }
    Ok(())
}

async fn on_status(status: &Status) -> Result<(), BoxError> {
    println!("{}: {}", status.id, status.status);
    Ok(())
}

/// One of the two secrets that Meta and this program share.
fn secret(name: &str, demo: &str) -> Result<Secret, InvalidSecret> {
    if env::var_os(name).is_some() {
        return Secret::from_env(name);
    }
    eprintln!("{name} is not set: everybody knows the secret that is used instead, {demo}");
    demo.parse()
}

async fn stopped() {
    if let Err(error) = signal::ctrl_c().await {
        eprintln!("cannot wait for Ctrl-C: {error}");
        std::future::pending::<()>().await;
    }
}
