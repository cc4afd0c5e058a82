//! [`ResponseFuture`], what calling the service returns.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Response;
use pin_project_lite::pin_project;

use super::body::ResponseBody;
use crate::observe::{Observed, Record};

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
        kind: Kind<F, R, E>,
    }
}

pub(crate) type Answering<R, E> = Pin<Box<dyn Future<Output = Result<Response<ResponseBody<R>>, E>> + Send>>;

pin_project! {
    #[project = KindProjection]
    enum Kind<F, R, E> {
        Passed { #[pin] future: F },
        Received { future: Observed<Answering<R, E>> },
    }
}

impl<F, R, E> ResponseFuture<F, R, E> {
    /// A request that the layer leaves alone.
    pub(crate) fn passed(future: F) -> Self {
        Self { kind: Kind::Passed { future } }
    }

    /// A delivery.
    pub(crate) fn received(future: Answering<R, E>, record: Record) -> Self {
        Self { kind: Kind::Received { future: Observed::new(future, record) } }
    }
}

impl<F, R, E> Future for ResponseFuture<F, R, E>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProjection::Passed { future } => {
                let passed = ready!(future.poll(cx));
                Poll::Ready(passed.map(|response| response.map(ResponseBody::service)))
            }
            KindProjection::Received { future } => Pin::new(future).poll(cx),
        }
    }
}

impl<F, R, E> fmt::Debug for ResponseFuture<F, R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
