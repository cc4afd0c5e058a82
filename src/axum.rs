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
//! They fail closed. Without the layer there is no `Delivery`, and the request is answered 500
//! with a [`MissingDelivery`] that says so to the developer: never handled unverified. Where some
//! requests are [left alone](crate::WebhookLayer::only_if), `Option<Delivery>` tells which.

use std::{any::type_name, convert::Infallible, error::Error, fmt};

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
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get().cloned())
    }
}

/// A handler asked for what no [`WebhookLayer`](crate::WebhookLayer) has put into the request.
#[derive(Clone, Copy, Debug)]
pub struct MissingDelivery {
    what: &'static str,
}

impl fmt::Display for MissingDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            "Delivery" => f.write_str(
                "this route's handler takes a webhook `Delivery`, but no `WebhookLayer` is above it",
            ),
            event => write!(
                f,
                "this route's handler takes an `Event<{event}>`, but no `WebhookLayer` above it \
                 was built with `.json::<{event}>()`, `.form` or `.decode` for that type",
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
