//! The attacks, one function for each, and the table of them.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    pin::Pin,
    time::{Duration, SystemTime},
};

use tokio::{
    select,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    common::{NOW, SECRET, standard_headers},
    http2::{self, CONTINUATION, DATA, GOAWAY, HEADERS, LARGEST, PING, UNKNOWN},
    settings::{BODY_LIMIT, HEAD_TIMEOUT, KIB, MOST_READ, Size},
    wire::{Answer, FORGED, Wire, delivery, forged, head},
};

/// An attack. The attacker does not know the secret unless the attack says otherwise.
pub struct Attack {
    pub name: &'static str,
    run: fn(SocketAddr, Size, usize) -> Attacking,
    /// The number of concurrent connections.
    at_once: fn(Size) -> usize,
    /// The server memory that each connection may use in the host and the layer, in addition to the budget.
    each: usize,
    /// The results that the attacker must see.
    sees: &'static [&'static str],
    /// Other results that may occur, depending on timing.
    may_see: &'static [&'static str],
    /// The outcomes that the layer must report for these requests.
    ends: &'static [&'static str],
    may_end: &'static [&'static str],
    /// `true` if the attack fills the budget, so that other requests are rejected meanwhile.
    pub fills: bool,
}

/// A running attack, which returns the results that its connections saw.
pub type Attacking = Pin<Box<dyn Future<Output = Tally> + Send>>;

/// The count of each result.
pub type Tally = BTreeMap<String, usize>;

impl Attack {
    pub fn start(&self, server: SocketAddr, size: Size) -> Attacking {
        (self.run)(server, size, (self.at_once)(size))
    }

    /// Returns the memory that the attack may use in addition to the budget.
    pub fn memory(&self, size: Size) -> usize {
        (self.at_once)(size) * self.each
    }

    /// Asserts that the attack had the expected results and outcomes.
    pub fn judge(&self, seen: &Tally, ended: &Tally) {
        let judge = |found: &Tally, all_of: &[&str], may: &[&str]| {
            let fine = all_of.iter().all(|name| found.contains_key(*name))
                && found.keys().all(|name| all_of.contains(&&**name) || may.contains(&&**name));
            assert!(fine, "{}: found {found:?}, expected {all_of:?}", self.name);
        };
        judge(seen, self.sees, self.may_see);
        // The outcomes include those of the honest provider.
        judge(ended, self.ends, &[self.may_end, &["accepted"]].concat());
    }
}

/// The interval between two bytes of a slow client.
const PACE: Duration = Duration::from_millis(300);
const CUT_OFF: &str = "cut off";

macro_rules! attack {
    ($name:expr, $run:expr, $at_once:expr, $each:expr) => {
        Attack {
            name: $name,
            run: |server, size, at_once| Box::pin($run(server, size, at_once)),
            at_once: $at_once,
            each: $each,
            sees: &[],
            may_see: &[],
            ends: &[],
            may_end: &[],
            fills: false,
        }
    };
}

pub fn all() -> Vec<Attack> {
    vec![
        Attack {
            sees: &["408"],
            // Bytes that the client sends after the response may reset the connection.
            may_see: &[CUT_OFF],
            ends: &["body_too_slow"],
            ..attack!("slow bodies", slow_bodies, |size| size.connections, 40 * KIB)
        },
        Attack {
            sees: &["408", "503"],
            may_see: &[CUT_OFF],
            ends: &["body_too_slow", "over_budget"],
            fills: true,
            ..attack!(
                "slow bodies that fill the budget",
                slow_and_large_bodies,
                |size| (size.connections / 10).clamp(10, 200),
                MOST_READ
            )
        },
        Attack {
            sees: &["408"],
            ends: &["body_too_slow"],
            ..attack!(
                "slow bodies in large reads",
                slow_bodies_in_large_reads,
                |size| (size.connections / 50).max(1),
                STREAMS * 10 * KIB
            )
        },
        Attack {
            sees: &[CUT_OFF],
            // The host ends these connections; the layer does not see them.
            ..attack!("slow heads", slow_heads, |size| size.connections, 32 * KIB)
        },
        Attack {
            sees: &["401"],
            may_see: &[CUT_OFF],
            ends: &["missing_signature"],
            ..attack!("slow bodies, unsigned", slow_unsigned_bodies, |size| size.connections, 64 * KIB)
        },
        Attack {
            sees: &[
                "at the limit: 401",
                "over the limit: 413",
                "64 GiB: 413",
                "chunked, over the limit: 413",
            ],
            may_see: &[
                "over the limit: cut off",
                "64 GiB: cut off",
                "chunked, over the limit: cut off",
                "endless: 413",
                "endless: cut off",
            ],
            ends: &["wrong_signature", "body_too_large"],
            // Few enough that the budget suffices for them and for an honest delivery.
            ..attack!("large bodies", large_bodies, |_| 6, MOST_READ)
        },
        Attack {
            sees: &["401"],
            ends: &["wrong_signature"],
            ..attack!("wrong signatures", wrong_signatures, |_| 8, 128 * KIB)
        },
        Attack {
            // The attacker replays a captured request.
            sees: &["200", "200, a duplicate"],
            may_see: &["503"],
            ends: &["accepted", "duplicate"],
            may_end: &["in_progress"],
            ..attack!("one delivery, replayed", duplicates, |_| 8, 128 * KIB)
        },
        Attack {
            // The attacker knows the secret.
            sees: &["200"],
            ends: &["accepted"],
            ..attack!("distinct ids", distinct_ids, |_| 8, 128 * KIB)
        },
        Attack {
            sees: &["a long id: 401", "many signatures: 401", "repeated: 401", "many headers: 431"],
            may_see: &["many headers: cut off", "a large head: 431", "a large head: cut off"],
            ends: &["wrong_signature", "malformed_signature"],
            // hyper reads a head into one buffer of up to `MOST_READ` bytes. While the buffer grows, hyper holds both
            // the old and the new buffer.
            ..attack!("large heads", large_heads, |_| 20, 2 * MOST_READ)
        },
        Attack {
            // The layer only sees streams that reach it before their reset; the host limits the others.
            sees: &["reset", "GOAWAY"],
            may_see: &[CUT_OFF],
            ends: &["body_interrupted"],
            may_end: &["aborted"],
            ..attack!("streams that are reset", resets, |_| 4, STREAMS * 16 * KIB)
        },
        Attack {
            sees: &["GOAWAY"],
            may_see: &[CUT_OFF],
            // The host ends these connections.
            ..attack!("endless header blocks", continuations, |_| 4, 128 * KIB)
        },
        Attack {
            // The attacker has captured valid deliveries.
            sees: &["hung up"],
            ends: &["body_interrupted"],
            may_end: &["aborted"],
            ..attack!("bodies that are cut off", cut_off, |_| 100, 64 * KIB)
        },
    ]
}

/// The number of HTTP/2 streams on each connection.
const STREAMS: usize = 100;

/// Runs `count` attempts, `at_once` of them concurrently, and counts their results.
async fn many<F>(count: usize, at_once: usize, attempt: impl Fn(usize) -> F) -> Tally
where
    F: Future<Output = String> + Send + 'static,
{
    let (mut tally, mut running) = (Tally::new(), JoinSet::new());
    for number in 0..count {
        if running.len() >= at_once {
            *tally.entry(running.join_next().await.unwrap().unwrap()).or_default() += 1;
        }
        running.spawn(attempt(number));
    }
    while let Some(seen) = running.join_next().await {
        *tally.entry(seen.unwrap()).or_default() += 1;
    }
    tally
}

fn seen(answer: Option<Answer>) -> String {
    match answer {
        None => CUT_OFF.to_owned(),
        Some(answer) if answer.head.contains("x-webhook-duplicate: true") => {
            format!("{}, a duplicate", answer.status)
        }
        Some(answer) => answer.status.to_string(),
    }
}

/// Sends a byte at an interval until there is a response.
async fn trickle(wire: &mut Wire) -> String {
    loop {
        select! {
            answer = wire.answer() => return seen(answer),
            () = sleep(PACE) => drop(wire.send("x").await),
        }
    }
}

async fn slow_bodies(server: SocketAddr, size: Size, at_once: usize) -> Tally {
    many(size.connections, at_once, move |_| async move {
        let mut wire = Wire::connect(server).await;
        let _ = wire.send(head(&forged(), "content-length: 100000\r\n") + "a few bytes").await;
        trickle(&mut wire).await
    })
    .await
}

async fn slow_and_large_bodies(server: SocketAddr, _: Size, at_once: usize) -> Tally {
    many(at_once, at_once, move |_| async move {
        let mut wire = Wire::connect(server).await;
        let length = format!("content-length: {BODY_LIMIT}\r\n");
        let _ = wire.send(head(&forged(), &length) + &"x".repeat(BODY_LIMIT - KIB)).await;
        trickle(&mut wire).await
    })
    .await
}

/// Sends one body byte for each of the server's reads and fills the rest of the read with an unknown frame. A server
/// that keeps the byte as a slice of its read buffer keeps the whole buffer.
async fn slow_bodies_in_large_reads(server: SocketAddr, _: Size, at_once: usize) -> Tally {
    many(at_once, at_once, move |_| async move {
        let mut wire = Wire::connect(server).await;
        let _ = wire.send(http2::opening()).await;
        let streams = (1..).step_by(2).take(STREAMS);
        let requests = streams.clone().flat_map(|stream| http2::request(stream, &forged()));
        let _ = wire.send(requests.collect::<Vec<_>>()).await;
        for stream in streams {
            let byte = http2::frame(DATA, 0, stream, b"x");
            let rest = http2::frame(UNKNOWN, 0, 0, &[0; LARGEST]);
            let _ = wire.send([byte, rest].concat()).await;
        }
        let mut answers = 0;
        while answers < STREAMS {
            match wire.frame().await {
                Some((HEADERS, ..)) => answers += 1,
                Some((GOAWAY, ..)) => return "GOAWAY".to_owned(),
                Some(_) => {}
                None => return CUT_OFF.to_owned(),
            }
        }
        "408".to_owned()
    })
    .await
}

async fn slow_heads(server: SocketAddr, size: Size, at_once: usize) -> Tally {
    many(size.connections, at_once, move |number| async move {
        let mut wire = Wire::connect(server).await;
        match number % 4 {
            // Send nothing. If the connection is still open after two timeouts, the server has not accepted it yet, and
            // `trickle` sends bytes.
            0 => drop(timeout(2 * HEAD_TIMEOUT, wire.end()).await),
            // Send every byte slowly, starting with the first.
            1 => {}
            _ => drop(wire.send("POST /orders HTTP/1.1\r\nhost: localhost\r\nx-slow: ").await),
        }
        trickle(&mut wire).await
    })
    .await
}

async fn slow_unsigned_bodies(server: SocketAddr, size: Size, at_once: usize) -> Tally {
    many(size.connections, at_once, move |_| async move {
        let mut wire = Wire::connect(server).await;
        let mut headers = forged();
        headers.remove("webhook-signature");
        let length = format!("content-length: {BODY_LIMIT}\r\n");
        let _ = wire.send(head(&headers, &length) + &"x".repeat(BODY_LIMIT / 8)).await;
        trickle(&mut wire).await
    })
    .await
}

async fn large_bodies(server: SocketAddr, size: Size, at_once: usize) -> Tally {
    many(size.flood / 20, at_once, move |number| async move {
        let mut wire = Wire::connect(server).await;
        let announced = |length: usize| head(&forged(), &format!("content-length: {length}\r\n"));
        let chunked = head(&forged(), "transfer-encoding: chunked\r\n");
        let (what, request) = match number % 5 {
            0 => ("at the limit", announced(BODY_LIMIT) + &"x".repeat(BODY_LIMIT)),
            1 => ("over the limit", announced(BODY_LIMIT + 1) + &"x".repeat(BODY_LIMIT + 1)),
            2 => ("64 GiB", announced(64 << 30) + &"x".repeat(KIB)),
            3 => ("chunked, over the limit", chunked + &chunk(BODY_LIMIT) + &chunk(1) + "0\r\n\r\n"),
            _ => {
                let _ = wire.send(chunked).await;
                // Depending on timing, the client reads the response or its connection is reset.
                while wire.send(chunk(16 * KIB)).await.is_ok() {}
                return format!("endless: {}", seen(wire.answer().await));
            }
        };
        let _ = wire.send(request).await;
        format!("{what}: {}", seen(wire.answer().await))
    })
    .await
}

fn chunk(length: usize) -> String {
    format!("{length:x}\r\n{}\r\n", "x".repeat(length))
}

async fn wrong_signatures(server: SocketAddr, size: Size, at_once: usize) -> Tally {
    let request = (head(&forged(), "content-length: 200\r\n") + &"x".repeat(200)).into_bytes();
    pipelined(server, size.flood, at_once, move |_| request.clone()).await
}

async fn duplicates(server: SocketAddr, size: Size, at_once: usize) -> Tally {
    let request = delivery(&format!("once_{}", nanos()), b"{}");
    pipelined(server, size.flood, at_once, move |_| request.clone()).await
}

async fn distinct_ids(server: SocketAddr, size: Size, at_once: usize) -> Tally {
    let run = nanos();
    pipelined(server, size.ids, at_once, move |number| delivery(&format!("id_{run}_{number}"), b"{}")).await
}

/// Returns a number that makes the ids of each attack unique.
fn nanos() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos()
}

/// Sends `count` requests over a few connections, pipelining some of them on each.
async fn pipelined(
    server: SocketAddr,
    count: usize,
    connections: usize,
    request: impl Fn(usize) -> Vec<u8> + Clone + Send + 'static,
) -> Tally {
    /// The number of pipelined requests on each connection.
    const AT_ONCE: usize = 20;
    let mut sending = JoinSet::new();
    for connection in 0..connections {
        let request = request.clone();
        sending.spawn(async move {
            let (mut tally, mut wire) = (Tally::new(), Wire::connect(server).await);
            let numbers: Vec<_> = (connection..count).step_by(connections).collect();
            for numbers in numbers.chunks(AT_ONCE) {
                let requests: Vec<_> = numbers.iter().flat_map(|number| request(*number)).collect();
                let _ = wire.send(requests).await;
                for _ in numbers {
                    *tally.entry(seen(wire.answer().await)).or_default() += 1;
                }
            }
            tally
        });
    }
    let mut tally = Tally::new();
    for (seen, times) in sending.join_all().await.into_iter().flatten() {
        *tally.entry(seen).or_default() += times;
    }
    tally
}

async fn large_heads(server: SocketAddr, size: Size, at_once: usize) -> Tally {
    many(size.flood / 10, at_once, move |number| async move {
        let mut wire = Wire::connect(server).await;
        let mut headers = forged();
        let empty = "content-length: 0\r\n";
        let (what, request) = match number % 5 {
            0 => {
                headers.insert("webhook-id", "x".repeat(60 * KIB).parse().unwrap());
                ("a long id", head(&headers, empty))
            }
            1 => {
                headers.insert("webhook-signature", [FORGED; 5000].join(" ").parse().unwrap());
                ("many signatures", head(&headers, empty))
            }
            2 => {
                for _ in 0..90 {
                    headers.append("webhook-signature", FORGED.parse().unwrap());
                }
                ("repeated", head(&headers, empty))
            }
            3 => ("many headers", head(&headers, &"x-more: x\r\n".repeat(1000))),
            _ => {
                let _ = wire.send("POST /orders HTTP/1.1\r\nhost: localhost\r\nx-large: ").await;
                while wire.send([b'x'; 16 * KIB]).await.is_ok() {}
                return format!("a large head: {}", seen(wire.answer().await));
            }
        };
        let _ = wire.send(request).await;
        format!("{what}: {}", seen(wire.answer().await))
    })
    .await
}

/// Opens streams, sends a part of each body, and resets the streams, either before or after the server has seen them.
async fn resets(server: SocketAddr, size: Size, at_once: usize) -> Tally {
    // Each stream sends 1 KiB, and all of them fit into the connection's initial flow-control window of 64 KiB.
    const OPENED: usize = 50;
    many(size.flood / OPENED, at_once, move |number| async move {
        let mut wire = Wire::connect(server).await;
        let streams: Vec<u32> = (1..).step_by(2).take(OPENED).collect();
        let opened = streams.iter().flat_map(|stream| {
            let request = http2::request(*stream, &forged());
            [request, http2::frame(DATA, 0, *stream, &[b'x'; KIB])].concat()
        });
        let opened: Vec<_> = http2::opening().into_iter().chain(opened).collect();
        let seen_first = number % 2 == 0;
        let reset: Vec<_> = streams.iter().flat_map(|stream| http2::reset(*stream)).collect();
        let ping = || http2::frame(PING, 0, 0, &[0; 8]);
        let parts = if seen_first {
            vec![[opened, ping()].concat(), [reset, ping()].concat()]
        } else {
            vec![[opened, reset, ping()].concat()]
        };
        for part in parts {
            let _ = wire.send(part).await;
            loop {
                match wire.frame().await {
                    Some((PING, http2::ACKNOWLEDGED, _)) => break,
                    Some((GOAWAY, ..)) => return "GOAWAY".to_owned(),
                    Some(_) => {}
                    None => return CUT_OFF.to_owned(),
                }
            }
        }
        "reset".to_owned()
    })
    .await
}

/// Sends an HTTP/2 header block that never ends.
async fn continuations(server: SocketAddr, size: Size, at_once: usize) -> Tally {
    const MOST: usize = 4096;
    many((size.flood / 100).min(50), at_once, move |_| async move {
        let mut wire = Wire::connect(server).await;
        let _ = wire
            .send([http2::opening(), http2::frame(HEADERS, 0, 1, &http2::block(&forged()))].concat())
            .await;
        let mut more = vec![0];
        http2::string(&mut more, b"x-more");
        http2::string(&mut more, &vec![b'x'; LARGEST - 100]);
        let more = http2::frame(CONTINUATION, 0, 1, &more);
        let mut sent = 0;
        while wire.send(&more).await.is_ok() {
            sent += 1;
            assert!(sent < MOST, "the server read 64 MiB of a header block");
        }
        loop {
            match wire.frame().await {
                Some((GOAWAY, ..)) => return "GOAWAY".to_owned(),
                Some(_) => {}
                None => return CUT_OFF.to_owned(),
            }
        }
    })
    .await
}

/// Sends valid deliveries and hangs up in the middle of each body, with a reset or a regular close.
async fn cut_off(server: SocketAddr, size: Size, at_once: usize) -> Tally {
    let body = vec![b'x'; 4 * KIB];
    let headers = standard_headers(SECRET, NOW, "msg_cut", &body);
    let request = head(&headers, &format!("content-length: {}\r\n", body.len()));
    let part = [request.as_bytes(), &body[..body.len() / 2]].concat();
    many(size.flood, at_once, move |number| {
        let part = part.clone();
        async move {
            let mut wire = Wire::connect(server).await;
            let _ = wire.send(part).await;
            if number % 2 == 0 {
                wire.finish().await;
            }
            "hung up".to_owned()
        }
    })
    .await
}
