//! A middleware that observes how the layer processes each request.
//!
//! It only uses the layer's public interface. A request carries a [`Trace`] in its extensions, in which a wrapper of
//! the provider's verifier records the body. Each request has its own clone of the layer, so that the function that
//! is passed to `on_outcome` knows the request. Clones share the store and the buffer budget.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use axum::{
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{Response, header, request::Parts},
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

use crate::{
    explain::Arrival,
    forward::Forwarded,
    history::History,
    received::Recorder,
    record::{Entry, Recording, Written},
    replay::Replaying,
    report,
    rules::Rules,
    second_look,
};

/// The state that all requests to the endpoint share.
pub(crate) struct Endpoint {
    pub(crate) layer: WebhookLayer,
    pub(crate) rules: Arc<Rules>,
    pub(crate) history: Arc<History>,
    pub(crate) cause_searches: Semaphore,
    pub(crate) recording: Option<Recording>,
    pub(crate) replaying: Replaying,
}

/// Passes a request through the layer, prints its outcome and adds it to the history.
pub(crate) async fn observe(
    State(endpoint): State<Arc<Endpoint>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Result<Response<Body>, Infallible> {
    let trace = Trace::default();
    request.extensions_mut().insert(trace.clone());
    let (head, body) = request.into_parts();
    let (number, at) = (endpoint.history.next_number(), SystemTime::now());
    let replayed = endpoint.replaying.recorded_at(from);
    let (recorder, body) = Recorder::record(&head, body);
    let arrival = Arrival::new(number, from, &head, trace, recorder, Arc::clone(&endpoint.rules));
    let arrival = Arc::new(arrival.replayed(replayed));
    let kept = Arc::new(head.clone());
    let mut request = Request::from_parts(head, body);
    request.extensions_mut().insert(AsReceived(Arc::clone(&kept)));

    let written = Arc::new(Mutex::new(None::<Written>));
    let layer = endpoint.layer.clone().on_outcome({
        let (history, arrival) = (Arc::clone(&endpoint.history), Arc::clone(&arrival));
        // A replayed request is already in a file.
        let recording = endpoint.recording.clone().filter(|_| replayed.is_none());
        let (kept, written) = (Arc::clone(&kept), Arc::clone(&written));
        move |outcome| {
            if let Some(recording) = &recording {
                let body = arrival.whole_body(outcome);
                let entry = Entry::new(at, arrival.rules().source.id(), &kept, body.as_ref(), outcome);
                *written.lock().unwrap_or_else(PoisonError::into_inner) = recording.append(&entry);
            }
            let forwarded = arrival.trace().record().forwarded.clone();
            let line = report::outcome(outcome, arrival.rules(), forwarded.as_ref());
            report::print(&line);
            let ended = arrival.ended(outcome, line);
            let first = history.first_like(&ended);
            history.note(ended.compared_with(first.as_deref()));
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
    let written = written.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(written) = written {
        written.wait().await;
    }
    let rejection = response.extensions().get::<Rejection>();
    if rejection.is_some_and(|rejection| rejection.kind() == RejectionKind::WrongSignature) {
        tokio::spawn(search_cause(endpoint, number, kept, trace));
    }
    Ok(response.map(Body::new))
}

/// Searches for the cause of a signature mismatch, and adds it to the request in the history.
async fn search_cause(endpoint: Arc<Endpoint>, number: u64, head: Arc<Parts>, trace: Trace) {
    // Limit the number of concurrent searches: any client can send wrong signatures, and a search costs dozens of times
    // as much as a rejection.
    let Ok(_turn) = endpoint.cause_searches.try_acquire() else { return };
    let Record { body, received, finished, .. } = trace.record().clone();
    if !finished || received > body.len() {
        return;
    }
    let found = second_look::find_cause(&endpoint.layer, &endpoint.rules, &head, &body).await;
    if let (Some(found), Some(request)) = (found, endpoint.history.find(number)) {
        endpoint.history.note(request.with(found));
    }
}

/// The head of a request before the layer, which may change its headers for the handler.
#[derive(Clone)]
pub(crate) struct AsReceived(pub(crate) Arc<Parts>);

/// The record of a request's verification.
#[derive(Clone, Default)]
pub(crate) struct Trace(Arc<Mutex<Record>>);

#[derive(Clone, Default)]
pub(crate) struct Record {
    /// `true` once verification has started. It never starts for an unsigned handshake.
    pub(crate) begun: bool,
    /// The timestamp, if the headers contain it.
    pub(crate) timestamp: Option<SystemTime>,
    /// The first [`MAX_BODY`] bytes of the body.
    pub(crate) body: Vec<u8>,
    /// The number of bytes received.
    pub(crate) received: usize,
    /// `true` once the whole body was received and passed to the verifier's check.
    pub(crate) finished: bool,
    /// The whole body, unless it has a content coding. It shares its bytes with the layer.
    pub(crate) whole: Option<Bytes>,
    /// The result of forwarding, once the service has responded.
    pub(crate) forwarded: Option<Forwarded>,
}

/// The maximum number of bytes of a body that are kept.
pub(crate) const MAX_BODY: usize = 64 * 1024;

impl Trace {
    pub(crate) fn record(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A verifier that records what it verifies.
pub(crate) struct RecordingVerifier(pub(crate) ProviderVerifier);

impl Verifier for RecordingVerifier {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let trace = request.head().extensions.get::<Trace>().cloned().unwrap_or_default();
        trace.record().begun = true;
        let check = self.0.begin(request)?;
        trace.record().timestamp = check.timestamp();
        let is_encoded = request.head().headers.contains_key(header::CONTENT_ENCODING);
        Ok(Box::new(RecordingCheck { check, trace, is_encoded }))
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

struct RecordingCheck<'a> {
    check: Box<dyn Check + 'a>,
    trace: Trace,
    is_encoded: bool,
}

impl Check for RecordingCheck<'_> {
    fn timestamp(&self) -> Option<SystemTime> {
        self.check.timestamp()
    }

    fn update(&mut self, bytes: &[u8]) {
        let mut record = self.trace.record();
        record.received += bytes.len();
        let free = MAX_BODY.saturating_sub(record.body.len());
        record.body.extend(bytes.iter().take(free));
        drop(record);
        self.check.update(bytes);
    }

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        let mut record = self.trace.record();
        record.finished = true;
        // The signature of some providers covers the decoded body, which is not the body that arrived.
        record.whole = (!self.is_encoded).then(|| body.clone());
        drop(record);
        self.check.finish(body)
    }
}
