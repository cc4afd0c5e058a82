//! The endpoint, which routes messages by type and labels.

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

/// Shorter than the provider's timeout of ten seconds. A slower download continues, and a retry gets a 200 once the
/// download has finished.
const ACK: Duration = Duration::from_secs(8);
/// The grace period of running handlers at shutdown.
const GRACE: Duration = Duration::from_secs(25);

pub(crate) async fn serve(address: &str, downloads: Downloads<impl Download>) -> Result<(), BoxError> {
    let webhooks = WebhookLayer::with_verifier(provider::notifyer(secret()?))
        // Do not use `IncomingMessage`: older endpoints also get other notifications, which would be rejected as
        // undecodable, and retried.
        .json::<Notification>()
        .ack_deadline(ACK)
        .handler_timeout(Duration::from_secs(300));
    // With several replicas, add `.dedupe(RedisStore::…)` as in `redis.rs`.
    let drain = webhooks.drain();
    let app = Router::new()
        .route("/notifyer", post(on_notification).layer(webhooks))
        .with_state(Arc::new(downloads));

    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let finished = async {
        axum::serve(listener, app).with_graceful_shutdown(shutdown_signal()).await?;
        drain.finished().await;
        Ok(())
    };
    let grace_over = async {
        shutdown_signal().await;
        sleep(GRACE).await;
    };
    tokio::select! {
        finished = finished => finished,
        () = grace_over => Err(format!("{} handlers were interrupted", drain.running()).into()),
    }
}

/// Handles a verified notification that is not a duplicate. The provider retries unless the response is a 2xx.
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
            let sender = message.send_by.as_deref().unwrap_or("the business");
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
            eprintln!(
                "{} failed, leaving it to a retry: {}",
                delivery.id().unwrap_or_default(),
                chain(&*error)
            );
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
        MessageType::Location => println!("{team}: {name} sends a location"),
        kind @ (MessageType::Image | MessageType::Audio | MessageType::Video | MessageType::Document) => {
            let what = match message.media_url() {
                Some(url) => {
                    let run = delivery.fencing_token().unwrap_or_default();
                    match downloads.save(url, file_name(delivery), run).await? {
                        Media::Saved(file) => file.display().to_string(),
                        // A retry would not help. The team can ask the contact to send the file again.
                        Media::NotSaved(reason) => format!("not saved: {reason}"),
                    }
                }
                None => "not saved: no link".to_owned(),
            };
            println!("{team}: {name} sends {}, {what}: {text}", kind.as_str());
        }
        // A message type that is not known yet.
        other => println!("{team}: {name} sends {other:?}"),
    }
    Ok(())
}

/// The team that a message is routed to.
enum Team {
    Priority,
    Sales,
    Support,
}

impl Team {
    /// Chooses the team by the contact's most important label.
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

/// Returns the digest of the body, with which the id ends. The digest is safe as a file name, and the same for a
/// retry.
fn file_name(delivery: &Delivery) -> &str {
    delivery.id().and_then(|id| id.rsplit(':').next()).unwrap_or_default()
}

/// Returns the signing secret that `register` printed.
fn secret() -> Result<Secret, InvalidSecret> {
    const DEMO: &str = "everybody-knows-me";
    if env::var_os("NOTIFYER_SECRET").is_some() {
        return Secret::from_env("NOTIFYER_SECRET");
    }
    eprintln!("NOTIFYER_SECRET is not set: using the public demo secret {DEMO}");
    DEMO.parse()
}

/// Waits for Ctrl-C, or for the SIGTERM of a supervisor.
async fn shutdown_signal() {
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
