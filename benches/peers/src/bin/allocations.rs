//! Allocations per delivery, from the call to the answer, and memory per stored id.
//!
//! This is a separate program, because a counting allocator would affect timings. A block that grows
//! counts as a new block next to the old one. The program `copies` counts copied bytes.

use std::rc::Rc;

use allocation_counter::measure;
use peers::{
    delivery::{KIB, id_of},
    memory_store::{CAPACITY, IDS, handled},
    print::{bytes, cells, head, machine, row},
    rounds::{Group, once},
    tables::{Table, in_axum, reading},
};
use tokio::runtime::Builder;
use tower_webhook::store::MokaStore;

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
    for (ids, label) in IDS {
        // Discard the first store, which also allocates memory that all stores share.
        let mut kept = 0;
        for _ in 0..2 {
            let mut store = None;
            kept = measure(|| {
                let filled = MokaStore::new(CAPACITY);
                (0..ids).for_each(|number| handled(&filled, &id_of(number)));
                store = Some(filled);
            })
            .bytes_current;
        }
        row(label, [bytes(kept as f64 / ids as f64)]);
    }
}
