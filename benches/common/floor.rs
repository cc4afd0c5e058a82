//! The work that every receiver needs.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use bytes::Bytes;
use hmac::Mac;
use moka::{Expiry, policy::EvictionPolicy, sync::Cache};

use super::delivery::{Message, mac};

/// An HMAC-SHA256 of the body with a prepared key. Optionally, the floor also decodes the body with `serde_json` into
/// a [`Message`], and inserts an id into a `moka` cache.
#[derive(Clone, Copy, Default)]
pub struct Floor {
    pub typed: bool,
    pub deduped: bool,
}

impl Floor {
    /// Returns a function that does the work for a body.
    pub fn prepare(self) -> impl FnMut(&Bytes) {
        let mac = mac();
        let cache = Cache::builder()
            .max_capacity(100_000)
            .eviction_policy(EvictionPolicy::lru())
            .expire_after(EightDays)
            .build();
        let mut id = 0_u128;
        move |body| {
            black_box(mac.clone().chain_update(black_box(body)).finalize());
            if self.typed {
                black_box(serde_json::from_slice::<Message>(black_box(body)).unwrap());
            }
            if self.deduped {
                id += 1;
                cache.insert(black_box(id), Duration::from_secs(1));
            }
        }
    }
}

struct EightDays;

impl Expiry<u128, Duration> for EightDays {
    fn expire_after_create(&self, _: &u128, _: &Duration, _: Instant) -> Option<Duration> {
        Some(Duration::from_secs(8 * 86_400))
    }
}
