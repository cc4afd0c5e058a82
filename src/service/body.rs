//! The body types of the layer: [`Body`] for requests to the service, and [`ResponseBody`] for responses.
//!
//! ```
//! use tower_webhook::Body;
//! use bytes::Bytes;
//! use http_body_util::BodyExt;
//!
//! # async fn f() -> Result<(), tower_webhook::BoxError> {
//! let body = Body::from(Bytes::from_static(b"{}"));
//! assert_eq!(body.collect().await?.to_bytes(), "{}");
//! // Without a future, if the body is a verified payload:
//! let body = Body::from(Bytes::from_static(b"{}"));
//! assert_eq!(body.into_bytes().ok(), Some(Bytes::from_static(b"{}")));
//! # Ok(()) }
//! ```

use std::{
    any::Any,
    fmt,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::BoxError;

/// The body of the requests that the service behind the layer receives.
///
/// For a delivery it is the verified payload in one frame. Trailers follow only if the layer
/// [forwards](crate::WebhookLayer::forward_trailers) them. A request that the layer
/// [skips](crate::WebhookLayer::only_if) keeps its own body, which is streamed through.
///
/// The type has no parameters and is `Send + Sync`, so that it works with every host.
#[derive(Default)]
pub struct Body(BodyKind);

enum BodyKind {
    Replayed { payload: Option<Bytes>, trailers: Option<Box<HeaderMap>> },
    // Streams need not be `Sync`. The mutex, which is never contended, makes this type `Sync`.
    Streamed(Mutex<BoxBody>),
}

type BoxBody = Pin<Box<dyn HttpBody<Data = Bytes, Error = BoxError> + Send>>;

impl Body {
    /// Creates an empty body.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Returns the verified payload, without a copy or an allocation; empty if the body was read before. Trailers
    /// are dropped.
    ///
    /// `BodyExt::collect` does not copy the payload either, but it allocates a list for the frames of a body.
    ///
    /// # Errors
    ///
    /// Returns the body itself if it is streamed, so that it must be awaited with `collect`: if the layer
    /// [skipped](crate::WebhookLayer::only_if) the request, or if another service, such as an axum router in front
    /// of an [`EventRouter`](crate::EventRouter), has wrapped the body. [`Delivery::payload`](crate::Delivery::payload)
    /// returns the payload in any case.
    pub fn into_bytes(self) -> Result<Bytes, Self> {
        match self.0 {
            BodyKind::Replayed { payload, .. } => Ok(payload.unwrap_or_default()),
            BodyKind::Streamed(_) => Err(self),
        }
    }

    /// Creates a body from the received payload.
    pub(crate) fn replayed(payload: Bytes, trailers: Option<Box<HeaderMap>>) -> Self {
        Self(BodyKind::Replayed { payload: Some(payload).filter(|payload| !payload.is_empty()), trailers })
    }

    /// Converts any body; a `Body` stays as it is.
    pub(crate) fn of<B>(body: B) -> Self
    where
        B: HttpBody + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let mut body = Some(body);
        match (&mut body as &mut dyn Any).downcast_mut::<Option<Self>>() {
            Some(own) => own.take().unwrap_or_default(),
            None => body.map_or_else(Self::empty, Self::streamed),
        }
    }

    /// Wraps a body, which is streamed through.
    pub(crate) fn streamed<B>(body: B) -> Self
    where
        B: HttpBody + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        Self(BodyKind::Streamed(Mutex::new(Box::pin(BytesBody { body }))))
    }
}

impl From<Bytes> for Body {
    fn from(payload: Bytes) -> Self {
        Self::replayed(payload, None)
    }
}

impl Default for BodyKind {
    fn default() -> Self {
        Self::Replayed { payload: None, trailers: None }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.get_mut().0 {
            BodyKind::Replayed { payload, trailers } => Poll::Ready(
                payload
                    .take()
                    .map(Frame::data)
                    .or_else(|| trailers.take().map(|trailers| Frame::trailers(*trailers)))
                    .map(Ok),
            ),
            BodyKind::Streamed(stream) => {
                stream.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll_frame(cx)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            BodyKind::Replayed { payload, trailers } => payload.is_none() && trailers.is_none(),
            // Reading the stream's state through a shared reference requires the lock. The result is only a
            // hint, so `false` is valid if the lock is taken.
            BodyKind::Streamed(stream) => stream.try_lock().is_ok_and(|stream| stream.is_end_stream()),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            BodyKind::Replayed { payload, .. } => {
                SizeHint::with_exact(payload.as_ref().map_or(0, |payload| payload.len() as u64))
            }
            BodyKind::Streamed(stream) => {
                stream.try_lock().map(|stream| stream.size_hint()).unwrap_or_default()
            }
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            BodyKind::Replayed { payload, .. } => {
                write!(f, "Body({} bytes)", payload.as_ref().map_or(0, Bytes::len))
            }
            BodyKind::Streamed(_) => f.write_str("Body(streamed)"),
        }
    }
}

pin_project! {
    /// A body adapter with `Bytes` as data and `BoxError` as error.
    struct BytesBody<B> {
        #[pin]
        body: B,
    }
}

impl<B> HttpBody for BytesBody<B>
where
    B: HttpBody,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(self.project().body.poll_frame(cx));
        // Copies nothing if the data is already `Bytes`, as with every supported framework.
        let to_bytes = |mut data: B::Data| data.copy_to_bytes(data.remaining());
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(to_bytes)).map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

pin_project! {
    /// The body of the layer's responses: the body of the inner service's response, or a short message from
    /// the layer.
    ///
    /// Implements `Default` if the inner service's body does, because some layers for CORS, timeouts or
    /// sessions require it.
    #[derive(Debug)]
    pub struct ResponseBody<R> {
        #[pin]
        kind: ResponseKind<R>,
    }
}

pin_project! {
    #[project = ResponseKindProjection]
    #[derive(Debug)]
    enum ResponseKind<R> {
        Service { #[pin] body: R },
        Layer { text: Option<Bytes> },
    }
}

impl<R> ResponseBody<R> {
    pub(crate) fn service(body: R) -> Self {
        Self { kind: ResponseKind::Service { body } }
    }

    pub(crate) fn layer(text: Bytes) -> Self {
        Self { kind: ResponseKind::Layer { text: Some(text).filter(|text| !text.is_empty()) } }
    }
}

impl<R: Default> Default for ResponseBody<R> {
    fn default() -> Self {
        Self::service(R::default())
    }
}

impl<R: HttpBody<Data = Bytes>> HttpBody for ResponseBody<R> {
    type Data = Bytes;
    type Error = R::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, R::Error>>> {
        match self.project().kind.project() {
            ResponseKindProjection::Service { body } => body.poll_frame(cx),
            ResponseKindProjection::Layer { text } => {
                Poll::Ready(text.take().map(|text| Ok(Frame::data(text))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            ResponseKind::Service { body } => body.is_end_stream(),
            ResponseKind::Layer { text } => text.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            ResponseKind::Service { body } => body.size_hint(),
            ResponseKind::Layer { text } => {
                SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64))
            }
        }
    }
}
