//! Deliveries for the benchmarks of shared stores.

use std::{
    convert::Infallible,
    time::{Instant, SystemTime},
};

use bytes::Bytes;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, Response};
use http_body_util::{Empty, Full};
use sha2::Sha256;
use tower::{Layer, ServiceExt, service_fn, util::ServiceFn};
use tower_webhook::{Body, Secret, WebhookLayer, WebhookService, store::Store};

const KEY: &[u8] = b"a signing secret of 32 bytes, ok";

type Handler = ServiceFn<fn(Request<Body>) -> Answer>;
type Answer = std::future::Ready<Result<Response<Empty<Bytes>>, Infallible>>;

/// Returns a service whose handler does nothing.
pub fn service(store: impl Store) -> WebhookService<Handler> {
    let handler: fn(Request<Body>) -> Answer = |_| std::future::ready(Ok(Response::new(Empty::new())));
    layer(store).layer(service_fn(handler))
}

pub fn layer(store: impl Store) -> WebhookLayer {
    WebhookLayer::new(BASE64.encode(KEY).parse::<Secret>().unwrap()).dedupe(store)
}

pub fn id(case: usize, number: usize) -> String {
    format!("msg_2Lqv7XHCBzO1d8JzVQ_{case}_{number}")
}

pub fn signed(id: &str) -> Request<Full<Bytes>> {
    let body = Bytes::from(vec![b'x'; 1024]);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let mac = Hmac::<Sha256>::new_from_slice(KEY).unwrap().chain_update(format!("{id}.{now}."));
    let tag = mac.chain_update(&body).finalize().into_bytes();
    Request::post("https://example.com/webhook")
        .header("webhook-id", id)
        .header("webhook-timestamp", now)
        .header("webhook-signature", format!("v1,{}", BASE64.encode(&tag)))
        .body(Full::new(body))
        .unwrap()
}

pub async fn handle(service: WebhookService<Handler>, request: Request<Full<Bytes>>) {
    assert_eq!(service.oneshot(request).await.unwrap().status(), 200);
}

/// Returns how many `inputs` per second `work` processes, `at_once` at a time.
pub async fn rate<I, F>(
    at_once: usize,
    inputs: impl Iterator<Item = I>,
    work: impl Fn(I) -> F + Clone + Send + 'static,
) -> f64
where
    I: Send + 'static,
    F: Future<Output = ()> + Send,
{
    let mut shares: Vec<Vec<I>> = (0..at_once).map(|_| Vec::new()).collect();
    inputs.enumerate().for_each(|(n, input)| shares.get_mut(n % at_once).unwrap().push(input));
    let count: usize = shares.iter().map(Vec::len).sum();
    let start = Instant::now();
    let workers: Vec<_> = shares
        .into_iter()
        .map(|share| {
            let work = work.clone();
            tokio::spawn(async move {
                for input in share {
                    work(input).await;
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    count as f64 / start.elapsed().as_secs_f64()
}

pub fn median<T>(results: &[T], of: impl Fn(&T) -> f64) -> f64 {
    let mut values: Vec<f64> = results.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap()
}
