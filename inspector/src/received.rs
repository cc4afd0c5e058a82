//! Requests as they arrived, so that they can be sent again, copied and exported.
//!
//! Nothing here is masked, unlike the data that the page displays. These values therefore leave the process only when
//! the user asks for them, in the response to a `POST` that [the page's access check](crate::page) lets through, or in
//! a file that the user named on the command line.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use axum::{
    body::{Body, HttpBody},
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use crate::watch::MAX_BODY;

/// The maximum size of a target with its headers, in bytes.
const MAX_HEAD: usize = 64 * 1024;

/// A whole request. Its method, target, headers and body are as the client sent them.
pub(crate) struct Received {
    pub(crate) method: Method,
    /// The path and query.
    pub(crate) target: String,
    /// The headers, with the host of a request over HTTP/2 as `host`.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The reason why a request is not kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotKept {
    HeadTooLarge,
    BodyTooLarge,
    /// The headers were sufficient to reject the request.
    BodyNotRead,
    /// The client or the layer stopped before the end of the body.
    BodyIncomplete,
    /// The request came to another path than the endpoint's.
    WrongPath,
}

impl NotKept {
    /// Returns the reason, as the subject of a sentence.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::HeadTooLarge => "The headers exceed 64 KiB and were not kept.",
            Self::BodyTooLarge => "The body exceeds 64 KiB and was not kept.",
            Self::BodyNotRead => "The body was not read: the headers were sufficient.",
            Self::BodyIncomplete => "The body was not read to its end.",
            Self::WrongPath => "The request did not reach the endpoint.",
        }
    }
}

impl Received {
    fn head(head: &Parts) -> Result<Self, NotKept> {
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        let lengths = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
        if target.len() + lengths.sum::<usize>() > MAX_HEAD {
            return Err(NotKept::HeadTooLarge);
        }
        let mut headers = head.headers.clone();
        let authority = head.uri.authority().and_then(|host| HeaderValue::from_str(host.as_str()).ok());
        if let (Some(host), false) = (authority, headers.contains_key(header::HOST)) {
            headers.insert(header::HOST, host);
        }
        let (method, target) = (head.method.clone(), target.to_owned());
        Ok(Self { method, target, headers, body: Bytes::new() })
    }

    /// Returns the approximate size in memory, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 64);
        self.target.len() + self.body.len() + headers.sum::<usize>()
    }
}

/// The record of a request whose body may still be arriving.
#[derive(Clone)]
pub(crate) struct Recorder(Arc<Mutex<State>>);

enum State {
    Reading { head: Received, body: Vec<u8>, begun: bool },
    Ended(Result<Arc<Received>, NotKept>),
}

impl Recorder {
    /// Starts to record a request. The request must continue with the body that this function returns.
    pub(crate) fn record(head: &Parts, body: Body) -> (Self, Body) {
        let state = match Received::head(head) {
            Ok(head) if body.is_end_stream() => State::Ended(Ok(Arc::new(head))),
            Ok(head) => State::Reading { head, body: Vec::new(), begun: false },
            Err(reason) => State::Ended(Err(reason)),
        };
        let recorder = Self(Arc::new(Mutex::new(state)));
        let body = Body::new(RecordedBody { body, recorder: recorder.clone() });
        (recorder, body)
    }

    /// Returns the request, if its body has arrived whole.
    pub(crate) fn received(&self) -> Result<Arc<Received>, NotKept> {
        match &*self.state() {
            State::Ended(received) => received.clone(),
            State::Reading { begun: false, .. } => Err(NotKept::BodyNotRead),
            State::Reading { .. } => Err(NotKept::BodyIncomplete),
        }
    }

    fn begin(&self) {
        if let State::Reading { begun, .. } = &mut *self.state() {
            *begun = true;
        }
    }

    fn extend(&self, data: &[u8]) {
        let mut state = self.state();
        if let State::Reading { body, .. } = &mut *state {
            if body.len() + data.len() > MAX_BODY {
                *state = State::Ended(Err(NotKept::BodyTooLarge));
            } else {
                body.extend_from_slice(data);
            }
        }
    }

    fn end(&self) {
        let mut state = self.state();
        let before = std::mem::replace(&mut *state, State::Ended(Err(NotKept::BodyIncomplete)));
        *state = match before {
            State::Reading { head, body, .. } => {
                State::Ended(Ok(Arc::new(Received { body: body.into(), ..head })))
            }
            ended => ended,
        };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body that records what is read of it.
struct RecordedBody {
    body: Body,
    recorder: Recorder,
}

impl HttpBody for RecordedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.recorder.begin();
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.recorder.extend(data);
        }
        match &frame {
            Poll::Ready(None) => self.recorder.end(),
            // A reader need not ask again after the last frame.
            Poll::Ready(Some(Ok(_))) if self.body.is_end_stream() => self.recorder.end(),
            _ => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
