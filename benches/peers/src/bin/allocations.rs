//! Allocations per delivery, from the call to the answer, and memory per stored id.
//!
//! ```text
//! cargo run --release --bin allocations    # writes results/allocations.tsv
//! ```
//!
//! This is a separate program, because a counting allocator would affect timings. A block that grows
//! counts as a new block next to the old one. The program `copies` counts copied bytes.

use std::{
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use allocation_counter::{AllocationInfo, measure};
use peers::{
    delivery::id_of,
    groups::groups,
    results::{Run, Table},
    rounds::once,
};
use tokio::runtime::Builder;
use tower_webhook::store::{Claim, Key, MokaStore, Store, Token};

fn main() {
    let run = Run::new(std::env::args().skip(1));
    let runtime = Rc::new(Builder::new_current_thread().enable_time().build().unwrap());
    let columns = &[
        "group",
        "scheme",
        "size",
        "frames",
        "case",
        "contender",
        "allocations",
        "bytes",
        "of the body",
        "at once",
    ];
    let mut table = Table::new("allocations", columns);
    for mut group in groups(&runtime) {
        let [name, scheme, size, frames, case] = group.facts();
        if !run.wants(&[&*name, &*scheme, &*size, &*frames, &*case].join(" ")) {
            continue;
        }
        for contender in &mut group.contenders {
            // The first deliveries initialize statics. If the contender measures duplicates, the counted
            // deliveries are duplicates of these.
            const COUNTED: usize = 20;
            for number in 0..COUNTED {
                once(contender, &group.delivery, &id_of(number));
            }
            let first = if contender.ids == peers::contender::Ids::Again { 0 } else { COUNTED };
            let mut costs = Vec::new();
            for number in first..first + COUNTED {
                let mut request = Some(group.delivery.request(&id_of(number)));
                costs.push(measure(|| {
                    (contender.call)(request.take().unwrap());
                }));
            }
            let mean =
                |of: fn(&AllocationInfo) -> u64| costs.iter().map(of).sum::<u64>() as f64 / COUNTED as f64;
            let (count, total) = (mean(|cost| cost.count_total), mean(|cost| cost.bytes_total));
            let of_the_body = match group.delivery.size {
                0 => String::new(),
                size => format!("{:.2}", total / size as f64),
            };
            table.row(&[
                &name,
                &scheme,
                &size,
                &frames,
                &case,
                &contender.name,
                &format!("{count:.1}"),
                &format!("{total:.0}"),
                &of_the_body,
                &format!("{:.0}", mean(|cost| cost.bytes_max)),
            ]);
        }
    }
    table.keep(&run);
    if run.wants("remembered") {
        remembered(&run);
    }
}

/// Measures the bytes that the memory store keeps for each id.
fn remembered(run: &Run) {
    let mut table = Table::new("remembered", &["ids", "bytes an id"]);
    for ids in [1_000, 10_000, 100_000, 1_000_000] {
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
        table.row(&[&ids, &format!("{:.0}", kept as f64 / ids as f64)]);
    }
    table.keep(run);
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
