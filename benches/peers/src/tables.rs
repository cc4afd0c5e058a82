//! The tables of time per delivery, with a group of contenders for each row.

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
        self, Contender, Dedupe,
        by_hand::{self, Seen},
        collect, floor, github_layer, handle, layer, least, peers, peers_in_axum, verify_layer,
    },
    delivery::{
        Case::{Candidates32, Valid, WrongSignature},
        Delivery,
        Frames::{Many, One},
        KIB, MIB, Message,
        Scheme::{self, Github, Standard},
        Sent,
    },
    floor::Floor,
    rounds::Group,
};

/// A table of `README.md`.
pub struct Table {
    pub title: &'static str,
    /// The name of each row's first contender.
    pub floor: &'static str,
    /// The names of the other contenders.
    pub columns: &'static [&'static str],
    pub rows: Vec<(&'static str, Group)>,
}

pub fn tables(runtime: &Rc<Runtime>) -> Vec<Table> {
    vec![raw_body(runtime), reading(runtime), in_axum(runtime), deduplicating(runtime)]
}

/// Returns the contenders whose handler ignores its body.
pub fn raw_body(runtime: &Rc<Runtime>) -> Table {
    let row = |scheme, size, frames, case| raw(runtime, Delivery::new(scheme, case, size, frames));
    Table {
        title: "verified, raw body",
        floor: "floor",
        columns: &[
            "tower-webhook",
            "by hand",
            "`webhook-verify`",
            "`tower-github-webhook`",
            "`svix`",
            "`standardwebhooks`",
        ],
        rows: vec![
            ("Standard Webhooks, 256 B", row(Standard, 256, One, Valid)),
            ("Standard Webhooks, 1 KiB", row(Standard, KIB, One, Valid)),
            ("Standard Webhooks, 16 KiB", row(Standard, 16 * KIB, One, Valid)),
            ("Standard Webhooks, 256 KiB", row(Standard, 256 * KIB, One, Valid)),
            ("Standard Webhooks, 1 MiB", row(Standard, MIB, One, Valid)),
            ("Standard Webhooks, 1 MiB in 64 frames", row(Standard, MIB, Many, Valid)),
            ("Standard Webhooks, 1 KiB, wrong signature", row(Standard, KIB, One, WrongSignature)),
            ("Standard Webhooks, 1 MiB, 32 candidates", row(Standard, MIB, One, Candidates32)),
            ("Standard Webhooks, 1 KiB, caches cold", row(Standard, KIB, One, Valid).cold()),
            ("GitHub, 1 KiB", row(Github, KIB, One, Valid)),
            ("GitHub, 1 MiB", row(Github, MIB, One, Valid)),
            ("GitHub, 1 MiB in 64 frames", row(Github, MIB, Many, Valid)),
            ("GitHub, 1 KiB, caches cold", row(Github, KIB, One, Valid).cold()),
        ],
    }
}

/// Returns the contenders whose handler reads its body in one piece.
pub fn reading(runtime: &Rc<Runtime>) -> Table {
    Table {
        title: "verified, 1 KiB, the handler reads its body",
        floor: "floor",
        columns: &[
            "tower-webhook",
            "tower-webhook, into_bytes",
            "by hand",
            "the least layer",
            "`webhook-verify`",
            "`tower-github-webhook`",
        ],
        rows: vec![
            ("Standard Webhooks", collecting(runtime, Standard, false)),
            ("Standard Webhooks, cloned per delivery", collecting(runtime, Standard, true)),
            ("GitHub", collecting(runtime, Github, false)),
            ("GitHub, cloned per delivery", collecting(runtime, Github, true)),
        ],
    }
}

/// Returns the contenders on an axum route, by the extractor of the handler.
pub fn in_axum(runtime: &Rc<Runtime>) -> Table {
    let row = |size, frames| axum(runtime, Delivery::new(Github, Valid, size, frames));
    Table {
        title: "verified, typed, in axum",
        floor: "floor, typed",
        columns: &[
            "tower-webhook",
            "by hand",
            "`axum-github-webhook-extract`",
            "tower-webhook, deduped",
            "by hand, deduped",
        ],
        rows: vec![
            ("GitHub in axum, `Event<T>`, 256 B", row(256, One)),
            ("GitHub in axum, `Event<T>`, 1 KiB", row(KIB, One)),
            ("GitHub in axum, `Event<T>`, 16 KiB", row(16 * KIB, One)),
            ("GitHub in axum, `Event<T>`, 1 MiB", row(MIB, One)),
            ("GitHub in axum, `Event<T>`, 1 MiB in 64 frames", row(MIB, Many)),
            ("GitHub in axum, `Json`, 1 KiB", extracting(runtime, true)),
            ("GitHub in axum, `Bytes`, 1 KiB", extracting(runtime, false)),
        ],
    }
}

/// Returns `tower-webhook` with deduplication, which no peer has.
fn deduplicating(runtime: &Rc<Runtime>) -> Table {
    Table {
        title: "typed and deduped",
        floor: "floor, typed and deduped",
        columns: &["tower-webhook, fresh", "tower-webhook, duplicate", "tower-webhook, not deduped"],
        rows: vec![
            ("Standard Webhooks, 1 KiB", deduped(runtime, KIB)),
            ("Standard Webhooks, 1 MiB", deduped(runtime, MIB)),
        ],
    }
}

/// Returns the contenders that verify the signature and pass on the raw body.
fn raw(runtime: &Rc<Runtime>, delivery: Delivery) -> Group {
    let scheme = delivery.scheme;
    let ours = layer(scheme, Dedupe::Off).layer(service_fn(handle::<Body>));
    let by_hand = by_hand::around(scheme, service_fn(handle::<Full<Bytes>>));
    let mut contenders = vec![
        floor(Floor::default()),
        Contender::new("tower-webhook", runtime, ours),
        Contender::new("by hand", runtime, by_hand),
    ];
    contenders.extend(peers(scheme, runtime));
    Group::new(delivery, contenders)
}

fn deduped(runtime: &Rc<Runtime>, size: usize) -> Group {
    let ours = |name, dedupe| {
        let layer = layer(Standard, dedupe).json::<Message>();
        Contender::new(name, runtime, layer.layer(service_fn(handle::<Body>)))
    };
    let contenders = vec![
        floor(Floor { typed: true, deduped: true }),
        ours("tower-webhook, fresh", Dedupe::InMemory),
        ours("tower-webhook, duplicate", Dedupe::InMemory).again(),
        ours("tower-webhook, not deduped", Dedupe::Off),
    ];
    Group::new(Delivery::new(Standard, Valid, size, One), contenders)
}

/// Returns contenders on an axum route whose handler receives the typed payload.
fn axum(runtime: &Rc<Runtime>, delivery: Delivery) -> Group {
    let ours =
        |name, dedupe| Contender::new(name, runtime, contender::in_axum(layer(delivery.scheme, dedupe)));
    let by_hand = |name, seen| Contender::new(name, runtime, by_hand::in_axum(by_hand::github, seen));
    let mut contenders = vec![
        floor(Floor { typed: true, deduped: false }),
        ours("tower-webhook", Dedupe::Off),
        ours("tower-webhook, deduped", Dedupe::InMemory),
        by_hand("by hand", Seen::Nowhere),
        by_hand("by hand, deduped", Seen::in_memory()),
    ];
    contenders.extend(peers_in_axum(runtime));
    Group::new(delivery, contenders)
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
    let full = service_fn(collect::<Full<Bytes>>);
    let ours = layer(scheme, Dedupe::Off);
    let mut contenders = vec![
        floor(Floor::default()),
        contender(oneshot, "tower-webhook", runtime, ours.layer(service_fn(collect::<Body>))),
        contender(oneshot, "tower-webhook, into_bytes", runtime, ours.layer(service_fn(take_bytes))),
        contender(oneshot, "by hand", runtime, by_hand::around(scheme, full)),
        contender(
            oneshot,
            "`webhook-verify`",
            runtime,
            verify_layer(scheme).layer(service_fn(handle::<Bytes>)),
        ),
    ];
    if scheme == Github {
        contenders.push(contender(oneshot, "`tower-github-webhook`", runtime, github_layer().layer(full)));
        contenders.push(contender(oneshot, "the least layer", runtime, least::around(full)));
    }
    Group::new(Delivery::new(scheme, Valid, KIB, One), contenders)
}

/// Returns contenders on an axum route whose handler uses one of axum's extractors.
fn extracting(runtime: &Rc<Runtime>, typed: bool) -> Group {
    async fn bytes(body: Bytes) -> StatusCode {
        by_hand::take(body)
    }
    async fn json(Json(message): Json<Message>) -> StatusCode {
        by_hand::take(message)
    }
    let route = if typed { post(json) } else { post(bytes) };
    let ours = Router::new().route("/webhook", route.layer(layer(Github, Dedupe::Off)));
    let by_hand = match typed {
        true => by_hand::in_axum(by_hand::github, Seen::Nowhere),
        false => by_hand::bytes_in_axum(by_hand::github),
    };
    let contenders = vec![
        floor(Floor { typed, deduped: false }),
        Contender::new("tower-webhook", runtime, ours),
        Contender::new("by hand", runtime, by_hand),
    ];
    Group::new(Delivery::new(Github, Valid, KIB, One), contenders)
}
