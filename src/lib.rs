#![doc = include_str!("lib.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod batch;
mod budget;
mod clock;
mod config;
mod dedupe;
mod delivery;
#[cfg(any(doc, doctest))]
pub mod guide;
mod layer;
pub mod observe;
pub mod payload;
pub mod provider;
mod rejection;
mod secret;
mod service;
pub mod store;
mod sync;
mod task;
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod testing;
pub mod verify;

#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub use self::delivery::axum;
#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub use self::delivery::axum::{Payload, PayloadRejection};
pub use self::{
    batch::{ItemFailure, ItemsOutcome},
    clock::{Clock, ManualClock, SystemClock},
    config::Undecodable,
    dedupe::StoreFailure,
    delivery::{DecodeError, Delivery, Event, EventTypes, Item, ItemClaim},
    layer::WebhookLayer,
    observe::{HandlerEnd, Outcome, OutcomeKind, Settlement},
    rejection::{Rejection, RejectionKind},
    secret::{IntoSecrets, InvalidSecret, Secret, Secrets},
    service::{Body, EventRouter, EventService, ResponseBody, ResponseFuture, WebhookService},
    task::Drain,
};

/// An error of any type.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The programs in the README, which must compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
