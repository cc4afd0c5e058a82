//! Looks on while the layer works: what came, how far it got, and how it ended.
//!
//! All by the layer's public interface. A request carries a [`Trace`] in its extensions, in which a
//! verifier around the provider's notes what it sees; and each request goes through a clone of the
//! layer, whose `on_outcome` knows the request that it is told of. Clones share store and budget.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use axum::{
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{Response, request::Parts},
    middleware::Next,
};
use bytes::Bytes;
use tokio::sync::Semaphore;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{
    Delivery, Rejection, RejectionKind, WebhookLayer,
    provider::ProviderVerifier,
    verify::{Check, Finish, Profile, RequestContext, Verifier, VerifyError},
};

use crate::{explain::Arrival, history::History, report, rules::Rules, second_look};

/// What all requests to the endpoint have in common.
pub(crate) struct Endpoint {
    pub(crate) layer: WebhookLayer,
    pub(crate) rules: Arc<Rules>,
    pub(crate) history: Arc<History>,
    pub(crate) looking_again: Semaphore,
}

/// The layer, with its outcome printed as a line and noted for the page.
pub(crate) async fn watched(
    State(endpoint): State<Arc<Endpoint>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Result<Response<Body>, Infallible> {
    let trace = Trace::default();
    request.extensions_mut().insert(trace.clone());
    let (head, body) = request.into_parts();
    let number = endpoint.history.next_number();
    let arrival = Arc::new(Arrival::new(number, from, &head, trace, Arc::clone(&endpoint.rules)));
    let kept = head.clone();
    let request = Request::from_parts(head, body);

    let layer = endpoint.layer.clone().on_outcome({
        let (history, arrival) = (Arc::clone(&endpoint.history), Arc::clone(&arrival));
        move |outcome| {
            report::print(&report::outcome(outcome, arrival.rules().source.id()));
            history.note(arrival.ended(outcome));
        }
    });
    let (history, trace) = (Arc::clone(&endpoint.history), arrival.trace().clone());
    let handler = service_fn(move |request: axum::http::Request<tower_webhook::Body>| {
        if let Some(delivery) = request.extensions().get::<Delivery>() {
            history.note(arrival.running(delivery));
        }
        next.clone().oneshot(request.map(Body::new))
    });
    let response = layer.layer(handler).oneshot(request).await?;
    let rejection = response.extensions().get::<Rejection>();
    if rejection.is_some_and(|rejection| rejection.kind() == RejectionKind::WrongSignature) {
        tokio::spawn(look_again(endpoint, number, kept, trace));
    }
    Ok(response.map(Body::new))
}

/// Adds to what is kept of a request with a wrong signature what that would be right for.
async fn look_again(endpoint: Arc<Endpoint>, number: u64, head: Parts, trace: Trace) {
    // Anybody can send wrong signatures, and this costs some twenty times what refusing them does.
    let Ok(_turn) = endpoint.looking_again.try_acquire() else { return };
    let Noted { body, received, finished, .. } = trace.noted().clone();
    if !finished || received > body.len() {
        return;
    }
    let found = second_look::at(&endpoint.layer, &endpoint.rules, &head, &body).await;
    if let (Some(found), Some(request)) = (found, endpoint.history.find(number)) {
        endpoint.history.note(request.with(found));
    }
}

/// What was seen of a request while it was verified.
#[derive(Clone, Default)]
pub(crate) struct Trace(Arc<Mutex<Noted>>);

#[derive(Clone, Default)]
pub(crate) struct Noted {
    /// The head was looked at, so it was not a handshake that needs no signature.
    pub(crate) begun: bool,
    /// The timestamp, where the head has it.
    pub(crate) timestamp: Option<SystemTime>,
    /// The beginning of the body, not more than [`MOST`].
    pub(crate) body: Vec<u8>,
    /// How much of the body came.
    pub(crate) received: usize,
    /// The whole body came, and the signature was compared.
    pub(crate) finished: bool,
}

/// How much of a body is kept to be looked at.
pub(crate) const MOST: usize = 64 * 1024;

impl Trace {
    pub(crate) fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A verifier that is looked on at.
pub(crate) struct Watched(pub(crate) ProviderVerifier);

impl Verifier for Watched {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let trace = request.head().extensions.get::<Trace>().cloned().unwrap_or_default();
        trace.noted().begun = true;
        let check = self.0.begin(request)?;
        trace.noted().timestamp = check.timestamp();
        Ok(Box::new(WatchedCheck { check, trace }))
    }

    fn profile(&self) -> &Profile {
        self.0.profile()
    }

    fn handshake(&self, request: &RequestContext<'_>) -> Option<Response<Bytes>> {
        self.0.handshake(request)
    }

    fn signed_handshake(&self, request: &RequestContext<'_>, body: &Bytes) -> Option<Response<Bytes>> {
        self.0.signed_handshake(request, body)
    }
}

struct WatchedCheck<'a> {
    check: Box<dyn Check + 'a>,
    trace: Trace,
}

impl Check for WatchedCheck<'_> {
    fn timestamp(&self) -> Option<SystemTime> {
        self.check.timestamp()
    }

    fn update(&mut self, bytes: &[u8]) {
        let mut noted = self.trace.noted();
        noted.received += bytes.len();
        let room = MOST.saturating_sub(noted.body.len());
        noted.body.extend(bytes.iter().take(room));
        drop(noted);
        self.check.update(bytes);
    }

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        self.trace.noted().finished = true;
        self.check.finish(body)
    }
}
