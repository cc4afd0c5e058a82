//! Slack: slash commands, which are forms, and events, which are JSON, with one signing secret.
//!
//! ```sh
//! SLACK_SIGNING_SECRET=everybody-knows-me cargo run --example slack --features axum,form
//! ```
//!
//! Then send requests, signed as Slack does:
//!
//! ```sh
//! deliver() { # path, body
//!     at=$(date +%s)
//!     tag=$(printf %s "v0:$at:$2" | openssl dgst -sha256 -hmac everybody-knows-me | sed 's/.* //')
//!     curl -i "http://127.0.0.1:3000/slack/$1" -d "$2" \
//!         -H "x-slack-request-timestamp: $at" -H "x-slack-signature: v0=$tag"
//! }
//! deliver events '{"type":"url_verification","challenge":"3eZbrw1aBm2rZgRNFdxV"}'
//! deliver commands 'command=%2Fdeploy&text=shop&user_id=U1&response_url=https%3A%2F%2Fhooks.slack.com%2Fx'
//! deliver events '{"type":"event_callback","event_id":"Ev1",
//!     "event":{"type":"app_mention","user":"U1","channel":"C1","text":"<@U0> hello"}}'
//! ```
//!
//! Paste the block twice: the event is a duplicate the second time. Slash commands have no id, so they run every
//! time.
//!
//! # Three seconds
//!
//! Slack waits three seconds for each response. It retries events up to three times, so `ack_deadline` suits them:
//! the layer answers 503 at the deadline, the handler continues, and a retry gets a 200 once the handler has
//! finished. Slack never retries a command: if the response is late, the user sees "operation_timeout". Answer
//! commands at once, and post slower results to their `response_url`, which is valid for half an hour.
//!
//! The address to listen on can be passed as an argument.

use std::{env, time::Duration};

use axum::{Json, Router, http::StatusCode, routing::post};
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, signal};
use tower_webhook::{BoxError, Delivery, Event, InvalidSecret, Secret, WebhookLayer, provider};

/// A slash command, such as `/deploy shop`.
#[derive(Debug, Deserialize)]
struct SlashCommand {
    command: String,
    #[serde(default)]
    text: String,
    user_id: String,
    response_url: String,
}

/// A response that only the command's user sees.
#[derive(Serialize)]
struct Reply {
    response_type: &'static str,
    text: String,
}

/// The envelope of all events. The layer answers the verification handshake, `url_verification`.
#[derive(Debug, Deserialize)]
struct Callback {
    event: SlackEvent,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum SlackEvent {
    AppMention {
        user: String,
        channel: String,
        text: String,
    },
    /// Any other event type. Without this variant, the layer would reject such an event, and Slack would
    /// retry it.
    #[serde(other)]
    Unknown,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let secret = secret()?;
    let commands = WebhookLayer::with_verifier(provider::slack(secret.clone())).form::<SlashCommand>();
    let events = WebhookLayer::with_verifier(provider::slack(secret))
        .json::<Callback>()
        .ack_deadline(Duration::from_millis(2_500));
    let drain = events.drain();
    let app = Router::new()
        .route("/slack/commands", post(on_command).layer(commands))
        .route("/slack/events", post(on_event).layer(events));

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(shutdown_signal()).await?;
    // Wait for handlers that continue after the deadline.
    drain.finished().await;
    Ok(())
}

/// Handles a command. Slack shows the response to the user who sent the command.
async fn on_command(command: Event<SlashCommand>) -> Json<Reply> {
    println!("{} {} by {}", command.command, command.text, command.user_id);
    // Slack never retries a command. Store slow work here, and post a `Reply` to the URL once the work is done.
    // `tokio::spawn` without storing would lose the work if the process ends.
    println!("result URL: {}", command.response_url);
    let text = format!("I am on it: {}", escaped(&command.text));
    Json(Reply { response_type: "ephemeral", text })
}

/// Handles a verified event that is not a duplicate.
async fn on_event(delivery: Delivery, callback: Event<Callback>) -> StatusCode {
    let id = delivery.id().unwrap_or_default();
    match &callback.event {
        SlackEvent::AppMention { user, channel, text } => println!("{id}: {user} in {channel}: {text}"),
        SlackEvent::Unknown => println!("{id}: nothing to do for {:?}", delivery.event_type()),
    }
    StatusCode::OK
}

/// Escapes mentions and links, so that a command cannot notify other users.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Returns the "Signing Secret" in the app's basic information.
fn secret() -> Result<Secret, InvalidSecret> {
    const DEMO: &str = "everybody-knows-me";
    if env::var_os("SLACK_SIGNING_SECRET").is_some() {
        return Secret::from_env("SLACK_SIGNING_SECRET");
    }
    eprintln!("SLACK_SIGNING_SECRET is not set: using the public demo secret {DEMO}");
    DEMO.parse()
}

async fn shutdown_signal() {
    if let Err(error) = signal::ctrl_c().await {
        eprintln!("cannot wait for Ctrl-C: {error}");
        std::future::pending::<()>().await;
    }
}
