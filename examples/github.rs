//! GitHub: one handler per event type, for a provider that never retries automatically.
//!
//! ```sh
//! GITHUB_WEBHOOK_SECRET=everybody-knows-me cargo run --example github --features axum
//! ```
//!
//! Then send events, signed as GitHub does. Every hook starts with a `ping`:
//!
//! ```sh
//! deliver() { # id, event, body
//!     tag=$(printf %s "$3" | openssl dgst -sha256 -hmac everybody-knows-me | sed 's/.* //')
//!     curl -i http://127.0.0.1:3000/github -d "$3" -H "x-hub-signature-256: sha256=$tag" \
//!         -H "x-github-delivery: $1" -H "x-github-event: $2"
//! }
//! deliver 1 ping '{"zen":"Keep it logically awesome.","hook_id":17,
//!     "hook":{"type":"Repository","id":17,"name":"web","active":true,"events":["push","issues"],
//!         "config":{"content_type":"json","insecure_ssl":"0","url":"https://shop.example/github"}},
//!     "repository":{"id":1,"full_name":"me/shop"},"sender":{"login":"me"}}'
//! deliver 2 push '{"ref":"refs/heads/main","after":"c0ffee","repository":{"full_name":"me/shop"}}'
//! deliver 3 push '{"ref":"refs/heads/main","after":"c0ffee","repository":{"full_name":"me/shop"}}'
//! deliver 4 issue_comment '{"action":"created","issue":{"number":7},"repository":{"full_name":"me/shop"}}'
//! deliver 5 star '{"action":"created","repository":{"full_name":"me/shop"}}'
//! ```
//!
//! The third delivery has the body of the second, but another id. GitHub does not sign the id, so the replay guard
//! also compares the bodies: the third delivery is a duplicate. The last event type has no handler, so it is ignored.
//!
//! The types below only have the fields that this program needs. The crate `octocrab` has types for GitHub's complete
//! payloads; the guide's chapter on events shows how to decode into them.
//!
//! The address to listen on can be passed as an argument.

use std::env;

use axum::{
    Router,
    extract::State,
    handler::{Handler, HandlerWithoutStateExt},
    http::StatusCode,
    routing::post_service,
};
use serde::Deserialize;
use tokio::{net::TcpListener, signal};
use tower_webhook::{
    BoxError, Delivery, EventRouter, InvalidSecret, Payload, Secret, WebhookLayer, provider,
};

#[derive(Debug, Deserialize)]
struct Ping {
    zen: String,
    hook: Hook,
}

#[derive(Debug, Deserialize)]
struct Hook {
    /// The event types that GitHub sends to this hook.
    events: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Push {
    #[serde(rename = "ref")]
    reference: String,
    after: String,
    repository: Repository,
}

/// The payload of `issues` and of `issue_comment`.
#[derive(Debug, Deserialize)]
struct IssueEvent {
    action: String,
    issue: Issue,
    repository: Repository,
}

#[derive(Debug, Deserialize)]
struct Issue {
    number: u64,
}

#[derive(Debug, Deserialize)]
struct Repository {
    full_name: String,
}

/// The state of the `push` handler.
#[derive(Clone)]
struct Builds {
    branch: &'static str,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let webhooks = WebhookLayer::with_verifier(provider::github(secret()?))
        // The id is not signed, so an attacker who captures a request could replay it under a new id. With the
        // guard, deliveries with equal bodies are duplicates. The hooks of an organization and of its repositories
        // send equal bodies, so give them separate endpoints.
        .replay_guard()
        // GitHub disconnects after ten seconds. Let the handler finish.
        .detached();
    let drain = webhooks.drain();
    // The event type is not signed either, so an attacker who captures a request could replay it to another handler.
    // Therefore no handler may have more privileges than the others.
    let events = EventRouter::new()
        .on("ping", on_ping.into_service())
        .on("push", on_push.with_state(Builds { branch: "refs/heads/main" }))
        .on(["issues", "issue_comment"], on_issue.into_service());
    let app = Router::new().route("/github", post_service(events).layer(webhooks));

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(shutdown_signal()).await?;
    drain.finished().await;
    Ok(())
}

/// Handles the `ping`, which GitHub sends once for a new hook. The hook's settings on GitHub show the response.
async fn on_ping(delivery: Delivery, Payload(ping): Payload<Ping>) -> StatusCode {
    let id = delivery.id().unwrap_or_default();
    println!("{id}: GitHub will send {}. {}", ping.hook.events.join(", "), ping.zen);
    StatusCode::NO_CONTENT
}

/// Handles each push once. After a failure, "Redeliver" in the hook's settings runs this handler again, under the
/// same id.
async fn on_push(
    State(builds): State<Builds>,
    delivery: Delivery,
    Payload(push): Payload<Push>,
) -> StatusCode {
    let id = delivery.id().unwrap_or_default();
    if push.reference == builds.branch {
        println!("{id}: {} of {} is now {}", push.reference, push.repository.full_name, push.after);
    }
    StatusCode::NO_CONTENT
}

async fn on_issue(delivery: Delivery, Payload(event): Payload<IssueEvent>) -> StatusCode {
    let (id, event_type) = (delivery.id().unwrap_or_default(), delivery.event_type().unwrap_or_default());
    println!("{id}: {event_type} {} of {}#{}", event.action, event.repository.full_name, event.issue.number);
    StatusCode::NO_CONTENT
}

/// Returns the secret that the hook was created with.
fn secret() -> Result<Secret, InvalidSecret> {
    const DEMO: &str = "everybody-knows-me";
    if env::var_os("GITHUB_WEBHOOK_SECRET").is_some() {
        return Secret::from_env("GITHUB_WEBHOOK_SECRET");
    }
    eprintln!("GITHUB_WEBHOOK_SECRET is not set: using the public demo secret {DEMO}");
    DEMO.parse()
}

async fn shutdown_signal() {
    if let Err(error) = signal::ctrl_c().await {
        eprintln!("cannot wait for Ctrl-C: {error}");
        std::future::pending::<()>().await;
    }
}
