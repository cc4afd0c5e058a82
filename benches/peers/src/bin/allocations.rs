//! Allocations per delivery, from the call to the answer, and memory per stored id.
//!
//! This is a separate program, because a counting allocator would affect timings. A block that grows
//! counts as a new block next to the old one. The program `copies` counts copied bytes.

use std::{
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use allocation_counter::measure;
use peers::{
    delivery::{KIB, id_of},
    print::{bytes, cells, head, machine, row},
    rounds::{Group, once},
    tables::{Table, in_axum, reading},
};
use tokio::runtime::Builder;
use tower_webhook::store::{Claim, Key, MokaStore, Store, Token};

fn main() {
    machine();
    let runtime = Rc::new(Builder::new_current_thread().enable_time().build().unwrap());
    let Table { columns, mut rows, .. } = reading(&runtime);
    rows.extend(in_axum(&runtime).rows.into_iter().filter(|(_, group)| group.delivery.size == KIB));
    head("allocations, 1 KiB, the handler reads its body", columns);
    for (label, mut group) in rows {
        row(label, cells(columns, |column| Some(count(&mut group, column)?.to_string())));
    }
    remembered();
}

/// Returns the allocations per delivery.
fn count(group: &mut Group, contender: &str) -> Option<u64> {
    const COUNTED: usize = 20;
    let position = group.position(contender)?;
    let contender = &mut group.contenders[position];
    // The first deliveries initialize statics.
    for number in 0..COUNTED {
        once(contender, &group.delivery, &id_of(number));
    }
    let counts = (COUNTED..2 * COUNTED).map(|number| {
        let mut request = Some(group.delivery.request(&id_of(number)));
        let call = || _ = (contender.call)(request.take().unwrap());
        measure(call).count_total
    });
    Some(counts.sum::<u64>() / COUNTED as u64)
}

/// Measures the bytes that the memory store keeps for each id.
fn remembered() {
    head("memory store", &["requested, per id"]);
    for (ids, label) in [(1_000, "1,000 ids"), (100_000, "100,000 ids"), (1_000_000, "1,000,000 ids")] {
        // Discard the first store, which also allocates memory that all stores share.
        let mut kept = 0;
        for _ in 0..2 {
            let mut store = None;
            kept = measure(|| {
                let filled = MokaStore::new(2_000_000);
                (0..ids).for_each(|number| handled(&filled, &id_of(number)));
                store = Some(filled);
            })
            .bytes_current;
        }
        row(label, [bytes(kept as f64 / ids as f64)]);
    }
}

fn handled(store: &MokaStore, id: &str) {
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
