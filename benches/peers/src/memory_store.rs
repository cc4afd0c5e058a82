//! Deliveries in the memory store, without the layer.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tower_webhook::store::{Claim, Key, MokaStore, Store, Token};

/// The measured numbers of ids.
pub const IDS: [(usize, &str); 3] =
    [(1_000, "1,000 ids"), (100_000, "100,000 ids"), (1_000_000, "1,000,000 ids")];
pub const CAPACITY: u64 = 2_000_000;

pub fn handled(store: &MokaStore, id: &str) {
    let (key, token) = (Key::new("standard_webhooks", id), Token::mint());
    let claim = now(store.claim(&key, &token, Duration::from_secs(30))).unwrap();
    assert!(matches!(claim, Claim::Acquired { .. }));
    assert!(now(store.complete(&key, &token, Duration::from_secs(8 * 86_400))).unwrap());
}

/// Returns the output of a future that is never pending.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(ready) => ready,
        Poll::Pending => panic!("memory store is pending"),
    }
}
