//! [`EventRouter`], a service that dispatches deliveries by event type.

use std::{
    collections::HashMap,
    fmt,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Body as HttpBody;
use tower_service::Service;

use super::{
    body::{Body, ResponseBody},
    respond::ignored_response,
};
use crate::{BoxError, Delivery, EventTypes, observe, rejection::is_grpc, task::BoxFuture};

/// A service that dispatches each delivery to the service for its event type. Use it behind a
/// [`WebhookLayer`](crate::WebhookLayer), which verifies the delivery.
///
/// ```
/// use axum::{Router, extract::State, handler::Handler, http::StatusCode, routing::post_service};
/// use serde::Deserialize;
/// use tower_webhook::{Delivery, EventRouter, Payload, Secret, WebhookLayer, provider};
///
/// #[derive(Clone)]
/// struct Database;
///
/// #[derive(Deserialize)]
/// struct Push {
///     after: String,
/// }
///
/// async fn on_push(State(database): State<Database>, Payload(push): Payload<Push>) -> StatusCode {
///     println!("now at {}", push.after);
///     StatusCode::NO_CONTENT
/// }
///
/// async fn on_issue(State(database): State<Database>, delivery: Delivery) -> StatusCode {
///     println!("{:?}", delivery.event_type());
///     StatusCode::NO_CONTENT
/// }
///
/// let secret: Secret = "It's a Secret to Everybody".parse()?;
/// let events = EventRouter::new()
///     .on("push", on_push.with_state(Database))
///     .on(["issues", "issue_comment"], on_issue.with_state(Database));
/// let layer = WebhookLayer::with_verifier(provider::github(secret));
/// let app: Router = Router::new().route("/github", post_service(events).layer(layer));
/// # Ok::<(), tower_webhook::InvalidSecret>(())
/// ```
///
/// A route is any tower service, including an axum handler [with its
/// state](https://docs.rs/axum/latest/axum/handler/trait.Handler.html#method.with_state). All routes of a
/// router must have the same response body and error types.
///
/// | delivery | without a [`fallback`](Self::fallback) |
/// |---|---|
/// | its event type has no route | 200, [ignored](crate::observe::Ignored): not remembered, so that as soon as the route exists, a redelivery runs. The first delivery of each type is logged at `INFO` |
/// | it has no event type, or its provider sends batches | 500, so that the provider retries. The first such delivery is logged at `ERROR` |
/// | it is missing, because no layer is in front of the router | 500. The first such request is logged at `ERROR` |
///
/// Event types are compared byte by byte. **If the signature does not cover the event type**
/// ([`Profile::event_type_signed`](crate::verify::Profile::event_type_signed): GitHub and every other
/// provider that sends it in an unsigned header), an attacker who captures one delivery can replay it as
/// another type. Routes must then not differ in their privileges.
///
/// The router is always ready; a call waits until the chosen service is ready. Cloning is cheap: clones share
/// their routes.
pub struct EventRouter<R, E> {
    table: Arc<Table<R, E>>,
}

/// A service that an [`EventRouter`] can call.
///
/// Implemented for every [`Service`] of `Request<`[`Body`]`>`. The trait exists only for its compiler errors,
/// which explain how to turn an axum handler into a service.
///
/// ```
/// use http::{Request, Response};
/// use std::convert::Infallible;
/// use tower::service_fn;
/// use tower_webhook::{Body, Delivery, EventRouter};
///
/// async fn on_push(request: Request<Body>) -> Result<Response<String>, Infallible> {
///     let delivery = request.extensions().get::<Delivery>();
///     Ok(Response::new(format!("{:?}", delivery.map(Delivery::id))))
/// }
///
/// let router = EventRouter::new().on("push", service_fn(on_push));
/// ```
///
/// To use your own type, implement [`Service`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a service that an `EventRouter` can call",
    label = "expected a service",
    note = "a handler becomes a service with `on_push.with_state(state)` or, without state, `on_push.into_service()`: \
            the methods of `axum::handler::Handler` and `axum::handler::HandlerWithoutStateExt`",
    note = "any other service must be a `tower::Service<http::Request<tower_webhook::Body>>`"
)]
pub trait EventService {
    /// The service's response.
    type Response;
    /// The service's error.
    type Error;
    /// The future of the service's response.
    type Future: Future<Output = Result<Self::Response, Self::Error>>;

    /// Returns whether the service is ready for a call, as [`Service::poll_ready`] does.
    ///
    /// # Errors
    ///
    /// Returns an error if the service can no longer be called.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>>;

    /// Calls the service, as [`Service::call`] does.
    fn call(&mut self, request: Request<Body>) -> Self::Future;
}

// `Service` is not a supertrait, because the compiler would then report the missing `Service` without the
// notes above.
#[diagnostic::do_not_recommend]
impl<S: Service<Request<Body>>> EventService for S {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Service::poll_ready(self, cx)
    }

    fn call(&mut self, request: Request<Body>) -> S::Future {
        Service::call(self, request)
    }
}

/// The routes, copied on write.
struct Table<R, E> {
    routes: HashMap<String, SharedRoute<R, E>>,
    fallback: Option<SharedRoute<R, E>>,
    unrouted: Arc<observe::Unrouted>,
}

type SharedRoute<R, E> = Arc<dyn Route<R, E>>;
type RoutedResponse<R, E> = BoxFuture<'static, Result<Response<ResponseBody<R>>, E>>;

impl<R, E> EventRouter<R, E> {
    /// Creates a router without routes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Routes deliveries of `event_types`, which is one type or several, to `service`.
    ///
    /// # Panics
    ///
    /// Panics if one of the types already has a route.
    #[must_use]
    #[track_caller]
    pub fn on<S>(mut self, event_types: impl Into<EventTypes>, service: S) -> Self
    where
        S: EventService<Response = Response<R>, Error = E> + Clone + Send + Sync + 'static,
        S::Future: Send,
    {
        let route: SharedRoute<R, E> = Arc::new(service);
        let table = Arc::make_mut(&mut self.table);
        for event_type in event_types.into().0 {
            let taken = table.routes.contains_key(&event_type);
            assert!(!taken, "event type `{event_type}` has two routes");
            table.routes.insert(event_type, Arc::clone(&route));
        }
        self
    }

    /// Sets the service for deliveries whose event type has no route or is missing, and for all deliveries of
    /// providers that send batches. A later call replaces the service. Default: none.
    ///
    /// The service also receives requests without a [`Delivery`], which no layer has verified.
    #[must_use]
    pub fn fallback<S>(mut self, service: S) -> Self
    where
        S: EventService<Response = Response<R>, Error = E> + Clone + Send + Sync + 'static,
        S::Future: Send,
    {
        Arc::make_mut(&mut self.table).fallback = Some(Arc::new(service));
        self
    }
}

impl<R, E> Table<R, E> {
    /// Returns the service of a delivery.
    fn find(&self, delivery: Option<&Delivery>) -> Result<&SharedRoute<R, E>, Unrouted> {
        let event_type = delivery.and_then(Delivery::single_event_type);
        let route = event_type.and_then(|event_type| self.routes.get(event_type));
        route.or(self.fallback.as_ref()).ok_or_else(|| match (delivery, event_type) {
            (_, Some(event_type)) => {
                self.unrouted.event_type(event_type);
                Unrouted::Ignored
            }
            (Some(_), None) => {
                self.unrouted.without_event_type(NO_EVENT_TYPE);
                Unrouted::Failed(NO_EVENT_TYPE)
            }
            (None, None) => {
                self.unrouted.without_delivery(NO_DELIVERY);
                Unrouted::Failed(NO_DELIVERY)
            }
        })
    }
}

const NO_EVENT_TYPE: &str = "delivery has no single event type, and the `EventRouter` has no fallback";
const NO_DELIVERY: &str = "`Delivery` is missing: no `WebhookLayer` is above the `EventRouter`";

/// The reason a request has no service.
enum Unrouted {
    Ignored,
    Failed(&'static str),
}

impl Unrouted {
    fn response(self, headers: &HeaderMap) -> Response<Bytes> {
        match self {
            Self::Ignored => ignored_response(is_grpc(headers)),
            Self::Failed(reason) => {
                let mut response = Response::new(Bytes::from_static(reason.as_bytes()));
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                response
            }
        }
    }
}

impl<B, R, E> Service<Request<B>> for EventRouter<R, E>
where
    B: HttpBody + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = E;
    type Future = RoutedResponse<R, E>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.table.find(request.extensions().get()) {
            Ok(route) => route.serve(request.map(Body::of)),
            Err(unrouted) => {
                let response = unrouted.response(request.headers());
                Box::pin(async move { Ok(response.map(ResponseBody::layer)) })
            }
        }
    }
}

/// A type-erased service.
trait Route<R, E>: Send + Sync {
    fn serve(&self, request: Request<Body>) -> RoutedResponse<R, E>;
}

impl<S, R, E> Route<R, E> for S
where
    S: EventService<Response = Response<R>, Error = E, Future: Send> + Clone + Send + Sync + 'static,
{
    fn serve(&self, request: Request<Body>) -> RoutedResponse<R, E> {
        let mut service = self.clone();
        Box::pin(async move {
            poll_fn(|cx| service.poll_ready(cx)).await?;
            service.call(request).await.map(|response| response.map(ResponseBody::service))
        })
    }
}

impl<R, E> Clone for EventRouter<R, E> {
    fn clone(&self) -> Self {
        Self { table: Arc::clone(&self.table) }
    }
}

impl<R, E> Default for EventRouter<R, E> {
    fn default() -> Self {
        Self { table: Arc::default() }
    }
}

impl<R, E> Clone for Table<R, E> {
    fn clone(&self) -> Self {
        Self {
            routes: self.routes.clone(),
            fallback: self.fallback.clone(),
            unrouted: Arc::clone(&self.unrouted),
        }
    }
}

impl<R, E> Default for Table<R, E> {
    fn default() -> Self {
        Self { routes: HashMap::new(), fallback: None, unrouted: Arc::default() }
    }
}

impl<R, E> fmt::Debug for EventRouter<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventRouter")
            .field("routes", &self.table.routes.keys())
            .field("fallback", &self.table.fallback.is_some())
            .finish_non_exhaustive()
    }
}
