//! A replica of a service: the layer and a handler that the test controls.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use tokio::task::JoinHandle;
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_webhook::{
    Body, Delivery, ManualClock, Rejection, RejectionKind, ResponseBody, WebhookLayer, store::Store,
};

use crate::{
    common::{self, Call, Calls, Sent, desk, secret, soon},
    server::until,
};

/// Returns a layer with `store` and the defaults for everything else.
pub fn layer(store: impl Store) -> WebhookLayer {
    WebhookLayer::new(secret()).dedupe(store).clock(ManualClock::at_unix(common::NOW))
}

pub fn signed(id: &str) -> Sent {
    common::signed(id, "{}")
}

pub struct Replica {
    service: BoxCloneSyncService<Sent, Response<ResponseBody<Empty<Bytes>>>, Infallible>,
    calls: Calls,
}

impl Replica {
    pub fn new(layer: WebhookLayer) -> Self {
        let (desk, calls) = desk();
        let handler = service_fn(move |request: Request<Body>| {
            let desk = desk.clone();
            async move {
                let (head, body) = request.into_parts();
                let status = desk.handle(head.extensions.get::<Delivery>().cloned(), None, body).await;
                let mut response = Response::new(Empty::new());
                *response.status_mut() = status;
                Ok(response)
            }
        });
        Self { service: BoxCloneSyncService::new(layer.layer(handler)), calls }
    }

    /// Sends a delivery that must not reach this replica's handler, and returns the response.
    pub async fn send(&self, delivery: Sent) -> Answer {
        soon(self.begin(delivery)).await.unwrap()
    }

    /// Sends a delivery in a task; the test handles the call.
    pub fn begin(&self, delivery: Sent) -> JoinHandle<Answer> {
        let call = self.service.clone().oneshot(delivery);
        tokio::spawn(async move { Answer(call.await.unwrap_or_else(|never| match never {})) })
    }

    /// Returns the next call of the handler.
    pub async fn call(&mut self) -> Call {
        self.calls.next().await
    }

    /// Sends a delivery and lets the handler return `status`.
    pub async fn answer(&mut self, delivery: Sent, status: StatusCode) -> (Delivery, Answer) {
        let answer = self.begin(delivery);
        let call = self.call().await;
        let seen = call.delivery.clone().unwrap();
        call.answer(status);
        let answer = soon(answer).await.unwrap();
        assert_eq!(answer.0.status(), status, "{answer:?}");
        assert!(!answer.0.headers().contains_key("x-webhook-duplicate"), "{answer:?}");
        (seen, answer)
    }

    /// Sends a delivery and lets the handler succeed.
    pub async fn handle(&mut self, id: &str) -> Delivery {
        self.answer(signed(id), StatusCode::OK).await.0
    }

    /// Repeats a delivery until it is handled, because its earlier claim is still being released in the background.
    pub async fn handle_in_time(&mut self, id: &str) {
        until("the delivery is handled", async || {
            let mut answer = self.begin(signed(id));
            tokio::select! {
                call = self.calls.next() => call.answer(StatusCode::OK),
                answer = &mut answer => {
                    answer.unwrap().assert_in_progress();
                    return false;
                }
            }
            assert_eq!(answer.await.unwrap().0.status(), StatusCode::OK);
            true
        })
        .await;
    }

    /// Repeats a delivery until it is a duplicate, because its claim is still being completed in the background.
    pub async fn duplicate_in_time(&self, id: &str) {
        until("the delivery is a duplicate", async || self.send(signed(id)).await.is_duplicate()).await;
    }

    pub fn is_idle(&self) -> bool {
        self.calls.is_empty()
    }
}

#[derive(Debug)]
pub struct Answer(pub Response<ResponseBody<Empty<Bytes>>>);

impl Answer {
    pub fn is_duplicate(&self) -> bool {
        self.0.status() == 200 && self.0.headers().get("x-webhook-duplicate").is_some_and(|it| it == "true")
    }

    pub fn rejection(&self) -> Option<&Rejection> {
        self.0.extensions().get()
    }

    #[track_caller]
    pub fn assert_duplicate(&self) {
        assert!(self.is_duplicate(), "{self:?}");
    }

    #[track_caller]
    pub fn assert_rejected(&self, kind: RejectionKind, retry_after: &str) {
        assert_eq!(self.rejection().map(Rejection::kind), Some(kind), "{self:?}");
        assert_eq!(self.0.status(), 503);
        assert_eq!(self.0.headers()["retry-after"], retry_after);
    }

    #[track_caller]
    pub fn assert_in_progress(&self) {
        self.assert_rejected(RejectionKind::InProgress, "5");
    }

    #[track_caller]
    pub fn assert_unavailable(&self) {
        self.assert_rejected(RejectionKind::StoreUnavailable, "10");
    }
}
