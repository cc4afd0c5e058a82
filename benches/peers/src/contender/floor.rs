//! The work that every receiver needs.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use hmac::Mac;
use http::Request;
use moka::{Expiry, policy::EvictionPolicy, sync::Cache};

use super::{Contender, Ids};
use crate::{
    delivery::{Message, Sent, mac},
    rounds::Watch,
};

#[derive(Clone, Copy, Default, Debug)]
pub struct Floor {
    pub typed: bool,
    pub deduped: bool,
}

/// Returns the floor: an HMAC-SHA256 of the body with a prepared key. Optionally, the floor also decodes the body
/// with `serde_json` into a [`Message`], and inserts an id into a `moka` cache. The crate's `benches/layer.rs` has
/// the same floor.
pub fn floor(Floor { typed, deduped }: Floor) -> Contender {
    let mac = mac();
    let cache = Cache::builder()
        .max_capacity(100_000)
        .eviction_policy(EvictionPolicy::lru())
        .expire_after(EightDays)
        .build();
    let mut id = 0_u128;
    let call = move |request: Request<Sent>| {
        let body = request.body().whole.clone();
        drop(black_box(request));
        let watch = Watch::start(body.len());
        black_box(mac.clone().chain_update(black_box(&body)).finalize());
        if typed {
            black_box(serde_json::from_slice::<Message>(black_box(&body)).unwrap());
        }
        if deduped {
            id += 1;
            cache.insert(black_box(id), Duration::from_secs(1));
        }
        (watch.elapsed(), None)
    };
    let name = match (typed, deduped) {
        (false, false) => "floor",
        (true, false) => "floor, typed",
        (false, true) => "floor, deduped",
        (true, true) => "floor, typed and deduped",
    };
    Contender { name: name.to_owned(), ids: Ids::Fresh, call: Box::new(call) }
}

struct EightDays;

impl Expiry<u128, Duration> for EightDays {
    fn expire_after_create(&self, _: &u128, _: &Duration, _: Instant) -> Option<Duration> {
        Some(Duration::from_secs(8 * 86_400))
    }
}
