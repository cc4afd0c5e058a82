//! The body of a request that is not verified yet: read within limits, and fed to its check frame by frame.

use std::{
    error::Error,
    future::{Future, poll_fn},
    mem,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, header, request::Parts};
use http_body::Body as HttpBody;
use http_body_util::LengthLimitError;
use tokio::task::consume_budget;

use super::Body;
use crate::{
    BoxError, Rejection, RejectionKind,
    budget::{BufferBudget, Charge, Discards},
    config::Config,
    task::timeout,
    verify::{Check, Profile},
};

/// A request's body, not yet received.
pub(super) enum Incoming<B> {
    Untouched(B),
    /// Pinned in a box from the first frame on, so that it can move into the task that discards it.
    Reading(Pin<Box<B>>),
    Ended,
}

/// A body that was received, and its share of the budget, which it gives back when dropped.
pub(super) struct Received<'c> {
    pub(super) body: Bytes,
    trailers: Option<Box<HeaderMap>>,
    _charge: Charge<'c>,
}

impl Received<'_> {
    /// Returns the handler's body, which no longer counts as buffered.
    #[inline]
    pub(super) fn hand_on(self, payload: Bytes, with_trailers: bool) -> Body {
        Body::replayed(payload, self.trailers.filter(|_| with_trailers))
    }
}

/// The limits for one body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits<'c> {
    bytes: usize,
    time: Duration,
    budget: &'c BufferBudget,
}

impl<'c> Limits<'c> {
    pub(super) fn new(config: &'c Config, profile: &Profile) -> Self {
        Self {
            bytes: config.body_limit.or(profile.body_limit()).unwrap_or(Config::DEFAULT_BODY_LIMIT),
            time: config.body_timeout,
            budget: &config.buffer_budget,
        }
    }
}

/// Receives the whole body and feeds it to `check`.
pub(super) async fn receive<'c, B>(
    body: &mut Incoming<B>,
    head: &Parts,
    limits: Limits<'c>,
    check: &mut dyn Check,
) -> Result<Received<'c>, Rejection>
where
    B: HttpBody<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    body.reject_announced_length(head, limits)?;
    let mut reading = Reading::new(limits, check);
    timeout(limits.time, poll_fn(|cx| reading.poll(body, cx)))
        .await
        .unwrap_or_else(|elapsed| Err(Rejection::new(RejectionKind::BodyTooSlow).because(elapsed)))?;
    let Reading { buffer, trailers, charge, .. } = reading;
    Ok(Received { body: buffer.into_bytes(), trailers, _charge: charge })
}

impl<B> Incoming<B>
where
    B: HttpBody<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    /// Rejects a body that is announced as too long. Otherwise the length is not used: nothing is allocated for it.
    fn reject_announced_length(&self, head: &Parts, limits: Limits<'_>) -> Result<(), Rejection> {
        let Self::Untouched(body) = self else { return Ok(()) };
        let hint = body.size_hint();
        // A body that knows its length needs no header to say so.
        let announced = match hint.exact() {
            None | Some(0) => content_length(&head.headers).max(hint.lower()),
            Some(length) => length,
        };
        if announced > limits.bytes as u64 {
            return Err(Rejection::new(RejectionKind::BodyTooLarge));
        }
        Ok(())
    }

    /// Reads the rest of a body whose request was rejected: under HTTP/1 a sender that is still writing
    /// would otherwise never see the response.
    pub(super) fn discard(self, head: &Parts, discards: &Arc<Discards>) {
        match self {
            // Polling the body would send `100 Continue`, so it is left unread.
            Self::Untouched(_) if head.headers.contains_key(header::EXPECT) => {}
            Self::Untouched(body) if !body.is_end_stream() => discards.start(Box::pin(body)),
            Self::Reading(body) => discards.start(body),
            Self::Untouched(_) | Self::Ended => {}
        }
    }

    fn pinned(&mut self) -> Option<Pin<&mut B>> {
        if let Self::Untouched(_) = self
            && let Self::Untouched(body) = mem::replace(self, Self::Ended)
        {
            *self = Self::Reading(Box::pin(body));
        }
        match self {
            Self::Reading(body) => Some(body.as_mut()),
            Self::Untouched(_) | Self::Ended => None,
        }
    }
}

fn content_length(headers: &HeaderMap) -> u64 {
    let value = headers.get(header::CONTENT_LENGTH);
    value.and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0)
}

/// A body that is being received.
struct Reading<'c, 'k> {
    limit: usize,
    charge: Charge<'c>,
    check: &'k mut dyn Check,
    buffer: Buffer,
    trailers: Option<Box<HeaderMap>>,
}

impl<'c, 'k> Reading<'c, 'k> {
    fn new(limits: Limits<'c>, check: &'k mut dyn Check) -> Self {
        Self {
            limit: limits.bytes,
            charge: limits.budget.charge(),
            check,
            buffer: Buffer::default(),
            trailers: None,
        }
    }

    /// Reads to the end. After that, or after an error of the body, nothing is left to discard.
    ///
    /// `is_end_stream` cannot end the loop: it is never true of a chunked body.
    fn poll<B>(&mut self, incoming: &mut Incoming<B>, cx: &mut Context<'_>) -> Poll<Result<(), Rejection>>
    where
        B: HttpBody<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        loop {
            // A body that is always ready must not starve other tasks, or its own deadline.
            ready!(pin!(consume_budget()).poll(cx));
            let Some(mut body) = incoming.pinned() else { return Poll::Ready(Ok(())) };
            let frame = match body.as_mut().poll_frame(cx) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    if !body.is_end_stream() {
                        self.buffer.keep_nothing_else();
                    }
                    return Poll::Pending;
                }
            };
            match frame.map(|frame| frame.map(|frame| frame.into_data())) {
                Some(Ok(Ok(data))) => self.take(data)?,
                Some(Ok(Err(frame))) => {
                    self.trailers = frame.into_trailers().ok().map(Box::new);
                    *incoming = Incoming::Ended;
                }
                Some(Err(error)) => {
                    *incoming = Incoming::Ended;
                    return Poll::Ready(Err(interrupted(error)));
                }
                None => {
                    *incoming = Incoming::Ended;
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }

    fn take(&mut self, mut data: impl Buf) -> Result<(), Rejection> {
        if data.remaining() > self.limit.saturating_sub(self.buffer.len()) {
            return Err(Rejection::new(RejectionKind::BodyTooLarge));
        }
        self.charge.add(data.remaining())?;
        // Not a copy where data is `Bytes`, as it is on every host.
        let data = data.copy_to_bytes(data.remaining());
        self.check.update(&data);
        self.buffer.push(data);
        Ok(())
    }
}

#[cold]
fn interrupted<E: Into<BoxError>>(error: E) -> Rejection {
    let error = error.into();
    // A limit of another layer's hides under wrappers, and is no interruption.
    let mut cause: Option<&(dyn Error + 'static)> = Some(&*error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return Rejection::new(RejectionKind::BodyTooLarge);
        }
        cause = error.source();
    }
    Rejection::new(RejectionKind::BodyInterrupted).because(error)
}

/// The bytes so far: one frame is kept as it is, unless more must be waited for; several go into one
/// growing buffer.
///
/// Not a list of frames to be joined at the end: a body in one-byte frames would take 40 times its
/// length, and joining them is work between the last frame and the handler.
#[derive(Default)]
struct Buffer {
    first: Bytes,
    grown: BytesMut,
}

impl Buffer {
    fn len(&self) -> usize {
        self.first.len() + self.grown.len()
    }

    #[inline]
    fn push(&mut self, data: Bytes) {
        if self.len() == 0 {
            self.first = data;
        } else {
            self.append(&data);
        }
    }

    #[cold]
    fn append(&mut self, data: &[u8]) {
        self.keep_nothing_else();
        self.grown.extend_from_slice(data);
    }

    /// Copies a frame that was kept as it is: it is a part of what the server has read at once, all of
    /// which it holds in memory, and who sends slowly would so occupy more than the budget knows of.
    fn keep_nothing_else(&mut self) {
        if !self.first.is_empty() {
            self.grown.extend_from_slice(&mem::take(&mut self.first));
        }
    }

    #[inline]
    fn into_bytes(self) -> Bytes {
        if self.grown.is_empty() { self.first } else { self.grown.freeze() }
    }
}
