//! The groups of contenders, with a delivery for each.

use std::{convert::Infallible, fmt::Debug, hint::black_box, rc::Rc};

use axum::{Json, Router, routing::post};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{Empty, Full};
use tokio::runtime::Runtime;
use tower::{Layer, Service, service_fn};
use tower_webhook::Body;

use crate::{
    contender::{
        Contender, Dedupe, Floor,
        by_hand::{self, Seen},
        collect, floor, github_layer, handle, in_axum, late, layer, least, ours, peers, peers_in_axum,
        verify_layer,
    },
    delivery::{Case, Delivery, Frames, KIB, MIB, Message, SIZES, Scheme, Sent},
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
        groups.push(collecting(runtime, scheme, false));
        groups.push(collecting(runtime, scheme, true));
    }
    for typed in [false, true] {
        groups.push(extracting(runtime, typed));
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

/// Returns contenders whose handler reads its body in one piece. `webhook-verify` hands `Bytes` to the handler.
fn collecting(runtime: &Rc<Runtime>, scheme: Scheme, oneshot: bool) -> Group {
    fn contender<S, R>(oneshot: bool, name: &str, runtime: &Rc<Runtime>, service: S) -> Contender
    where
        S: Service<Request<Sent>, Response = Response<R>, Error: Debug> + Clone + 'static,
    {
        match oneshot {
            true => Contender::oneshot(name, runtime, service),
            false => Contender::new(name, runtime, service),
        }
    }
    async fn take_bytes(request: Request<Body>) -> Result<Response<Empty<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        black_box((head, body.into_bytes().unwrap()));
        Ok(Response::new(Empty::new()))
    }
    let verify = match scheme {
        Scheme::Standard => by_hand::standard,
        Scheme::Github => by_hand::github,
    };
    let full = service_fn(collect::<Full<Bytes>>);
    let by_hand = by_hand::Verified { verify: by_hand::with_key(verify), inner: full };
    let ours = layer(scheme, Dedupe::Off);
    let mut contenders = vec![
        floor(Floor::default()),
        contender(oneshot, "tower-webhook", runtime, ours.layer(service_fn(collect::<Body>))),
        contender(oneshot, "tower-webhook, into_bytes", runtime, ours.layer(service_fn(take_bytes))),
        contender(oneshot, "by hand", runtime, by_hand),
        contender(
            oneshot,
            "webhook-verify",
            runtime,
            verify_layer(scheme).layer(service_fn(handle::<Bytes>)),
        ),
    ];
    if scheme == Scheme::Github {
        contenders.push(contender(oneshot, "tower-github-webhook", runtime, github_layer().layer(full)));
        contenders.push(contender(oneshot, "the least layer", runtime, least::around(full)));
    }
    let name = if oneshot { "collecting, oneshot" } else { "collecting" };
    Group::new(name, Delivery::new(scheme, Case::Valid, KIB, Frames::One), contenders)
}

/// Returns contenders on an axum route whose handler uses one of axum's extractors.
fn extracting(runtime: &Rc<Runtime>, typed: bool) -> Group {
    async fn bytes(body: Bytes) -> StatusCode {
        by_hand::take(body)
    }
    async fn json(Json(message): Json<Message>) -> StatusCode {
        by_hand::take(message)
    }
    let scheme = Scheme::Github;
    let route = if typed { post(json) } else { post(bytes) };
    let ours = Router::new().route("/webhook", route.layer(layer(scheme, Dedupe::Off)));
    let by_hand = match typed {
        true => by_hand::in_axum(by_hand::github, Seen::Nowhere),
        false => by_hand::bytes_in_axum(by_hand::github),
    };
    let contenders = vec![
        floor(Floor { typed, deduped: false }),
        Contender::new("tower-webhook", runtime, ours),
        Contender::new("by hand", runtime, by_hand),
    ];
    let name = if typed { "axum, Json" } else { "axum, Bytes" };
    Group::new(name, Delivery::new(scheme, Case::Valid, KIB, Frames::One), contenders)
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
