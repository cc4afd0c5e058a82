//! Reading the body of a request that is not verified yet, with its check fed frame by frame.

use std::{error::Error, future::poll_fn, mem, pin::Pin, sync::Arc, time::Duration};

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, header, request::Parts};
use http_body::{Body as HttpBody, Frame};
use http_body_util::LengthLimitError;
use tokio::task::consume_budget;

use crate::{
    BoxError, Rejection, RejectionKind,
    budget::{BufferBudget, Charge, Discards},
    task::{Timeout, timeout},
    verify::Check,
};

/// A request's body, not yet received.
pub(crate) enum Incoming<B> {
    Untouched(B),
    /// Pinned from its first reading on, in a box: it must be possible to hand it to a task.
    Reading(Pin<Box<B>>),
    Ended,
}

/// What was received, and its share of the budget, which is given back when it is dropped.
pub(crate) struct Received<'b> {
    pub(crate) body: Bytes,
    pub(crate) trailers: Option<Box<HeaderMap>>,
    pub(crate) charge: Charge<'b>,
}

/// What is read of one body at the most, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits<'b> {
    pub(crate) bytes: usize,
    pub(crate) time: Duration,
    pub(crate) budget: &'b BufferBudget,
}

impl<B> Incoming<B>
where
    B: HttpBody + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    /// Receives the whole body, feeding `check`.
    pub(crate) fn receive<'a, 'b>(
        &'a mut self,
        limits: &'a Limits<'b>,
        check: &'a mut dyn Check,
    ) -> Timeout<impl Future<Output = Result<Received<'b>, Rejection>> + use<'a, 'b, B>> {
        timeout(limits.time, self.read(limits, check))
    }

    /// A length that is announced is only ever believed when it is too long: nothing is allocated
    /// for it.
    pub(crate) fn refuse_by_announced_length(&self, head: &Parts, limit: usize) -> Result<(), Rejection> {
        let Self::Untouched(body) = self else { return Ok(()) };
        let header = head.headers.get(header::CONTENT_LENGTH);
        let announced = header.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if announced.unwrap_or(0).max(body.size_hint().lower()) > limit as u64 {
            return Err(Rejection::new(RejectionKind::BodyTooLarge));
        }
        Ok(())
    }

    /// Reads away what is left of a body whose request was refused: under HTTP/1 a sender that is
    /// still writing would otherwise never see the answer.
    pub(crate) fn discard(&mut self, head: &Parts, discards: &Arc<Discards>) {
        match mem::replace(self, Self::Ended) {
            // Who waits for a 100 before it sends its body would be sent one by reading it.
            Self::Untouched(_) if head.headers.contains_key(header::EXPECT) => {}
            Self::Untouched(body) if !body.is_end_stream() => discards.start(Box::pin(body)),
            Self::Reading(body) => discards.start(body),
            Self::Untouched(_) | Self::Ended => {}
        }
    }

    async fn read<'b>(
        &mut self,
        limits: &Limits<'b>,
        check: &mut dyn Check,
    ) -> Result<Received<'b>, Rejection> {
        let mut charge = limits.budget.charge();
        let mut buffer = Buffer::default();
        let mut trailers = None;
        loop {
            // A body that is always ready must not keep others, or its own deadline, from their turn.
            consume_budget().await;
            let Some(frame) = self.next_frame(&mut buffer).await? else { break };
            match frame.into_data() {
                Ok(data) if data.remaining() > limits.bytes.saturating_sub(buffer.len()) => {
                    return Err(Rejection::new(RejectionKind::BodyTooLarge));
                }
                Ok(mut data) => {
                    charge.add(data.remaining())?;
                    // Not a copy where data is `Bytes`, as it is on every host.
                    let data = data.copy_to_bytes(data.remaining());
                    check.update(&data);
                    buffer.push(data);
                }
                Err(frame) => {
                    trailers = frame.into_trailers().ok().map(Box::new);
                    *self = Self::Ended;
                }
            }
        }
        Ok(Received { body: buffer.into_bytes(), trailers, charge })
    }

    /// The next frame; after the last one, or an error, nothing is left to read away.
    ///
    /// `is_end_stream` does not say when to stop: it never says so of a chunked body.
    async fn next_frame(&mut self, progress: &mut Buffer) -> Result<Option<Frame<B::Data>>, Rejection> {
        let Some(mut body) = self.pinned() else { return Ok(None) };
        let frame = poll_fn(|cx| {
            let frame = body.as_mut().poll_frame(cx);
            if frame.is_pending() && !body.is_end_stream() {
                progress.keep_nothing_else();
            }
            frame
        })
        .await;
        if !matches!(frame, Some(Ok(_))) {
            *self = Self::Ended;
        }
        frame.transpose().map_err(interrupted)
    }

    fn pinned(&mut self) -> Option<Pin<&mut B>> {
        *self = match mem::replace(self, Self::Ended) {
            Self::Untouched(body) => Self::Reading(Box::pin(body)),
            other => other,
        };
        match self {
            Self::Reading(body) => Some(body.as_mut()),
            Self::Untouched(_) | Self::Ended => None,
        }
    }
}

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

    fn push(&mut self, data: Bytes) {
        if self.len() == 0 {
            self.first = data;
            return;
        }
        self.keep_nothing_else();
        self.grown.extend_from_slice(&data);
    }

    /// Copies a frame that was kept as it is: it is a part of what the server has read at once, all of
    /// which it holds in memory, and who sends slowly would so occupy more than the budget knows of.
    fn keep_nothing_else(&mut self) {
        if !self.first.is_empty() {
            self.grown.extend_from_slice(&mem::take(&mut self.first));
        }
    }

    fn into_bytes(self) -> Bytes {
        if self.grown.is_empty() { self.first } else { self.grown.freeze() }
    }
}
