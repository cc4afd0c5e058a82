//! Stripe: each order is fulfilled when it is paid, although events arrive repeatedly and out of order.
//!
//! ```sh
//! STRIPE_WEBHOOK_SECRET=whsec_everybody_knows_me cargo run --example stripe --features axum
//! ```
//!
//! Use the signing secret of the *endpoint*, not the API key. For local tests, use the secret that
//! `stripe listen --forward-to 127.0.0.1:3000/stripe` prints. Without the Stripe CLI, sign as Stripe does:
//!
//! ```sh
//! deliver() {
//!     at=$(date +%s)
//!     tag=$(printf %s "$at.$1" | openssl dgst -sha256 -hmac whsec_everybody_knows_me | sed 's/.* //')
//!     curl -i http://127.0.0.1:3000/stripe -d "$1" -H "stripe-signature: t=$at,v1=$tag"
//! }
//! deliver '{"id":"evt_1","type":"checkout.session.completed","livemode":false,
//!     "data":{"object":{"id":"cs_1","client_reference_id":"17","payment_status":"paid"}}}'
//! deliver '{"id":"evt_2","type":"something.new","livemode":false,"data":{"object":{}}}'
//! deliver '{"id":"evt_3","type":"checkout.session.completed","livemode":false,"data":{"object":{"id":17}}}'
//! ```
//!
//! The second event has an unknown event type, because Stripe may add new ones at any time. The third cannot be
//! decoded: it is acknowledged and printed as a dead letter. Paste the commands again: the first two events are
//! duplicates, and the third is printed again, because no handler has completed it. A request with a signature of
//! another body is rejected with a 401.
//!
//! Stripe waits a few seconds for a response, and retries for up to three days. Events may arrive out of order, so
//! handle each event independently of the others. While a secret is being rolled, Stripe signs with the old and the new
//! secret, so either is sufficient.
//!
//! The address to listen on can be passed as an argument.

use std::env;

use axum::{Router, http::StatusCode, routing::post};
use serde::Deserialize;
use tokio::{net::TcpListener, signal};
use tower_webhook::{
    BoxError, Delivery, Event, InvalidSecret, Outcome, OutcomeKind, Secret, Undecodable, WebhookLayer,
    provider,
};

/// A part of Stripe's events. The `async-stripe` crates have types for all events of one version of the API.
#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
enum StripeEvent {
    #[serde(rename = "checkout.session.completed")]
    CheckoutCompleted(EventBody<Session>),
    /// For payment methods that take days.
    #[serde(rename = "checkout.session.async_payment_succeeded")]
    CheckoutPaid(EventBody<Session>),
    /// Any other event type. Without this variant, such an event could not be decoded, and would be printed as a dead
    /// letter.
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct EventBody<T> {
    data: Data<T>,
    /// `false` for a test event, which must not ship anything.
    livemode: bool,
}

#[derive(Debug, Deserialize)]
struct Data<T> {
    object: T,
}

#[derive(Debug, Deserialize)]
struct Session {
    id: String,
    /// The order number that we passed to Stripe when we created the session.
    client_reference_id: Option<String>,
    payment_status: String,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let webhooks = WebhookLayer::with_verifier(provider::stripe(secret()?))
        .json::<StripeEvent>()
        // An undecodable event gets a 200, because Stripe disables an endpoint that fails for days. Use the default,
        // which answers 422, until you have tested the types with every event that you subscribed to.
        .on_undecodable(Undecodable::Acknowledge)
        .on_outcome(print_dead_letter);
    let app = Router::new().route("/stripe", post(on_event).layer(webhooks));

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    // Deliveries in progress finish before the server stops.
    axum::serve(listener, app).with_graceful_shutdown(shutdown_signal()).await?;
    Ok(())
}

/// Reports a delivery that was acknowledged without being handled. **This function only prints, and Stripe does not
/// retry after a 200**: write the payload to durable storage here, or use `Undecodable::HandOver` and let the handler
/// store the payload before it answers. The payload is customer data, so log only its length.
fn print_dead_letter(outcome: &Outcome) {
    if let (OutcomeKind::Acknowledged, Some(delivery)) = (outcome.kind(), outcome.delivery()) {
        let why = delivery.decode_error().map(ToString::to_string).unwrap_or_default();
        println!(
            "{}: dead letter of {} bytes: {why}",
            delivery.id().unwrap_or_default(),
            delivery.payload().len()
        );
    }
}

/// Handles a verified event that is not a duplicate. Stripe retries unless the response is a 2xx.
async fn on_event(delivery: Delivery, Event(event): Event<StripeEvent>) -> StatusCode {
    let id = delivery.id().unwrap_or_default();
    let (StripeEvent::CheckoutCompleted(body) | StripeEvent::CheckoutPaid(body)) = &*event else {
        println!("{id}: nothing to do for {:?}", delivery.event_type());
        return StatusCode::NO_CONTENT;
    };
    let session = &body.data.object;
    // A completed session can be unpaid: the payment may arrive days later, and has its own event.
    if session.payment_status == "unpaid" {
        println!("{id}: session {} awaits its payment", session.id);
        return StatusCode::NO_CONTENT;
    }
    match fulfil(session, body.livemode).await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(error) => {
            eprintln!("{id}: cannot fulfil session {}: {error}", session.id);
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

/// Fulfils an order. One session can have two events, which are not duplicates. So also deduplicate by the session's
/// id, in the way in which `transaction.rs` deduplicates by the delivery's key.
async fn fulfil(session: &Session, live: bool) -> Result<(), BoxError> {
    let order = session.client_reference_id.as_deref().ok_or("session has no order number")?;
    println!("{}: order {order} is paid{}", session.id, if live { "" } else { ", in a test" });
    Ok(())
}

/// Returns the signing secret that Stripe shows for this endpoint, including `whsec_`.
fn secret() -> Result<Secret, InvalidSecret> {
    const DEMO: &str = "whsec_everybody_knows_me";
    if env::var_os("STRIPE_WEBHOOK_SECRET").is_some() {
        return Secret::from_env("STRIPE_WEBHOOK_SECRET");
    }
    eprintln!("STRIPE_WEBHOOK_SECRET is not set: using the public demo secret {DEMO}");
    DEMO.parse()
}

async fn shutdown_signal() {
    if let Err(error) = signal::ctrl_c().await {
        eprintln!("cannot wait for Ctrl-C: {error}");
        std::future::pending::<()>().await;
    }
}
