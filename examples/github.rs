//! GitHub: events whose type is in a header, from a provider that never sends again by itself.
//!
//! ```sh
//! GITHUB_WEBHOOK_SECRET=everybody-knows-me cargo run --example github --features axum
//! ```
//!
//! Then send it an event, signed as GitHub would:
//!
//! ```sh
//! deliver() { # id, event, body
//!     tag=$(printf %s "$3" | openssl dgst -sha256 -hmac everybody-knows-me | sed 's/.* //')
//!     curl -i http://127.0.0.1:3000/github -d "$3" -H "x-hub-signature-256: sha256=$tag" \
//!         -H "x-github-delivery: $1" -H "x-github-event: $2"
//! }
//! deliver 1 ping '{"zen":"Keep it logically awesome."}'
//! deliver 2 push '{"ref":"refs/heads/main","after":"c0ffee","repository":{"full_name":"me/shop"}}'
//! deliver 3 push '{"ref":"refs/heads/main","after":"c0ffee","repository":{"full_name":"me/shop"}}'
//! ```
//!
//! The third is the second under another id, which GitHub does not sign: for the replay guard it is a
//! duplicate.
//!
//! The address to listen on may be given as an argument.

use std::env;

use axum::{Router, http::StatusCode, routing::post};
use serde::Deserialize;
use tokio::{net::TcpListener, signal};
use tower_webhook::{BoxError, Delivery, Event, InvalidSecret, Secret, WebhookLayer, provider};

/// What GitHub tells about, in part; the `octocrab` crate has all of it.
#[derive(Debug)]
enum GithubEvent {
    /// The first after a hook was made.
    Ping(Ping),
    Push(Push),
    Unknown,
}

#[derive(Debug, Deserialize)]
struct Ping {
    zen: String,
}

#[derive(Debug, Deserialize)]
struct Push {
    #[serde(rename = "ref")]
    reference: String,
    after: String,
    repository: Repository,
}

#[derive(Debug, Deserialize)]
struct Repository {
    full_name: String,
}

impl GithubEvent {
    /// The body alone does not say what it is. Works for hooks of either content type: a form's
    /// `payload` is looked into.
    fn decode(delivery: &Delivery) -> Result<Self, BoxError> {
        Ok(match delivery.event_type() {
            Some("ping") => Self::Ping(delivery.json()?),
            Some("push") => Self::Push(delivery.json()?),
            _ => Self::Unknown,
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let webhooks = WebhookLayer::with_verifier(provider::github(secret()?))
        .decode(GithubEvent::decode)
        // The id is not signed: whoever has got hold of a delivery could send it under a new one. But
        // then do not let the hooks of an organisation and of its repositories share an endpoint: they
        // send bodies that are equal.
        .replay_guard()
        // It waits for ten seconds and then hangs up; what was begun is to be finished.
        .detached();
    let drain = webhooks.drain();
    let app = Router::new().route("/github", post(on_event).layer(webhooks));

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(stopped()).await?;
    drain.finished().await;
    Ok(())
}

/// Called once for each event that is true. After a failure, "Redeliver" in the hook's settings runs it
/// again: that is the same id, which a failure leaves free.
async fn on_event(delivery: Delivery, event: Event<GithubEvent>) -> StatusCode {
    let id = delivery.id().unwrap_or_default();
    match &*event {
        GithubEvent::Ping(ping) => println!("{id}: GitHub is there. {}", ping.zen),
        GithubEvent::Push(push) => {
            println!("{id}: {} of {} is now {}", push.reference, push.repository.full_name, push.after);
        }
        GithubEvent::Unknown => println!("{id}: nothing to do for {:?}", delivery.event_type()),
    }
    StatusCode::NO_CONTENT
}

/// The secret that the hook was made with.
fn secret() -> Result<Secret, InvalidSecret> {
    const DEMO: &str = "everybody-knows-me";
    if env::var_os("GITHUB_WEBHOOK_SECRET").is_some() {
        return Secret::from_env("GITHUB_WEBHOOK_SECRET");
    }
    eprintln!("GITHUB_WEBHOOK_SECRET is not set: everybody knows the one used instead, {DEMO}");
    DEMO.parse()
}

async fn stopped() {
    if let Err(error) = signal::ctrl_c().await {
        eprintln!("cannot wait for Ctrl-C: {error}");
        std::future::pending::<()>().await;
    }
}
