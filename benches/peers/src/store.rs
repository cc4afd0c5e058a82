//! The memory store with a thousand to a million ids, and the gain of a second thread.

use std::{
    hint::black_box,
    rc::Rc,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use moka::{policy::EvictionPolicy, sync::Cache};
use peers::{
    contender::{Contender, Dedupe, floor, handle, layer},
    delivery::{Case, Delivery, Frames, KIB, Scheme, id_of},
    floor::Floor,
    memory_store::{CAPACITY, IDS, handled},
    print::{bytes, head, rounds, row, time},
    rounds::{median, once},
};
use tokio::runtime::Builder;
use tower::{Layer, service_fn};
use tower_webhook::{Body, WebhookLayer, store::MokaStore};

pub fn measure() {
    sizes();
    threads();
}

/// Measures a claim and its completion in stores of several sizes. For comparison, also measures an insert
/// into a `moka` cache of the same size: such inserts account for most of the store's cost.
fn sizes() {
    const SAMPLE: usize = 64;
    let mut stores = Vec::new();
    for (ids, label) in IDS {
        let store = MokaStore::new(CAPACITY);
        let before = resident();
        (0..ids).for_each(|number| handled(&store, &id_of(number)));
        let kept = resident().saturating_sub(before) / ids;
        let cache = Cache::builder().max_capacity(CAPACITY).eviction_policy(EvictionPolicy::lru()).build();
        for number in 0..ids {
            cache.insert(id_of(number), Duration::from_secs(1));
        }
        stores.push((ids, label, store, cache, kept));
    }
    let mut taken: Vec<Vec<[f64; 2]>> = vec![Vec::new(); IDS.len()];
    // The first round has cold caches and does not count.
    for round in 0..=rounds(51) {
        for turn in 0..IDS.len() {
            let index = (round + turn) % IDS.len();
            let (ids, _, store, cache, _) = &stores[index];
            let names: Vec<String> = (0..SAMPLE).map(|number| id_of(ids + round * SAMPLE + number)).collect();
            let start = Instant::now();
            names.iter().for_each(|id| handled(store, id));
            let ours = start.elapsed();
            let start = Instant::now();
            names.into_iter().for_each(|id| cache.insert(id, Duration::from_secs(1)));
            let bare = start.elapsed();
            if round > 0 {
                taken[index].push([ours, bare].map(|time| time.as_nanos() as f64 / SAMPLE as f64));
            }
        }
    }
    head("memory store", &["resident, per id", "time per delivery", "a bare `moka` insert"]);
    for ((_, label, .., kept), taken) in stores.iter().zip(&taken) {
        let [ours, bare] = [0, 1].map(|which| time(median(taken.iter().map(|round| round[which]))));
        row(label, [bytes(*kept as f64), ours, bare]);
    }
}

/// Returns the resident memory of this process. It exceeds the bytes that `allocations` counts, because
/// the allocator rounds up and keeps freed memory. With few ids, the memory per id is not meaningful.
fn resident() -> usize {
    let sizes = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = sizes.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or_default() * 4096
}

/// Measures the gain of a second thread. Both threads share one layer, as the worker threads of a server
/// do.
fn threads() {
    let work: [(&str, Option<WebhookLayer>); 3] = [
        ("HMAC", None),
        ("verified", Some(layer(Scheme::Standard, Dedupe::Off))),
        ("verified and deduped", Some(layer(Scheme::Standard, Dedupe::InMemory))),
    ];
    let mut taken = Vec::new();
    for round in 0..rounds(51) {
        taken.push([0, 1, 2].map(|turn| {
            let (_, layer) = &work[(round + turn) % 3];
            let [one, two] = [1, 2].map(|threads| rate(layer.as_ref(), round * 2 + threads, threads));
            ((round + turn) % 3, two / one)
        }));
    }
    let gain = |round: &[(usize, f64); 3], which: usize| round.iter().find(|it| it.0 == which).unwrap().1;
    head("work at 1 KiB", &["gain of a second thread"]);
    for (index, (name, _)) in work.iter().enumerate() {
        row(name, [format!("{:.2} ×", median(taken.iter().map(|round| gain(round, index))))]);
    }
}

/// Returns the deliveries per nanosecond of all threads together.
fn rate(layer: Option<&WebhookLayer>, series: usize, threads: usize) -> f64 {
    const BATCHES: usize = 8;
    const BATCH: usize = 250;
    let barrier = Barrier::new(threads);
    let work = |thread: usize| {
        let runtime = Rc::new(Builder::new_current_thread().build().unwrap());
        let service =
            |layer: &WebhookLayer| Contender::new("ours", &runtime, layer.layer(service_fn(handle::<Body>)));
        let mut contender = layer.map_or_else(|| floor(Floor::default()), service);
        let delivery = Delivery::new(Scheme::Standard, Case::Valid, KIB, Frames::One);
        let first = (series * 2 + thread) * BATCHES * BATCH;
        barrier.wait();
        let batch = |batch: usize| {
            let ids = (0..BATCH).map(|number| id_of(first + batch * BATCH + number));
            let time: Duration = ids.map(|id| black_box(once(&mut contender, &delivery, &id))).sum();
            time.as_nanos() as f64 / BATCH as f64
        };
        // Use the median, because another process may occupy the core.
        1.0 / median((0..BATCHES).map(batch).collect::<Vec<_>>().into_iter())
    };
    thread::scope(|scope| {
        let work = &work;
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || work(thread))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).sum()
    })
}
