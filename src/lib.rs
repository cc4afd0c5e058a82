#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub mod axum;
mod body;
mod clock;
mod config;
mod dedupe;
mod delivery;
mod detached;
mod forwarded;
mod future;
#[cfg(any(doc, doctest))]
pub mod guide;
mod layer;
pub mod observe;
pub mod payload;
pub mod provider;
mod receive;
mod rejection;
mod secret;
mod service;
pub mod store;
mod sync;
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod testing;
mod time;
#[cfg(feature = "tonic")]
mod tonic;
pub mod verify;

pub use self::{
    body::{Body, ResponseBody},
    clock::{Clock, ManualClock, SystemClock},
    dedupe::{Item, ItemClaim, StoreFailure},
    delivery::{DecodeError, Delivery, Event},
    detached::Drain,
    future::ResponseFuture,
    layer::WebhookLayer,
    observe::{HandlerEnd, Outcome, OutcomeKind, Settlement},
    rejection::{Rejection, RejectionKind},
    secret::{IntoSecrets, InvalidSecret, Secret, Secrets},
    service::WebhookService,
};

/// An error of any type.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
