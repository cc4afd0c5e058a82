//! Batches that are handled item by item, as a whole.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{Body, Delivery, Item, WebhookLayer};

use crate::{
    items::{Work, slowly},
    sign::Sent,
    support::{layer, settle_down, signed},
};

/// A handler of batches: the ids of their items, with a blank between. It goes on when one fails,
/// and notes which ones it ran.
#[derive(Clone, Default)]
pub struct Batches {
    ran: Arc<Mutex<Vec<String>>>,
    failing: Arc<Mutex<Vec<&'static str>>>,
}

impl Batches {
    pub fn ran(&self) -> Vec<String> {
        self.ran.lock().unwrap().clone()
    }

    pub fn failing(&self, ids: &[&'static str]) {
        *self.failing.lock().unwrap() = ids.to_vec();
    }

    pub async fn send(&self, layer: &WebhookLayer, request: Sent) -> StatusCode {
        let batches = self.clone();
        let service = layer.layer(service_fn(move |request: Request<Body>| {
            let batches = batches.clone();
            async move {
                let delivery = request.extensions().get::<Delivery>().unwrap();
                let mut response = Response::new(Full::<Bytes>::default());
                *response.status_mut() = batches.handle(delivery).await;
                Ok::<_, Infallible>(response)
            }
        }));
        service.oneshot(request).await.unwrap().status()
    }

    async fn handle(&self, delivery: &Delivery) -> StatusCode {
        let mut status = StatusCode::OK;
        for id in std::str::from_utf8(delivery.payload()).unwrap().split(' ') {
            let done = match delivery.claim_item(id).await {
                Ok(Item::Claimed(item)) => item.run(self.work(id)).await.is_ok(),
                Ok(Item::Duplicate) => true,
                Ok(Item::InProgress) | Err(_) => false,
            };
            if !done {
                status = StatusCode::SERVICE_UNAVAILABLE;
            }
        }
        status
    }

    async fn work(&self, id: &str) -> Work {
        self.ran.lock().unwrap().push(id.to_owned());
        if id.starts_with("slow") {
            slowly(3).await?;
        }
        if self.failing.lock().unwrap().contains(&id) { Err("told to fail") } else { Ok(()) }
    }
}

#[tokio::test(start_paused = true)]
async fn an_item_in_two_batches_runs_once() {
    let (layer, batches) = (layer(), Batches::default());
    assert_eq!(batches.send(&layer, signed("msg_1", "a b")).await, 200);
    assert_eq!(batches.send(&layer, signed("msg_2", "b c a d d")).await, 200);
    assert_eq!(batches.ran(), ["a", "b", "c", "d"]);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_fails_comes_again_and_the_others_do_not() {
    let (layer, batches) = (layer(), Batches::default());
    batches.failing(&["b"]);
    assert_eq!(batches.send(&layer, signed("msg_1", "a b c")).await, 503);
    batches.failing(&[]);
    assert_eq!(batches.send(&layer, signed("msg_1", "a b c")).await, 200);
    assert_eq!(batches.ran(), ["a", "b", "c", "b"]);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_another_batch_is_at_is_told_from_one_that_is_done() {
    let (layer, batches) = (layer(), Batches::default());
    let first = tokio::spawn({
        let (layer, batches) = (layer.clone(), batches.clone());
        async move { batches.send(&layer, signed("msg_1", "slow a")).await }
    });
    settle_down().await;
    // "a" is free and is handled; "slow" is not done yet, so this batch has to come again.
    assert_eq!(batches.send(&layer, signed("msg_2", "slow a")).await, 503);
    assert_eq!(first.await.unwrap(), 200);
    assert_eq!(batches.send(&layer, signed("msg_2", "slow a")).await, 200);
    assert_eq!(batches.ran(), ["slow", "a"]);
}

#[tokio::test(start_paused = true)]
async fn of_many_batches_at_once_each_item_runs_once() {
    let (layer, batches) = (layer(), Batches::default());
    let all: Vec<_> = (0..32)
        .map(|n| {
            let (layer, batches) = (layer.clone(), batches.clone());
            tokio::spawn(async move {
                batches.send(&layer, signed(&format!("msg_{n}"), "slow_1 a slow_2 b")).await
            })
        })
        .collect();
    for one in all {
        one.await.unwrap();
    }
    let mut ran = batches.ran();
    ran.sort();
    assert_eq!(ran, ["a", "b", "slow_1", "slow_2"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_up_releases_the_item_that_runs_and_keeps_those_done() {
    let (layer, batches) = (layer(), Batches::default());
    let call = tokio::spawn({
        let (layer, batches) = (layer.clone(), batches.clone());
        async move { batches.send(&layer, signed("msg_1", "a slow b")).await }
    });
    settle_down().await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    assert_eq!(batches.send(&layer, signed("msg_1", "a slow b")).await, 200);
    assert_eq!(batches.ran(), ["a", "slow", "slow", "b"]);
}
