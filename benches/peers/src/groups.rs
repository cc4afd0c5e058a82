//! The groups of contenders, with a delivery for each.

use std::rc::Rc;

use bytes::Bytes;
use http_body_util::Full;
use tokio::runtime::Runtime;
use tower::{Layer, service_fn};
use tower_webhook::Body;

use crate::{
    contender::{
        Contender, Dedupe, Floor,
        by_hand::{self, Seen},
        floor, in_axum, late, layer, least, ours, peers, peers_in_axum,
    },
    delivery::{Case, Delivery, Frames, KIB, MIB, SIZES, Scheme},
    rounds::Group,
};

/// Returns all groups. In each group, the floor comes first and `tower-webhook` second.
pub fn groups(runtime: &Rc<Runtime>) -> Vec<Group> {
    let mut groups = Vec::new();
    for scheme in [Scheme::Standard, Scheme::Github] {
        for size in SIZES {
            for frames in [Frames::One, Frames::Many] {
                groups.push(raw(runtime, "raw", Delivery::new(scheme, Case::Valid, size, frames)));
            }
        }
        for size in [KIB, MIB] {
            for case in [Case::WrongSignature, Case::MissingSignature] {
                groups.push(raw(runtime, "raw", Delivery::new(scheme, case, size, Frames::One)));
            }
        }
    }
    for case in [Case::MissingSignature, Case::Stale] {
        let delivery = Delivery::new(Scheme::Standard, case, 0, Frames::None);
        groups.push(raw(runtime, "raw", delivery));
    }
    groups.push(raw(runtime, "raw", Delivery::new(Scheme::Github, Case::MissingSignature, 0, Frames::None)));
    for size in [KIB, MIB] {
        let delivery = Delivery::new(Scheme::Standard, Case::Candidates32, size, Frames::One);
        groups.push(raw(runtime, "raw", delivery));
    }
    for size in SIZES {
        for typed in [false, true] {
            groups.push(deduped(runtime, typed, size));
        }
    }
    for size in SIZES {
        for frames in [Frames::One, Frames::Many] {
            groups.push(axum(runtime, Delivery::new(Scheme::Github, Case::Valid, size, frames)));
        }
    }
    for scheme in [Scheme::Standard, Scheme::Github] {
        let delivery = Delivery::new(scheme, Case::Valid, KIB, Frames::One);
        groups.push(raw(runtime, "caches cold", delivery).cold());
    }
    groups.push(last_frame(runtime));
    groups
}

/// Returns the contenders that verify the signature and pass on the raw body.
fn raw(runtime: &Rc<Runtime>, name: &'static str, delivery: Delivery) -> Group {
    let scheme = delivery.scheme;
    let verify = match scheme {
        Scheme::Standard => by_hand::standard,
        Scheme::Github => by_hand::github,
    };
    let by_hand =
        by_hand::Verified { verify: by_hand::with_key(verify), inner: service_fn(by_hand::handle_full) };
    let mut contenders = vec![
        floor(Floor::default()),
        Contender::new("tower-webhook", runtime, ours(scheme, Dedupe::Off, false)),
        Contender::new("by hand", runtime, by_hand),
    ];
    if scheme == Scheme::Github && delivery.case == Case::Valid && delivery.in_frames == Frames::One {
        contenders.push(Contender::new("the least layer", runtime, least::layer()));
    }
    contenders.extend(peers(scheme, runtime));
    Group::new(name, delivery, contenders)
}

/// Returns `tower-webhook` with deduplication, which no peer has. For comparison, also returns `tower-webhook`
/// without deduplication, and a floor for each of the two.
fn deduped(runtime: &Rc<Runtime>, typed: bool, size: usize) -> Group {
    let ours = |name, dedupe| Contender::new(name, runtime, ours(Scheme::Standard, dedupe, typed));
    let contenders = vec![
        floor(Floor { typed, deduped: true }),
        ours("tower-webhook, fresh", Dedupe::InMemory),
        ours("tower-webhook, duplicate", Dedupe::InMemory).again(),
        floor(Floor { typed, deduped: false }),
        ours("tower-webhook, not deduped", Dedupe::Off),
    ];
    let name = if typed { "typed and deduped" } else { "deduped" };
    Group::new(name, Delivery::new(Scheme::Standard, Case::Valid, size, Frames::One), contenders)
}

/// Returns contenders on an axum route whose handler receives the typed payload.
fn axum(runtime: &Rc<Runtime>, delivery: Delivery) -> Group {
    let ours = |name, dedupe| Contender::new(name, runtime, in_axum(layer(delivery.scheme, dedupe)));
    let by_hand = |name, seen| Contender::new(name, runtime, by_hand::in_axum(by_hand::github, seen));
    let mut contenders = vec![
        floor(Floor { typed: true, deduped: false }),
        ours("tower-webhook", Dedupe::Off),
        ours("tower-webhook, deduped", Dedupe::InMemory),
        by_hand("by hand", Seen::Nowhere),
        by_hand("by hand, deduped", Seen::in_memory()),
    ];
    contenders.extend(peers_in_axum(runtime));
    Group::new("axum, typed", delivery, contenders)
}

/// Returns contenders that measure the time from the last frame's arrival to the handler.
fn last_frame(runtime: &Rc<Runtime>) -> Group {
    let scheme = Scheme::Github;
    let by_hand = by_hand::Verified {
        verify: by_hand::with_key(by_hand::github),
        inner: service_fn(late::handle::<Full<Bytes>>),
    };
    let ours = layer(scheme, Dedupe::Off).layer(service_fn(late::handle::<Body>));
    let contenders = vec![
        floor(Floor::default()),
        late::contender("tower-webhook", runtime, ours),
        late::contender("by hand", runtime, by_hand),
    ];
    Group::new("from the last frame", Delivery::new(scheme, Case::Valid, MIB, Frames::Many), contenders)
}
