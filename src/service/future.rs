//! [`ResponseFuture`], what calling the service returns.

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
    /// It may be dropped at any time, as a server does when its client hangs up. Then the handler,
    /// if it was running, is dropped with it, and the claim is settled as its state says: released
    /// until the handler had succeeded, completed from then on.
    ///
    /// # Panics
    ///
    /// If the handler does, once its claim is released. Of itself only outside a tokio runtime with
    /// time enabled.
    ///
    /// # Errors
    ///
    /// The inner service's own: what the layer refuses is a response.
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
    /// A request that the layer leaves alone.
    pub(super) fn passed(future: F) -> Self {
        Self { kind: FutureKind::Passed { future } }
    }

    /// A delivery.
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
