//! Extractors for axum: [`Delivery`], [`Event<T>`] and [`Payload<T>`] as arguments of a handler.
//!
//! ```
//! use tower_webhook::{Delivery, Event};
//!
//! # #[derive(Debug, serde::Deserialize)] struct Order { number: u32 }
//! async fn on_order(delivery: Delivery, Event(order): Event<Order>) {
//!     println!("{:?}: order {}", delivery.id(), order.number);
//! }
//! ```
//!
//! The extractors fail closed: if something is missing, they respond with 500 and a [`MissingDelivery`] that
//! names the missing configuration.
//!
//! * `Delivery` requires a [`WebhookLayer`](crate::WebhookLayer) above the handler. `Option<Delivery>` is
//!   `None` for requests that [skip](crate::WebhookLayer::only_if) the layer.
//! * `Event<T>` requires a layer that decodes a `T`. `Option<Event<T>>` is `None` only if the payload is not
//!   a `T` and the layer [hands over](crate::Undecodable::HandOver) such deliveries. A missing layer, or one
//!   that decodes another type, is a configuration error: the response is 500.
//! * `Payload<T>` requires any layer, as `Delivery` does, and decodes the payload itself.

use std::{
    any::{TypeId, type_name},
    convert::Infallible,
    error::Error,
    fmt,
    ops::Deref,
};

use axum_core::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::{StatusCode, request::Parts};
use serde::de::DeserializeOwned;

use crate::{DecodeError, Delivery, Event, Rejection, RejectionKind, rejection::Unanswered};

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

/// An extractor that decodes the payload from JSON, so that each route or event type can have its own type.
///
/// ```
/// use axum::{Router, http::StatusCode, routing::post};
/// use tower_webhook::{Payload, WebhookLayer};
///
/// # #[derive(serde::Deserialize)] struct Order { number: u32 }
/// # #[derive(serde::Deserialize)] struct Refund { order: u32 }
/// async fn on_order(Payload(order): Payload<Order>) -> StatusCode {
///     println!("order {}", order.number);
///     StatusCode::NO_CONTENT
/// }
///
/// async fn on_refund(Payload(refund): Payload<Refund>) -> StatusCode {
///     println!("refund of order {}", refund.order);
///     StatusCode::NO_CONTENT
/// }
///
/// fn app(layer: WebhookLayer) -> Router {
///     let routes = Router::new().route("/orders", post(on_order)).route("/refunds", post(on_refund));
///     routes.route_layer(layer)
/// }
/// ```
///
/// The layer does not need a payload type. As with [`Delivery::json`], the content type is ignored.
///
/// If the payload is not a `T`, the nearest layer rejects the request as if the layer had decoded the payload
/// itself. The client gets a 422 without details, which [`on_rejection`](crate::WebhookLayer::on_rejection)
/// may change. Logs and metrics get a [`Rejection`] of the kind [`Undecodable`](RejectionKind::Undecodable),
/// whose source is the [`DecodeError`]. Two things differ, because the handler has been called by then:
///
/// * The delivery has been claimed. The layer releases the claim, so that the provider's next attempt runs.
///   The outcome is [`Accepted`](crate::OutcomeKind::Accepted), and the handler has
///   [failed](crate::HandlerEnd::Failed).
/// * [`on_undecodable`](crate::WebhookLayer::on_undecodable) does not apply, because other extractors of the
///   handler may have run already.
///
/// A request without a `Delivery` gets a 500. To handle both errors in the handler, take a
/// `Result<Payload<T>, PayloadRejection>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "used as a pattern in handler arguments")]
pub struct Payload<T>(
    /// The decoded payload.
    pub T,
);

impl<T> Deref for Payload<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Payload<T> {
    type Rejection = PayloadRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PayloadRejection> {
        match parts.extensions.get::<Delivery>() {
            Some(delivery) => delivery.json().map(Self).map_err(PayloadRejection::DecodeError),
            None => Err(PayloadRejection::MissingDelivery(MissingDelivery { what: "Delivery" })),
        }
    }
}

/// The rejection of [`Payload<T>`].
#[derive(Debug)]
#[non_exhaustive]
pub enum PayloadRejection {
    /// The payload is not a `T`. The nearest layer responds with 422.
    DecodeError(DecodeError),
    /// The request has no [`Delivery`]: no layer is above the handler, or the request skipped the layer. The
    /// response is 500.
    MissingDelivery(MissingDelivery),
}

impl fmt::Display for PayloadRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DecodeError(error) => error.fmt(f),
            Self::MissingDelivery(error) => error.fmt(f),
        }
    }
}

impl Error for PayloadRejection {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::DecodeError(error) => error.source(),
            Self::MissingDelivery(error) => error.source(),
        }
    }
}

impl IntoResponse for PayloadRejection {
    fn into_response(self) -> Response {
        match self {
            Self::DecodeError(error) => error.into_response(),
            Self::MissingDelivery(error) => error.into_response(),
        }
    }
}

/// Responds with 422 and the error's text. The nearest layer replaces this response with its own, unless
/// middleware in between has changed the status.
///
/// The response's extensions contain a [`Rejection`] of the kind [`Undecodable`](RejectionKind::Undecodable),
/// so that the layer releases the claim regardless of [`complete_when`](crate::WebhookLayer::complete_when).
impl IntoResponse for DecodeError {
    fn into_response(self) -> Response {
        let kind = RejectionKind::Undecodable;
        let mut response = (kind.status(), self.to_string()).into_response();
        response.extensions_mut().insert(Rejection::new(kind).because(self));
        response.extensions_mut().insert(Unanswered);
        response
    }
}

/// The rejection of a request whose extensions lack the extractor's value, because no suitable
/// [`WebhookLayer`](crate::WebhookLayer) is above the handler.
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
