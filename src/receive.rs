//! Reading the body of a request that is not believed yet: limit, deadline and budget, with the
//! check fed frame by frame; and reading away the bodies of requests that were refused.

use std::{
    error::Error,
    future::poll_fn,
    mem,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, header, request::Parts};
use http_body::Body as HttpBody;
use http_body_util::LengthLimitError;
use tokio::{runtime::Handle, task::consume_budget};

use crate::{BoxError, Rejection, RejectionKind, time::within, verify::Check};

/// A request's body, not yet received.
///
/// Dropped before its end, it is read away in the background: under HTTP/1 a sender that is still
/// writing would otherwise never see the answer.
pub(crate) struct Incoming<B>
where
    B: HttpBody + Send + 'static,
    B::Data: Send,
{
    state: State<B>,
    /// The sender waits for a 100 before it sends its body, and reading would send it that.
    expects_continue: bool,
    discards: Arc<Discards>,
}

enum State<B> {
    Untouched(B),
    Reading(Pin<Box<B>>),
    Ended,
}

/// What was received, and its share of the budget, which is given back when it is dropped.
pub(crate) struct Received<'b> {
    pub(crate) payload: Bytes,
    pub(crate) trailers: Option<HeaderMap>,
    pub(crate) charge: Charge<'b>,
}

/// What is read of one body at the most, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits<'b> {
    pub(crate) bytes: usize,
    pub(crate) time: Duration,
    pub(crate) budget: &'b Budget,
}

impl<B> Incoming<B>
where
    B: HttpBody + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    pub(crate) fn new(body: B, head: &Parts, discards: &Arc<Discards>) -> Self {
        Self {
            state: State::Untouched(body),
            expects_continue: head.headers.contains_key(header::EXPECT),
            discards: Arc::clone(discards),
        }
    }

    /// Receives the whole body, feeding `check`.
    pub(crate) async fn receive<'b>(
        mut self,
        head: &Parts,
        limits: Limits<'b>,
        check: &mut dyn Check,
    ) -> Result<Received<'b>, Rejection> {
        self.refuse_by_announced_length(head, limits.bytes)?;
        within(limits.time, self.read(limits, check))
            .await
            .unwrap_or_else(|elapsed| Err(Rejection::new(RejectionKind::BodyTooSlow).because(elapsed)))
    }

    /// A length that is announced is only ever believed when it is too long: nothing is allocated
    /// for it.
    fn refuse_by_announced_length(&self, head: &Parts, limit: usize) -> Result<(), Rejection> {
        let header = head.headers.get(header::CONTENT_LENGTH);
        let announced = header.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let hinted = match &self.state {
            State::Untouched(body) => body.size_hint().lower(),
            State::Reading(_) | State::Ended => 0,
        };
        if announced.unwrap_or(0).max(hinted) > limit as u64 {
            return Err(Rejection::new(RejectionKind::BodyTooLarge));
        }
        Ok(())
    }

    async fn read<'b>(
        &mut self,
        limits: Limits<'b>,
        check: &mut dyn Check,
    ) -> Result<Received<'b>, Rejection> {
        let mut charge = limits.budget.charge();
        let mut buffer = Buffer::default();
        let mut trailers = None;
        while let Some(frame) = self.next_frame().await {
            match frame.map_err(interrupted)?.into_data() {
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
                    trailers = frame.into_trailers().ok();
                    self.state = State::Ended;
                }
            }
        }
        Ok(Received { payload: buffer.into_bytes(), trailers, charge })
    }

    /// The next frame; after the last one, or an error, nothing is left to read away.
    ///
    /// `is_end_stream` is not asked: it never says so of a chunked body.
    async fn next_frame(&mut self) -> Option<Result<http_body::Frame<B::Data>, B::Error>> {
        // A body that is always ready must not keep others, or its own deadline, from their turn.
        consume_budget().await;
        let mut body = self.state.pinned()?;
        let frame = poll_fn(|cx| body.as_mut().poll_frame(cx)).await;
        if !matches!(frame, Some(Ok(_))) {
            self.state = State::Ended;
        }
        frame
    }
}

impl<B> State<B> {
    /// The body, pinned from its first reading on: it must be possible to hand it to a task.
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

impl<B> Drop for Incoming<B>
where
    B: HttpBody + Send + 'static,
    B::Data: Send,
{
    fn drop(&mut self) {
        if self.expects_continue {
            return;
        }
        match mem::replace(&mut self.state, State::Ended) {
            State::Untouched(body) if !body.is_end_stream() => self.discards.start(Box::pin(body)),
            State::Reading(body) => self.discards.start(body),
            State::Untouched(_) | State::Ended => {}
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

/// The bytes so far: one frame is kept as it is, several go into one growing buffer.
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
        if self.grown.is_empty() {
            self.grown.extend_from_slice(&mem::take(&mut self.first));
        }
        self.grown.extend_from_slice(&data);
    }

    fn into_bytes(self) -> Bytes {
        if self.grown.is_empty() { self.first } else { self.grown.freeze() }
    }
}

/// How many bytes of bodies the layer may hold at once.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: usize,
    used: AtomicUsize,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, used: AtomicUsize::new(0) }
    }

    fn charge(&self) -> Charge<'_> {
        Charge { budget: self, bytes: 0 }
    }
}

/// One body's share of the [`Budget`].
#[derive(Debug)]
pub(crate) struct Charge<'b> {
    budget: &'b Budget,
    bytes: usize,
}

impl Charge<'_> {
    fn add(&mut self, bytes: usize) -> Result<(), Rejection> {
        self.bytes += bytes;
        // Relaxed: it guards no other memory. What is refused is given back by `drop`.
        let used = self.budget.used.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if used > self.budget.limit {
            return Err(Rejection::new(RejectionKind::OverBudget));
        }
        Ok(())
    }
}

impl Drop for Charge<'_> {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// How many refused bodies are being read away.
#[derive(Debug, Default)]
pub(crate) struct Discards(AtomicUsize);

impl Discards {
    const MOST_AT_ONCE: usize = 64;
    const MOST_BYTES: usize = 1024 * 1024;
    const LONGEST: Duration = Duration::from_secs(2);

    /// Reads `body` away in a task of its own, bounded in every way; or drops it.
    fn start<B>(self: &Arc<Self>, mut body: Pin<Box<B>>)
    where
        B: HttpBody + Send + 'static,
        B::Data: Send,
    {
        let Ok(runtime) = Handle::try_current() else { return };
        let Some(slot) = Slot::take(self) else { return };
        runtime.spawn(async move {
            let mut left = Self::MOST_BYTES;
            let discarding = async {
                while let Some(length) = next_length(body.as_mut()).await
                    && let Some(rest) = left.checked_sub(length)
                {
                    left = rest;
                    consume_budget().await;
                }
            };
            let _ = within(Self::LONGEST, discarding).await;
            drop(slot);
        });
    }
}

/// The length of the next frame; `None` at the end, or at an error.
async fn next_length<B: HttpBody>(mut body: Pin<&mut B>) -> Option<usize> {
    let length = |frame: http_body::Frame<B::Data>| frame.data_ref().map_or(0, Buf::remaining);
    poll_fn(|cx| body.as_mut().poll_frame(cx).map(|frame| frame?.ok().map(length))).await
}

struct Slot(Arc<Discards>);

impl Slot {
    fn take(discards: &Arc<Discards>) -> Option<Self> {
        let slot = Self(Arc::clone(discards));
        (discards.0.fetch_add(1, Ordering::Relaxed) < Discards::MOST_AT_ONCE).then_some(slot)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
