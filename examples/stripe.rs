//! Stripe: orders are fulfilled when they are paid, whatever Stripe sends twice or in another order.
//!
//! ```sh
//! STRIPE_WEBHOOK_SECRET=whsec_everybody_knows_me cargo run --example stripe --features axum
//! ```
//!
//! The secret is the *endpoint's*, which `stripe listen --forward-to 127.0.0.1:3000/stripe` prints as well.
//! Without the Stripe CLI, sign as Stripe does:
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
//! The second is of a type that Stripe may add one day. The third cannot be decoded: it is acknowledged, and
//! printed as a dead letter. Paste them again: the first two are duplicates, and the third is printed again, since
//! nothing has handled it. Change a byte of a body after it was signed and it is a 401.
//!
//! What to know of Stripe: it waits some seconds and tries again for up to three days; it does not keep
//! the order of events, so each must be understood by itself; and it signs with every secret of an
//! endpoint while one is being rolled, so that either alone will do.
//!
//! The address to listen on may be given as an argument.

use std::env;

use axum::{Router, http::StatusCode, routing::post};
use serde::Deserialize;
use tokio::{net::TcpListener, signal};
use tower_webhook::{
    BoxError, Delivery, Event, InvalidSecret, Outcome, OutcomeKind, Secret, Undecodable, WebhookLayer,
    provider,
};

/// What Stripe posts, in part; the `async-stripe` crates have all of it, for one version of the API.
#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
enum StripeEvent {
    #[serde(rename = "checkout.session.completed")]
    CheckoutCompleted(About<Session>),
    /// For the ways to pay that take days.
    #[serde(rename = "checkout.session.async_payment_succeeded")]
    CheckoutPaid(About<Session>),
    /// Every other type that the endpoint is subscribed to. Rejected, it would be sent for three days.
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct About<T> {
    data: Data<T>,
    /// `false`: a test event, which must not have anything shipped.
    livemode: bool,
}

#[derive(Debug, Deserialize)]
struct Data<T> {
    object: T,
}

#[derive(Debug, Deserialize)]
struct Session {
    id: String,
    /// The order's number: what we gave Stripe when the session was made.
    client_reference_id: Option<String>,
    payment_status: String,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let webhooks = WebhookLayer::with_verifier(provider::stripe(secret()?))
        .json::<StripeEvent>()
        // Stripe disables an endpoint that fails for days. Keep the default, which answers 422, until the types have
        // seen every event that you subscribed to.
        .on_undecodable(Undecodable::Acknowledge)
        .on_outcome(print_dead_letter);
    let app = Router::new().route("/stripe", post(on_event).layer(webhooks));

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    // Deliveries that are being handled when the server stops are allowed to end.
    axum::serve(listener, app).with_graceful_shutdown(stopped()).await?;
    Ok(())
}

/// Reports what was acknowledged and not handled. **Only prints, and Stripe does not retry a 200**: write the payload to
/// durable storage here, or use `Undecodable::HandOver` and store it before answering. The payload is a customer's data: only its length belongs in a log.
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

/// Called once for each verified event. Any answer but a 2xx has it sent again.
async fn on_event(delivery: Delivery, Event(event): Event<StripeEvent>) -> StatusCode {
    let id = delivery.id().unwrap_or_default();
    let (StripeEvent::CheckoutCompleted(about) | StripeEvent::CheckoutPaid(about)) = &*event else {
        println!("{id}: nothing to do for {:?}", delivery.event_type());
        return StatusCode::NO_CONTENT;
    };
    let session = &about.data.object;
    // Completed is not paid: the money may come days later, with an event of its own.
    if session.payment_status == "unpaid" {
        println!("{id}: session {} waits for its money", session.id);
        return StatusCode::NO_CONTENT;
    }
    match fulfil(session, about.livemode).await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(error) => {
            eprintln!("{id}: session {} is not fulfilled: {error}", session.id);
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

/// The work. Two events of one session are two deliveries, so it must know by the session's id whether
/// it was done: `transaction.rs` shows how.
async fn fulfil(session: &Session, live: bool) -> Result<(), BoxError> {
    let order = session.client_reference_id.as_deref().ok_or("it is of no order of ours")?;
    println!("{}: order {order} is paid{}", session.id, if live { "" } else { ", in a test" });
    Ok(())
}

/// The secret that Stripe shows for this endpoint, with its `whsec_`.
fn secret() -> Result<Secret, InvalidSecret> {
    const DEMO: &str = "whsec_everybody_knows_me";
    if env::var_os("STRIPE_WEBHOOK_SECRET").is_some() {
        return Secret::from_env("STRIPE_WEBHOOK_SECRET");
    }
    eprintln!("STRIPE_WEBHOOK_SECRET is not set: everybody knows the one used instead, {DEMO}");
    DEMO.parse()
}

async fn stopped() {
    if let Err(error) = signal::ctrl_c().await {
        eprintln!("cannot wait for Ctrl-C: {error}");
        std::future::pending::<()>().await;
    }
}
