//! The endpoint: what becomes of a message, by its type and its labels.

use std::{env, fmt, sync::Arc, time::Duration};

use axum::{Router, extract::State, http::StatusCode, routing::post};
use tokio::{net::TcpListener, time::sleep};
use tower_webhook::{
    BoxError, Delivery, Event, InvalidSecret, Secret, WebhookLayer,
    payload::notifyer::{IncomingMessage, MessageType, Notification},
    provider,
};

use crate::{
    chain,
    media::{Download, Downloads, Media},
};

/// The provider waits for ten seconds. A download that takes longer goes on; the provider's next attempt
/// learns how it ended, and downloads nothing.
const ACK: Duration = Duration::from_secs(8);
/// How long what runs may still take when the process is to end.
const GRACE: Duration = Duration::from_secs(25);

pub(crate) async fn serve(address: &str, downloads: Downloads<impl Download>) -> Result<(), BoxError> {
    let webhooks = WebhookLayer::with_verifier(provider::notifyer(secret()?))
        // Not `IncomingMessage`: older endpoints are told of other things, too, and what is not
        // understood comes again.
        .json::<Notification>()
        .ack_deadline(ACK)
        .handler_timeout(Duration::from_secs(300));
    // With several replicas, `.dedupe(RedisStore::…)` as in `redis.rs`.
    let drain = webhooks.drain();
    let app = Router::new()
        .route("/notifyer", post(on_notification).layer(webhooks))
        .with_state(Arc::new(downloads));

    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let ended = async {
        axum::serve(listener, app).with_graceful_shutdown(stopped()).await?;
        drain.finished().await;
        Ok(())
    };
    let too_late = async {
        stopped().await;
        sleep(GRACE).await;
    };
    tokio::select! {
        ended = ended => ended,
        () = too_late => Err(format!("{} handlers were cut short", drain.running()).into()),
    }
}

/// Called once for each notification that is true. Any answer but a 2xx has it sent again.
async fn on_notification<D: Download>(
    State(downloads): State<Arc<Downloads<D>>>,
    delivery: Delivery,
    notification: Event<Notification>,
) -> StatusCode {
    let done = match &*notification {
        Notification::IncomingMessage(message) if message.is_incoming() => {
            on_message(&downloads, &delivery, message).await
        }
        Notification::IncomingMessage(message) => {
            let sender = message.send_by.as_deref().unwrap_or("somebody");
            println!("{sender} wrote to {}", message.phone_number);
            Ok(())
        }
        Notification::MessageStatus(status) => {
            println!("message {} is {}", status.message_id.as_deref().unwrap_or("?"), status.status);
            Ok(())
        }
        other => {
            println!("nothing to do for {other:?}");
            Ok(())
        }
    };
    match done {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(error) => {
            eprintln!("{} is to come again: {}", delivery.id().unwrap_or_default(), chain(&*error));
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

async fn on_message<D: Download>(
    downloads: &Downloads<D>,
    delivery: &Delivery,
    message: &IncomingMessage,
) -> Result<(), BoxError> {
    let team = Team::of(message);
    let name = message.recipient_name.as_deref().unwrap_or(&message.phone_number);
    let text = message.last_message_of_user.as_deref().unwrap_or_default();
    match &message.message_type {
        MessageType::Text => println!("{team}: {name} writes: {text}"),
        MessageType::Location => println!("{team}: {name} is somewhere"),
        kind @ (MessageType::Image | MessageType::Audio | MessageType::Video | MessageType::Document) => {
            let what = match message.media_url() {
                Some(url) => {
                    let run = delivery.fencing_token().unwrap_or_default();
                    match downloads.keep(url, file_name(delivery), run).await? {
                        Media::Kept(file) => file.display().to_string(),
                        // No attempt would find it. The team is told, and asks the contact.
                        Media::NotKept(reason) => format!("not kept, {reason}"),
                    }
                }
                None => "not kept, it has no link".to_owned(),
            };
            println!("{team}: {name} sends {}, {what}: {text}", kind.as_str());
        }
        // WhatsApp thinks of new ones.
        other => println!("{team}: {name} sends {other:?}"),
    }
    Ok(())
}

/// Who is to see a message.
enum Team {
    Priority,
    Sales,
    Support,
}

impl Team {
    /// By the contact's labels, the one that matters most first.
    fn of(message: &IncomingMessage) -> Self {
        if message.has_label("premium-inquiry") {
            Self::Priority
        } else if message.has_label("sales") {
            Self::Sales
        } else {
            Self::Support
        }
    }
}

impl fmt::Display for Team {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Priority => "priority",
            Self::Sales => "sales",
            Self::Support => "support",
        })
    }
}

/// The body's digest, which the id of a delivery ends with: it is nobody's text, and the same when the
/// delivery comes again.
fn file_name(delivery: &Delivery) -> &str {
    delivery.id().and_then(|id| id.rsplit(':').next()).unwrap_or_default()
}

/// What `register` has printed.
fn secret() -> Result<Secret, InvalidSecret> {
    const DEMO: &str = "everybody-knows-me";
    if env::var_os("NOTIFYER_SECRET").is_some() {
        return Secret::from_env("NOTIFYER_SECRET");
    }
    eprintln!("NOTIFYER_SECRET is not set: everybody knows the secret that is used instead, {DEMO}");
    DEMO.parse()
}

/// Ctrl-C, or what a supervisor sends before it kills.
async fn stopped() {
    #[cfg(unix)]
    let terminate = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        Ok(()) = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}
