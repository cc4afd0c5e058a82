//! Test helpers: signed deliveries, recorded outcomes, a manual clock, and a store that injects faults.
//!
//! Enable the feature `test-util` only in `dev-dependencies`, so that release builds do not contain it:
//!
//! ```toml
//! [dev-dependencies]
//! tower-webhook = { version = "0.1", features = ["test-util"] }
//! ```
//!
//! # Testing a handler
//!
//! Build the application as usual, and call it with a delivery that is signed like Stripe's. The test runs
//! the whole layer, without a server:
//!
//! ```
//! # use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
//! # use axum::{Router, body::Body, extract::State, routing::post};
//! # use bytes::Bytes;
//! # use http::{Request, StatusCode};
//! # use tower_webhook::{BoxError, Event, OutcomeKind, RejectionKind, Secret, Settlement, WebhookLayer, provider};
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
//! // The first delivery: the handler books the payment.
//! let payment = Request::post("/webhook").body(r#"{"id":"evt_1","type":"paid","amount":500}"#)?;
//! let payment = testing::sign(&stripe, payment)?;
//! assert_eq!(send(payment.clone()).await?.status(), StatusCode::NO_CONTENT);
//! let outcome = outcomes.next().await;
//! assert_eq!(outcome.kind(), OutcomeKind::Accepted); // the handler was called,
//! assert_eq!(outcome.settlement(), Some(Settlement::Completed)); // and succeeded
//!
//! // A retry is a duplicate: the handler is not called.
//! assert_eq!(send(payment.clone()).await?.headers()["x-webhook-duplicate"], "true");
//! assert_eq!(outcomes.next().await.kind(), OutcomeKind::Duplicate);
//!
//! // An attacker sends another amount.
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
//! # Testing time
//!
//! [`sign_at`] signs with any timestamp. A [`ManualClock`] sets the time of the layer and of the store, and
//! therefore determines when a timestamp becomes stale and when the deduplication window ends:
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
//! clock.advance(Duration::from_secs(301)); // one second beyond the tolerance
//! assert_eq!(service.oneshot(event).await?.status(), StatusCode::UNAUTHORIZED);
//! # Ok(())
//! # }
//! ```
//!
//! Timeouts, deadlines and heartbeats use tokio's timers, not the clock. Test them with
//! `#[tokio::test(start_paused = true)]`.
//!
//! # Testing failures
//!
//! * Handler failures: return an error from the handler. Assert that the outcome's
//!   [`settlement`](crate::Outcome::settlement) is [`Released`](crate::Settlement::Released), and that the
//!   handler runs again on the next attempt.
//! * Store failures, such as errors, lost responses and calls that hang: use [`FaultyStore`].
//! * Custom stores: run [`store::contract`](crate::store::contract).
//!
//! # Providers that sign with a private key
//!
//! Providers such as Discord sign with a private key, and verifiers have only the public key. In the test's
//! layer, use a generated key pair (feature `asymmetric`):
//!
//! ```
//! # #[cfg(feature = "asymmetric")]
//! # fn main() -> Result<(), tower_webhook::BoxError> {
//! # use http::Request;
//! use tower_webhook::{provider, testing, verify::Algorithm};
//!
//! let discord = provider::discord(testing::key_pair(Algorithm::Ed25519)?)?;
//! let delivery = testing::sign(&discord, Request::post("/webhook").body(r#"{"id":"1","type":2}"#)?)?;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "asymmetric"))] fn main() {}
//! ```
//!
//! For Apple's App Store, the secret is a bundle id from `testing::apple_bundle_id`.
//!
//! [`sign`] still returns an error for providers whose keys are fetched, and for JSON Web Tokens in a header
//! that are signed with a private key. To test a handler for such a provider, use another verifier in the test's
//! layer, such as [`provider::standard_webhooks`](crate::provider::standard_webhooks). The handler's code
//! does not change.

#[cfg(feature = "asymmetric")]
mod apple;
#[cfg(feature = "asymmetric")]
mod key_pair;
mod outcomes;
mod post;
mod sign;
mod store;

#[cfg(feature = "asymmetric")]
pub(crate) use self::apple::{CERTIFICATES as APPLE_CERTIFICATES, ROOT as APPLE_ROOT};
#[cfg(feature = "asymmetric")]
#[cfg_attr(docsrs, doc(cfg(feature = "asymmetric")))]
pub use self::{apple::apple_bundle_id, key_pair::key_pair};
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
