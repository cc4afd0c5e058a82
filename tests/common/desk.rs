use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};
use tower_webhook::{BoxError, Delivery};

use super::soon;

/// The payload of the tests' deliveries.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Order {
    pub number: u32,
}

impl Order {
    pub fn json(number: u32) -> String {
        format!(r#"{{"type":"order.placed","number":{number}}}"#)
    }
}

/// The handler's side of a channel to the test. It passes each call to the test and responds as the test says.
#[derive(Clone, Debug)]
pub struct Desk(mpsc::UnboundedSender<Call>);

/// The test's side, which receives the calls.
pub struct Calls(mpsc::UnboundedReceiver<Call>);

/// One call of the handler, which runs until the test answers it.
#[derive(Debug)]
pub struct Call {
    pub delivery: Option<Delivery>,
    pub order: Option<Order>,
    pub body: Bytes,
    pub trailers: Option<HeaderMap>,
    answer: oneshot::Sender<StatusCode>,
}

pub fn desk() -> (Desk, Calls) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Desk(sender), Calls(receiver))
}

impl Desk {
    /// Handles a request. The handlers of all hosts call this.
    pub async fn handle<B>(&self, delivery: Option<Delivery>, order: Option<Order>, body: B) -> StatusCode
    where
        B: Body<Data = Bytes, Error: Into<BoxError>>,
    {
        let Ok(body) = body.collect().await else { return StatusCode::BAD_REQUEST };
        let trailers = body.trailers().cloned();
        let (answer, answered) = oneshot::channel();
        let call = Call { delivery, order, body: body.to_bytes(), trailers, answer };
        self.0.send(call).unwrap();
        answered.await.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl Calls {
    pub async fn next(&mut self) -> Call {
        soon(self.0.recv()).await.expect("the server is gone")
    }

    /// Answers the next call and returns it.
    pub async fn answer(&mut self, status: StatusCode) -> Call {
        let mut call = self.next().await;
        let (spent, _) = oneshot::channel();
        std::mem::replace(&mut call.answer, spent).send(status).expect("the handler was dropped");
        call
    }

    /// Returns `true` if there is no call that the test has not received yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Call {
    /// Returns the delivery that the layer handed over.
    pub fn delivery(&self) -> &Delivery {
        self.delivery.as_ref().expect("the layer handed over no delivery")
    }

    pub fn answer(self, status: StatusCode) {
        self.answer.send(status).expect("the handler was dropped");
    }

    /// Waits until the handler is dropped without having been answered.
    pub async fn dropped(&mut self) {
        soon(self.answer.closed()).await;
    }
}
