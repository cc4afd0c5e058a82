//! Reception of an unverified request's body: enforces the limits and feeds the verifier's check.

use std::{
    error::Error,
    future::{Future, poll_fn},
    io, mem,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, Bytes, BytesMut};
use http::{
    HeaderMap, Request,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT},
    request::Parts,
};
use http_body::{Body as HttpBody, SizeHint};
use http_body_util::LengthLimitError;
use tokio::task::consume_budget;

use super::Body;
use crate::{
    BoxError, Rejection, RejectionKind,
    budget::{BufferBudget, Charge, Discards},
    config::Config,
    rejection::is_grpc_type,
    task::{rarely, timeout},
    verify::{
        Check, ContentCoding, ContentError, DecodedLimits, Endpoint, SignedEncoding, Verified, VerifyError,
    },
};

/// The body of a request, and how far it has been read.
pub(super) enum Incoming<B> {
    Untouched(B),
    /// Boxed and pinned from the first frame on, so that it can move into the task that discards it.
    Reading(Pin<Box<B>>),
    Ended,
}

/// A received body with its share of the buffer budget, which is released on drop.
pub(super) struct Received<'c> {
    pub(super) body: Bytes,
    /// Boxed: few bodies are encoded, and the future of each request contains this struct.
    encoded: Option<Box<Encoded>>,
    trailers: Option<Box<HeaderMap>>,
    charge: Charge<'c>,
}

/// The content coding of a body, and the decoded body if the signature covers it.
struct Encoded {
    coding: ContentCoding,
    decoded: Option<Box<Bytes>>,
}

/// The content of a verified body.
pub(super) enum Content {
    /// The body itself, which is not encoded.
    Plain,
    /// The decoded body, which is the payload. `None` if the verifier returned the payload, or if the body is
    /// not encoded in spite of its header.
    Decoded(Option<Box<Bytes>>),
    /// An encoded body that cannot be decoded. The body itself is the payload.
    Undecodable(BoxError),
}

impl Content {
    /// Moves the decoded body into `verified`.
    #[inline]
    pub(super) fn into_payload(mut self, mut verified: Verified) -> (Verified, Self) {
        match &mut self {
            Self::Plain => {}
            // A payload from the verifier is not encoded.
            _ if verified.payload.is_some() => self = Self::Decoded(None),
            Self::Decoded(decoded) => verified.payload = decoded.take(),
            Self::Undecodable(_) => {}
        }
        (verified, self)
    }
}

impl Received<'_> {
    /// Returns the bytes that the signature covers.
    #[inline]
    pub(super) fn signed(&self) -> &Bytes {
        self.encoded.as_ref().and_then(|encoded| encoded.decoded.as_deref()).unwrap_or(&self.body)
    }

    /// Decodes the verified body, if it is encoded.
    #[allow(clippy::manual_async_fn, reason = "an async fn stores its arguments twice")]
    pub(super) fn decode(
        &mut self,
        config: &Config,
        endpoint: &Endpoint,
    ) -> impl Future<Output = Result<Content, Rejection>> {
        let decoding = self.encoded.take().map(|encoded| {
            let limits = Limits::new(config, endpoint);
            rarely(self.decode_as(*encoded, limits))
        });
        async move {
            match decoding {
                None => Ok(Content::Plain),
                Some(decoding) => decoding.await,
            }
        }
    }

    async fn decode_as(&mut self, encoded: Encoded, limits: Limits<'_>) -> Result<Content, Rejection> {
        if encoded.decoded.is_some() {
            return Ok(Content::Decoded(encoded.decoded));
        }
        if !encoded.coding.fits(&self.body) {
            return Ok(match str::from_utf8(&self.body) {
                Ok(_) => Content::Decoded(None),
                // The body is not plain text. An attacker may have changed the `content-encoding` of a
                // captured delivery, so that its encoded body looks unencoded.
                Err(error) => Content::Undecodable(ContentError::Malformed(io::Error::other(error)).into()),
            });
        }
        match limits.decode(encoded.coding, &self.body, &mut self.charge, true).await {
            Ok(decoded) => Ok(Content::Decoded(Some(decoded))),
            Err(error @ (ContentError::Unsupported | ContentError::Malformed(_))) => {
                Ok(Content::Undecodable(error.into()))
            }
            Err(error) => Err(VerifyError::content(error).into()),
        }
    }

    /// Returns the handler's body, which no longer counts towards the budget.
    #[inline]
    pub(super) fn hand_on(self, payload: Bytes, with_trailers: bool) -> Body {
        Body::replayed(payload, self.trailers.filter(|_| with_trailers))
    }
}

/// The headers that describe a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyHeaders {
    /// `true` if the client expects a gRPC response.
    pub(super) is_grpc: bool,
    /// The announced length: the one that the body knows, or else the `content-length`.
    length: u64,
    coding: Option<ContentCoding>,
}

impl BodyHeaders {
    /// Reads all headers once, which takes less time than three look-ups, unless there are more than 20.
    #[inline]
    pub(super) fn of(headers: &HeaderMap, known: &SizeHint) -> Self {
        let (mut content_type, mut length, mut is_encoded) = (None, None, false);
        for (name, value) in headers {
            if *name == CONTENT_TYPE {
                content_type.get_or_insert(value);
            } else if *name == CONTENT_LENGTH {
                length.get_or_insert(value);
            } else if *name == CONTENT_ENCODING {
                is_encoded = true;
            }
        }
        let sent = || length.and_then(|length| length.to_str().ok()?.parse().ok()).unwrap_or(0);
        Self {
            is_grpc: content_type.is_some_and(is_grpc_type),
            length: known.exact().filter(|exact| *exact > 0).unwrap_or_else(|| known.lower().max(sent())),
            coding: if is_encoded { ContentCoding::of(headers) } else { None },
        }
    }
}

/// The limits of one body.
#[derive(Clone, Copy, Debug)]
struct Limits<'c> {
    bytes: usize,
    time: Duration,
    budget: &'c BufferBudget,
    /// The bytes that the signature covers if the body is encoded.
    signed: Option<SignedEncoding>,
}

impl<'c> Limits<'c> {
    fn new(config: &'c Config, endpoint: &Endpoint) -> Self {
        let profile = endpoint.verifier().profile();
        Self {
            bytes: config.body_limit.or(profile.body_limit()).unwrap_or(Config::DEFAULT_BODY_LIMIT),
            time: config.body_timeout,
            budget: &config.buffer_budget,
            signed: profile.content_encoding(),
        }
    }

    async fn decode(
        self,
        coding: ContentCoding,
        body: &[u8],
        charge: &mut Charge<'_>,
        is_verified: bool,
    ) -> Result<Box<Bytes>, ContentError> {
        let charge = &mut |bytes| charge.add(bytes).is_ok();
        let limits = DecodedLimits { bytes: self.bytes, is_verified, charge };
        coding.decode(body, limits).await.map(Box::new)
    }
}

/// Receives the whole body and passes what the signature covers to `check`: the body as it arrives, or the
/// decoded body at the end.
pub(super) async fn receive<'c, B>(
    body: &mut Incoming<B>,
    headers: BodyHeaders,
    config: &'c Config,
    endpoint: &Endpoint,
    check: &mut dyn Check,
) -> Result<Received<'c>, Rejection>
where
    B: HttpBody<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let limits = Limits::new(config, endpoint);
    // The announced length is not used for allocation.
    if headers.length > limits.bytes as u64 {
        return Err(Rejection::new(RejectionKind::BodyTooLarge));
    }
    let decode_first = headers.coding.filter(|_| limits.signed == Some(SignedEncoding::Decoded));
    // A separate block: after its end, later variables can reuse the space that `reading` takes in the
    // request's future.
    let (buffer, trailers, mut charge) = {
        let mut reading = Reading::new(limits, &mut *check, decode_first.is_none());
        timeout(limits.time, poll_fn(|cx| reading.poll(body, cx)))
            .await
            .unwrap_or_else(|elapsed| Err(Rejection::new(RejectionKind::BodyTooSlow).because(elapsed)))?;
        (reading.buffer, reading.trailers, reading.charge)
    };
    let body = buffer.into_bytes();
    let decoded = match decode_first.filter(|coding| coding.fits(&body)) {
        Some(coding) => {
            let decoding = timeout(limits.time, limits.decode(coding, &body, &mut charge, false));
            let decoded = rarely(decoding)
                .await
                .map_err(|elapsed| Rejection::new(RejectionKind::BodyTooSlow).because(elapsed))?;
            Some(decoded.map_err(VerifyError::content)?)
        }
        None => None,
    };
    if decode_first.is_some() {
        check.update(decoded.as_deref().unwrap_or(&body));
    }
    let encoded = headers.coding.map(|coding| Box::new(Encoded { coding, decoded }));
    Ok(Received { body, encoded, trailers, charge })
}

impl<B> Incoming<B>
where
    B: HttpBody<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    /// Splits a request into its head and its body.
    pub(super) fn of(request: Request<B>) -> (Parts, Self) {
        let (head, body) = request.into_parts();
        (head, Self::Untouched(body))
    }

    /// Reads the rest of a rejected request's body: under HTTP/1 a client that is still writing would
    /// otherwise not see the response.
    pub(super) fn discard(self, head: &Parts, discards: &Arc<Discards>) {
        match self {
            // Polling the body would send `100 Continue`, so leave it unread.
            Self::Untouched(_) if head.headers.contains_key(EXPECT) => {}
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

/// A body being received.
struct Reading<'c, 'k> {
    limit: usize,
    charge: Charge<'c>,
    check: &'k mut dyn Check,
    /// `true` if the check takes the body as it arrives.
    checks: bool,
    buffer: Buffer,
    trailers: Option<Box<HeaderMap>>,
}

impl<'c, 'k> Reading<'c, 'k> {
    fn new(limits: Limits<'c>, check: &'k mut dyn Check, checks: bool) -> Self {
        Self {
            limit: limits.bytes,
            charge: limits.budget.charge(),
            check,
            checks,
            buffer: Buffer::default(),
            trailers: None,
        }
    }

    /// Reads the body to its end. After the end, or an error of the body, nothing is left to discard.
    ///
    /// `is_end_stream` alone cannot end the loop, because it stays `false` for a chunked body.
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
                Some(Ok(Ok(data))) => {
                    let is_last = body.is_end_stream();
                    let taken = self.take(data);
                    // Otherwise hyper would wake the task once more, only to report the end.
                    if is_last {
                        *incoming = Incoming::Ended;
                        return Poll::Ready(taken);
                    }
                    taken?;
                }
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
        // Copies nothing if the data is already `Bytes`, as with every supported framework.
        let data = data.copy_to_bytes(data.remaining());
        if self.checks {
            self.check.update(&data);
        }
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

/// The bytes received so far. A single frame is kept without a copy, unless more data must be awaited.
/// Several frames are copied into one growing buffer.
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

    /// Copies a frame that was kept without a copy. The frame is a slice of the server's read buffer and
    /// keeps the whole buffer in memory, so a slow client could occupy more memory than the budget counts.
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

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, task::Waker};

    use http_body::Frame;

    use super::*;

    /// A body whose last frame is its end, like that of a request with a `content-length`. hyper reports the end only
    /// after it has run again.
    struct Announced(Option<Bytes>);

    impl HttpBody for Announced {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.0.take().map_or(Poll::Pending, |data| Poll::Ready(Some(Ok(Frame::data(data)))))
        }

        fn is_end_stream(&self) -> bool {
            self.0.is_none()
        }
    }

    struct Length(usize);

    impl Check for Length {
        fn update(&mut self, bytes: &[u8]) {
            self.0 += bytes.len();
        }

        fn finish(self: Box<Self>, _: &Bytes) -> crate::verify::Finish {
            Ok(Verified::new()).into()
        }
    }

    #[test]
    fn the_end_is_not_awaited_after_the_last_frame() {
        for (limit, budget, expected) in
            [(2, 2, None), (1, 2, Some(RejectionKind::BodyTooLarge)), (2, 1, Some(RejectionKind::OverBudget))]
        {
            let budget = BufferBudget::new(budget);
            let limits = Limits { bytes: limit, time: Duration::from_secs(1), budget: &budget, signed: None };
            let mut check = Length(0);
            let mut reading = Reading::new(limits, &mut check, true);
            let mut body = Incoming::Untouched(Announced(Some(Bytes::from_static(b"{}"))));
            let read = reading.poll(&mut body, &mut Context::from_waker(Waker::noop()));
            let rejection = read.map(|read| read.err().map(|rejection| rejection.kind()));
            assert_eq!(rejection, Poll::Ready(expected));
            assert!(matches!(body, Incoming::Ended), "nothing is left to discard");
            assert_eq!(check.0, if expected.is_none() { 2 } else { 0 });
        }
    }
}
