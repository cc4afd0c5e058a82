//! Receiving the body of an unverified request, within limits and with each frame passed to its check.

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

/// The body of a request, not received yet.
pub(super) enum Incoming<B> {
    Untouched(B),
    /// Boxed and pinned from the first frame on, so that it can move into the task that discards it.
    Reading(Pin<Box<B>>),
    Ended,
}

/// A received body with its share of the buffer budget, which is released on drop.
pub(super) struct Received<'c> {
    pub(super) body: Bytes,
    trailers: Option<Box<HeaderMap>>,
    _charge: Charge<'c>,
}

impl Received<'_> {
    /// Returns the handler's body, which no longer counts towards the budget.
    #[inline]
    pub(super) fn hand_on(self, payload: Bytes, with_trailers: bool) -> Body {
        Body::replayed(payload, self.trailers.filter(|_| with_trailers))
    }
}

/// The limits of one body.
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

/// Receives the whole body and passes it to `check`.
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
    /// Rejects a body whose announced length exceeds the limit. The length is not used for allocation.
    fn reject_announced_length(&self, head: &Parts, limits: Limits<'_>) -> Result<(), Rejection> {
        let Self::Untouched(body) = self else { return Ok(()) };
        let hint = body.size_hint();
        // A body of known length needs no `content-length` header.
        let announced = match hint.exact() {
            None | Some(0) => content_length(&head.headers).max(hint.lower()),
            Some(length) => length,
        };
        if announced > limits.bytes as u64 {
            return Err(Rejection::new(RejectionKind::BodyTooLarge));
        }
        Ok(())
    }

    /// Reads the rest of a rejected request's body: under HTTP/1 a client that is still writing would
    /// otherwise not see the response.
    pub(super) fn discard(self, head: &Parts, discards: &Arc<Discards>) {
        match self {
            // Polling the body would send `100 Continue`, so leave it unread.
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

/// A body being received.
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

    /// Reads the body to its end. After the end, or an error of the body, nothing is left to discard.
    ///
    /// `is_end_stream` cannot end the loop, because it is never true of a chunked body.
    fn poll<B>(&mut self, incoming: &mut Incoming<B>, cx: &mut Context<'_>) -> Poll<Result<(), Rejection>>
    where
        B: HttpBody<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        loop {
            // Yields cooperatively: a body that is always ready would starve other tasks and its own
            // deadline.
            ready!(pin!(consume_budget()).poll(cx));
            let Some(mut body) = incoming.pinned() else { return Poll::Ready(Ok(())) };
            let frame = match body.as_mut().poll_frame(cx) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    if !body.is_end_stream() {
                        self.buffer.copy_first_frame();
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
        // Copies nothing if the data is already `Bytes`, as on every host.
        let data = data.copy_to_bytes(data.remaining());
        self.check.update(&data);
        self.buffer.push(data);
        Ok(())
    }
}

#[cold]
fn interrupted<E: Into<BoxError>>(error: E) -> Rejection {
    let error = error.into();
    // The limit of an outer layer appears as a wrapped error, and is not an interruption.
    let mut cause: Option<&(dyn Error + 'static)> = Some(&*error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return Rejection::new(RejectionKind::BodyTooLarge);
        }
        cause = error.source();
    }
    Rejection::new(RejectionKind::BodyInterrupted).because(error)
}

/// The bytes received so far. A single frame is kept without a copy, unless more data must be awaited;
/// several are copied into one growing buffer.
///
/// A list of frames would take 40 times the length of a body that arrives in one-byte frames.
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
        self.copy_first_frame();
        self.grown.extend_from_slice(data);
    }

    /// Copies a frame that was kept without a copy. It is a slice of the server's read buffer and keeps all of
    /// that in memory, so a slow client could occupy more memory than the budget counts.
    fn copy_first_frame(&mut self) {
        if !self.first.is_empty() {
            self.grown.extend_from_slice(&mem::take(&mut self.first));
        }
    }

    #[inline]
    fn into_bytes(self) -> Bytes {
        if self.grown.is_empty() { self.first } else { self.grown.freeze() }
    }
}
