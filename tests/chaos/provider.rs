//! The provider. It sends each event until it is acknowledged, and then some duplicates.

use std::{
    convert::Infallible,
    future::pending,
    iter::repeat,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Full, channel::Channel, combinators::BoxBody};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{
    join,
    net::TcpStream,
    time::{sleep, timeout},
};
use tower_webhook::BoxError;

use crate::{
    common::{SECRET, standard_headers},
    fleet::{Fleet, Picked},
    ledger::{Micros, now},
    random::Random,
};

/// The provider's timeout for a response.
const TIMEOUT: Duration = Duration::from_secs(4);
/// The delays between attempts that Standard Webhooks recommends, in seconds: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h,
/// 20 h and 24 h. A real provider would then give up; the test's provider continues, as with redelivery by hand.
const SCHEDULE: [u32; 9] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// Eight hours of the schedule take one second.
const SCALE: u32 = 8 * 3600;
/// The number of the final attempt, after all faults.
const LAST_DUPLICATE: u32 = u32::MAX;

/// A request of the provider and its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub event: u32,
    pub number: u32,
    pub replica: u32,
    pub sent: Micros,
    pub answered: Micros,
    pub answer: Answer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A 2xx response of the handler, with the fencing token of its run.
    Handled(Micros),
    /// Another response of the handler, with the fencing token of its run.
    Failed(Micros),
    Duplicate,
    InProgress,
    StoreUnavailable,
    HandlerTimeout,
    /// The layer's response to a success whose transaction was not committed, or may not have been.
    Uncommitted,
    /// Any other response, which is a violation.
    Unexpected(StatusCode),
    /// The connection failed or ended without a response.
    BrokenOff,
    /// There was no response within the provider's timeout.
    TimedOut,
    /// The provider hung up during its request or while waiting for the response.
    HungUp,
}

impl Answer {
    pub fn acknowledges(self) -> bool {
        matches!(self, Self::Handled(_) | Self::Duplicate)
    }
}

pub struct Provider {
    seed: u64,
    fleet: Arc<Fleet>,
    /// The attempts of each event.
    attempts: Mutex<Vec<Vec<Attempt>>>,
}

/// The point at which the provider hangs up.
#[derive(Clone, Copy)]
enum HangUp {
    MidBody,
    Waiting,
}

impl Provider {
    pub fn new(seed: u64, events: u32, fleet: Arc<Fleet>) -> Self {
        Self { seed, fleet, attempts: Mutex::new(vec![Vec::new(); events as usize]) }
    }

    /// Sends an event on the schedule until it is acknowledged, and then up to three duplicates.
    pub async fn send(&self, event: u32) {
        let mut random = Random::of(self.seed, &[2, event.into()]);
        let mut number = 0;
        let mut waits = SCHEDULE.iter().copied().chain(repeat(SCHEDULE[8]));
        while !self.attempt(event, &mut number, &mut random).await {
            let wait = Duration::from_secs(waits.next().unwrap().into()) / SCALE;
            // Add a jitter of 10 %.
            sleep(wait * (90 + random.below(21) as u32) / 100).await;
        }
        for _ in 0..random.below(4) {
            sleep(random.millis(0, 1500)).await;
            self.attempt(event, &mut number, &mut random).await;
        }
    }

    /// Sends a final duplicate after all faults.
    pub async fn send_last_duplicate(&self, event: u32) {
        let mut random = Random::of(self.seed, &[3, event.into()]);
        self.request(event, LAST_DUPLICATE, self.fleet.pick(&mut random), None).await;
    }

    /// Makes one attempt, or two at once, and returns whether the event was acknowledged.
    async fn attempt(&self, event: u32, number: &mut u32, random: &mut Random) -> bool {
        let twice = random.chance(150);
        let (one, other) = (self.fleet.pick(random), self.fleet.pick(random));
        let hang_up = random.chance(80).then(|| {
            (random.one_of(&[HangUp::MidBody, HangUp::Waiting]), random.one_of(&[0, 1, 5, 20, 60, 400, 1700]))
        });
        let first = self.request(event, *number, one, hang_up);
        let acknowledged = if twice {
            let (first, second) = join!(first, self.request(event, *number + 1, other, None));
            first || second
        } else {
            first.await
        };
        *number += if twice { 2 } else { 1 };
        acknowledged
    }

    async fn request(
        &self,
        event: u32,
        number: u32,
        (replica, address): Picked,
        hang_up: Option<(HangUp, u64)>,
    ) -> bool {
        let sent = now();
        let exchange = async {
            match timeout(TIMEOUT, exchange(address, event, number, hang_up.map(|(how, _)| how))).await {
                Ok(Ok(response)) => answer(&response),
                Ok(Err(_)) => Answer::BrokenOff,
                Err(_) => Answer::TimedOut,
            }
        };
        let answer = match hang_up {
            Some((_, after)) => {
                timeout(Duration::from_millis(after), exchange).await.unwrap_or(Answer::HungUp)
            }
            None => exchange.await,
        };
        let attempt = Attempt { event, number, replica, sent, answered: now(), answer };
        self.attempts.lock().unwrap()[event as usize].push(attempt);
        answer.acknowledges()
    }

    pub fn attempts(&self) -> Vec<Attempt> {
        self.attempts.lock().unwrap().concat()
    }
}

fn answer(response: &Response<Incoming>) -> Answer {
    let header = |name| response.headers().get(name)?.to_str().ok();
    if let Some(run) = header("x-run") {
        let fencing = run.parse().unwrap();
        return if response.status().is_success() {
            Answer::Handled(fencing)
        } else {
            Answer::Failed(fencing)
        };
    }
    match (response.status().as_u16(), header("x-rejection"), header("x-webhook-duplicate")) {
        (200, None, Some("true")) => Answer::Duplicate,
        (503, Some("in_progress"), None) => Answer::InProgress,
        (503, Some("store_unavailable"), None) => Answer::StoreUnavailable,
        (503, Some("handler_timeout"), None) => Answer::HandlerTimeout,
        (500, None, None) => Answer::Uncommitted,
        _ => Answer::Unexpected(response.status()),
    }
}

/// Sends a newly signed attempt over a new connection.
async fn exchange(
    address: SocketAddr,
    event: u32,
    number: u32,
    hang_up: Option<HangUp>,
) -> Result<Response<Incoming>, BoxError> {
    let body = Bytes::from(format!(r#"{{"type":"order.placed","number":{event}}}"#));
    let at = (now() / 1_000_000) as u32;
    let mut headers: HeaderMap = standard_headers(SECRET, at, &format!("evt_{event}"), &body);
    headers.insert("host", "localhost".parse()?);
    headers.insert("x-attempt", number.into());
    // Kept open until the provider hangs up.
    let mut unfinished = None;
    let body: BoxBody<Bytes, Infallible> = match hang_up {
        Some(HangUp::MidBody) => {
            headers.insert("content-length", body.len().into());
            let (mut sender, channel) = Channel::new(1);
            sender.send(Frame::data(body.slice(..7))).await?;
            unfinished = Some(sender);
            channel.boxed()
        }
        Some(HangUp::Waiting) | None => Full::new(body).boxed(),
    };
    let mut request = Request::post("/webhook").body(body)?;
    *request.headers_mut() = headers;

    let (mut client, connection) = http1::handshake(TokioIo::new(TcpStream::connect(address).await?)).await?;
    let response = tokio::select! {
        response = client.send_request(request) => response?,
        // This branch drives the connection and never completes. If the connection ends, `send_request` returns the
        // response or an error.
        ended = async { let _ = connection.await; pending::<()>().await } => unreachable!("{ended:?}"),
    };
    drop(unfinished);
    Ok(response)
}
