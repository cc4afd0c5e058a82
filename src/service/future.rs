//! [`ResponseFuture`], the future of the service.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Response;
use pin_project_lite::pin_project;

use super::body::ResponseBody;
use crate::{
    observe::{InSpan, Telemetry},
    task::BoxFuture,
};

pin_project! {
    /// The future of [`WebhookService`](crate::WebhookService).
    ///
    /// # Cancel safety
    ///
    /// The future may be dropped at any time, for instance when the client disconnects. A running handler is
    /// dropped with the future, and its claim is released, unless the handler is
    /// [detached](crate::WebhookLayer::detached). If the handler has succeeded and its claim is being
    /// completed, the claim is still completed.
    ///
    /// # Panics
    ///
    /// Panics if the handler panics; the layer releases the claim first. The layer itself panics only outside
    /// a tokio runtime with time enabled.
    ///
    /// # Errors
    ///
    /// Returns only errors of the inner service: the layer rejects requests with a response.
    pub struct ResponseFuture<F, R, E> {
        #[pin]
        kind: FutureKind<F, R, E>,
    }
}

/// The boxed future of a request that the layer processes.
pub(super) type BoxedResponse<R, E> = BoxFuture<'static, Result<Response<ResponseBody<R>>, E>>;

pin_project! {
    #[project = FutureKindProjection]
    enum FutureKind<F, R, E> {
        Passed { #[pin] future: F },
        Received { future: InSpan<BoxedResponse<R, E>> },
    }
}

impl<F, R, E> ResponseFuture<F, R, E> {
    /// Creates the future of a request that the layer skips.
    pub(super) fn passed(future: F) -> Self {
        Self { kind: FutureKind::Passed { future } }
    }

    /// Creates the future of a delivery.
    pub(super) fn received(future: BoxedResponse<R, E>, telemetry: Telemetry) -> Self {
        Self { kind: FutureKind::Received { future: InSpan::new(future, telemetry) } }
    }
}

impl<F, R, E> Future for ResponseFuture<F, R, E>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            FutureKindProjection::Passed { future } => {
                let passed = ready!(future.poll(cx));
                Poll::Ready(passed.map(|response| response.map(ResponseBody::service)))
            }
            FutureKindProjection::Received { future } => Pin::new(future).poll(cx),
        }
    }
}

impl<F, R, E> fmt::Debug for ResponseFuture<F, R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
