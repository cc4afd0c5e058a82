//! Testing your handler: deliveries signed as the provider signs them, outcomes to assert on, a clock
//! to set, a store that fails when told to.
//!
//! The feature `test-util` belongs among the `dev-dependencies`; nothing of it is in a release then:
//!
//! ```toml
//! [dev-dependencies]
//! tower-webhook = { version = "0.1", features = ["test-util"] }
//! ```
//!
//! # A test of a handler
//!
//! The application is built as it always is, and gets what Stripe would send. No server is needed, and
//! no part of the layer is left out:
//!
//! ```
//! # use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
//! # use axum::{Router, body::Body, extract::State, routing::post};
//! # use bytes::Bytes;
//! # use http::{Request, StatusCode};
//! # use tower_webhook::{BoxError, Event, OutcomeKind, RejectionKind, Secret, WebhookLayer, provider};
//! # #[derive(serde::Deserialize)] struct Payment { amount: u64 }
//! # async fn on_payment(State(books): State<Arc<AtomicU64>>, payment: Event<Payment>) -> StatusCode {
//! #     books.fetch_add(payment.amount, Ordering::SeqCst);
//! #     StatusCode::NO_CONTENT
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! use tower::ServiceExt; // for `oneshot`
//! use tower_webhook::testing;
//!
//! let stripe = Arc::new(provider::stripe("whsec_test".parse::<Secret>()?));
//! let (books, outcomes) = (Arc::new(AtomicU64::new(0)), testing::Outcomes::new());
//! let layer = WebhookLayer::with_verifier(stripe.clone()).json::<Payment>().on_outcome(outcomes.listener());
//! let app = Router::new().route("/webhook", post(on_payment).layer(layer)).with_state(books.clone());
//! let send = |delivery: Request<Bytes>| app.clone().oneshot(delivery.map(Body::from));
//!
//! // Signed as Stripe does it: the handler books it, once.
//! let payment = Request::post("/webhook").body(r#"{"id":"evt_1","type":"paid","amount":500}"#)?;
//! let payment = testing::sign(&stripe, payment)?;
//! assert_eq!(send(payment.clone()).await?.status(), StatusCode::NO_CONTENT);
//! assert_eq!(outcomes.next().await.kind(), OutcomeKind::Accepted);
//!
//! // Stripe sends it again: that is no second payment.
//! assert_eq!(send(payment.clone()).await?.headers()["x-webhook-duplicate"], "true");
//! assert_eq!(outcomes.next().await.kind(), OutcomeKind::Duplicate);
//!
//! // Somebody else sends it with another amount.
//! let forged = payment.map(|_| Bytes::from(r#"{"id":"evt_2","type":"paid","amount":9000}"#));
//! assert_eq!(send(forged).await?.status(), StatusCode::UNAUTHORIZED);
//! let why = outcomes.next().await.rejection().map(|rejection| rejection.kind());
//! assert_eq!(why, Some(RejectionKind::WrongSignature));
//!
//! assert_eq!(books.load(Ordering::SeqCst), 500);
//! # Ok(())
//! # }
//! ```
//!
//! # Another time
//!
//! [`sign_at`] signs as of any time, and with a [`ManualClock`] it is always the same time to the layer.
//! The clock also says when a delivery is forgotten:
//!
//! ```
//! # use std::{sync::Arc, time::Duration};
//! # use http::{Request, StatusCode};
//! # use tower::{Layer, ServiceExt, service_fn};
//! # use tower_webhook::{Body, BoxError, Clock, Secret, WebhookLayer, provider};
//! use tower_webhook::{store::MokaStore, testing::{self, ManualClock}};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! # let handler = service_fn(async |_: Request<Body>| Ok::<_, BoxError>(http::Response::new(())));
//! # let slack = Arc::new(provider::slack("e6b19c573432dcc6b075501d51b51bb8".parse::<Secret>()?));
//! let clock = ManualClock::at_unix(1_700_000_000);
//! let layer = WebhookLayer::with_verifier(slack.clone())
//!     .clock(clock.clone())
//!     .dedupe(MokaStore::new(100).clock(clock.clone()));
//! # let service = layer.layer(handler);
//! let event = Request::post("/slack").body(r#"{"type":"event_callback","event_id":"Ev1"}"#)?;
//! let event = testing::sign_at(&slack, event, clock.now())?.map(Body::from);
//!
//! clock.advance(Duration::from_secs(301)); // a second more than is tolerated
//! assert_eq!(service.oneshot(event).await?.status(), StatusCode::UNAUTHORIZED);
//! # Ok(())
//! # }
//! ```
//!
//! Time-outs, deadlines and leases that are extended are tokio's timers: use
//! `#[tokio::test(start_paused = true)]` for those.
//!
//! # What else can go wrong
//!
//! * The handler fails: let it, and assert that the outcome's
//!   [`settlement`](crate::Outcome::settlement) is [`Released`](crate::Settlement::Released), and that
//!   the next attempt is handled.
//! * The store fails, hangs, or does what it should and never says so: [`FaultyStore`].
//! * A store of your own has to pass [`store::contract`](crate::store::contract).
//!
//! # Providers that sign with a private key
//!
//! Nobody but Discord can sign as Discord, so [`sign`] says that it cannot. What the handler does can
//! be tested all the same: give the layer another verifier in the test, such as
//! [`provider::standard_webhooks`](crate::provider::standard_webhooks), which the handler does not see.

mod outcomes;
mod post;
mod sign;
mod store;

pub use self::{
    outcomes::Outcomes,
    post::{Post, post},
    sign::{sign, sign_at},
    store::{Fault, FaultyStore, Operation},
};
pub use crate::{
    ManualClock,
    verify::signing::{CannotSign, Signer},
};
