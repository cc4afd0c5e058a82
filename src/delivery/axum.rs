//! Extractors for axum: [`Delivery`] and [`Event<T>`] as arguments of a handler.
//!
//! ```
//! use tower_webhook::{Delivery, Event};
//!
//! # #[derive(Debug, serde::Deserialize)] struct Order { number: u32 }
//! async fn on_order(delivery: Delivery, order: Event<Order>) {
//!     println!("{:?}: order {}", delivery.id(), order.number);
//! }
//! ```
//!
//! They fail closed: what is missing is answered 500 with a [`MissingDelivery`] that tells the developer
//! what to set.
//!
//! * `Delivery` needs a [`WebhookLayer`](crate::WebhookLayer) above the handler. `Option<Delivery>` is
//!   `None` for requests that [`only_if`](crate::WebhookLayer::only_if) passed by.
//! * `Event<T>` needs a layer that decodes a `T`. `Option<Event<T>>` is `None` only where the payload is not a `T`
//!   and the layer [hands over](crate::Undecodable::HandOver) such deliveries. A type that was never decoded is a
//!   mistake in the set-up, and so is a missing layer.

use std::{
    any::{TypeId, type_name},
    convert::Infallible,
    error::Error,
    fmt,
};

use axum_core::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::{StatusCode, request::Parts};

use crate::{Delivery, Event};

impl<S: Sync> FromRequestParts<S> for Delivery {
    type Rejection = MissingDelivery;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, MissingDelivery> {
        parts.extensions.get().cloned().ok_or(MissingDelivery { what: "Delivery" })
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Delivery {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get().cloned())
    }
}

impl<S: Sync, T: Send + Sync + 'static> FromRequestParts<S> for Event<T> {
    type Rejection = MissingDelivery;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, MissingDelivery> {
        parts.extensions.get().cloned().ok_or(MissingDelivery { what: type_name::<T>() })
    }
}

impl<S: Sync, T: Send + Sync + 'static> OptionalFromRequestParts<S> for Event<T> {
    type Rejection = MissingDelivery;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, MissingDelivery> {
        let handed_over = |delivery: &Delivery| delivery.is_not_a(TypeId::of::<T>());
        match parts.extensions.get().cloned() {
            None if !parts.extensions.get().is_some_and(handed_over) => {
                Err(MissingDelivery { what: type_name::<T>() })
            }
            event => Ok(event),
        }
    }
}

/// The rejection of a request without what its handler takes: no
/// [`WebhookLayer`](crate::WebhookLayer) above it has put that into the extensions.
#[derive(Clone, Copy, Debug)]
pub struct MissingDelivery {
    what: &'static str,
}

impl fmt::Display for MissingDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            "Delivery" => {
                f.write_str("`Delivery` is missing: no `WebhookLayer` is above this route's handler")
            }
            event => write!(
                f,
                "`Event<{event}>` is missing: no `WebhookLayer` above this route's handler decodes it; build \
                 the layer with `.json::<{event}>()`, `.form::<{event}>()` or `.decode`",
            ),
        }
    }
}

impl Error for MissingDelivery {}

impl IntoResponse for MissingDelivery {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
    }
}
