//! Slack: slash commands, which are forms, and events, which are JSON, by one signing secret.
//!
//! ```sh
//! SLACK_SIGNING_SECRET=everybody-knows-me cargo run --example slack --features axum,form
//! ```
//!
//! Then ask it as Slack would:
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
//! Paste it twice: the event is a duplicate then, and the command, which has no id, is another one.
//!
//! # Three seconds
//!
//! Slack waits so long for either. An event that was not answered comes again, up to three times: so the
//! layer answers 503 at the deadline, the handler goes on, and the next attempt learns how it ended. A
//! command never comes again, and its user sees "operation_timeout": answer at once, and send what takes
//! longer to its `response_url`, which is open for half an hour.
//!
//! The address to listen on may be given as an argument.

use std::{env, time::Duration};

use axum::{Json, Router, http::StatusCode, routing::post};
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, signal};
use tower_webhook::{BoxError, Delivery, Event, InvalidSecret, Secret, WebhookLayer, provider};

/// `/deploy shop`, as somebody typed it.
#[derive(Debug, Deserialize)]
struct SlashCommand {
    command: String,
    #[serde(default)]
    text: String,
    user_id: String,
    response_url: String,
}

/// What the command's user alone gets to see.
#[derive(Serialize)]
struct Reply {
    response_type: &'static str,
    text: String,
}

/// The envelope of all events. `url_verification`, which comes first, is answered by the layer.
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
    /// Whatever else the app is subscribed to. Refused, it would be sent again and again.
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
    axum::serve(listener, app).with_graceful_shutdown(stopped()).await?;
    // Handlers that went on after their deadline.
    drain.finished().await;
    Ok(())
}

/// Called for each command, which is answered with what its user is to see.
async fn on_command(command: Event<SlashCommand>) -> Json<Reply> {
    println!("{} {} by {}", command.command, command.text, command.user_id);
    // Slack never retries a command, so store it here, and have the work post a `Reply` there when it is done. A
    // `tokio::spawn` alone loses it if the process ends.
    println!("more of it goes to {}", command.response_url);
    let text = format!("I am on it: {}", escaped(&command.text));
    Json(Reply { response_type: "ephemeral", text })
}

/// Called once for each event that is true.
async fn on_event(delivery: Delivery, callback: Event<Callback>) -> StatusCode {
    let id = delivery.id().unwrap_or_default();
    match &callback.event {
        SlackEvent::AppMention { user, channel, text } => println!("{id}: {user} in {channel}: {text}"),
        SlackEvent::Unknown => println!("{id}: nothing to do for {:?}", delivery.event_type()),
    }
    StatusCode::OK
}

/// Without mentions and links: what a user typed must not ring at somebody else's.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// "Signing Secret" in the app's basic information.
fn secret() -> Result<Secret, InvalidSecret> {
    const DEMO: &str = "everybody-knows-me";
    if env::var_os("SLACK_SIGNING_SECRET").is_some() {
        return Secret::from_env("SLACK_SIGNING_SECRET");
    }
    eprintln!("SLACK_SIGNING_SECRET is not set: everybody knows the one used instead, {DEMO}");
    DEMO.parse()
}

async fn stopped() {
    if let Err(error) = signal::ctrl_c().await {
        eprintln!("cannot wait for Ctrl-C: {error}");
        std::future::pending::<()>().await;
    }
}
