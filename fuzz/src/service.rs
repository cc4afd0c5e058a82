//! The whole service in virtual time: concurrent deliveries of a few ids, valid and forged, with pauses and
//! errors between their frames, and clients that disconnect. Handlers succeed, fail, panic and hang, and the
//! store fails at times. Each result is compared with what the documentation promises.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use arbitrary::{Result, Unstructured};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body as HttpBody, Frame};
use tokio::{
    runtime::Builder,
    time::{Instant, Sleep, sleep, sleep_until, timeout},
};
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{
    Body, BoxError, Clock, Rejection, RejectionKind, Secret, WebhookLayer, provider,
    store::MokaStore,
    testing::{Fault, FaultyStore, Operation, Signer, sign_at},
};

use super::judge::at;

const NOW: u64 = 1_700_000_000;
const LIMIT: usize = 64;
const BODY_TIMEOUT: u64 = 10;
const HANDLER_TIMEOUT: u64 = 600;
const WINDOW: u64 = 3600;
const LEASE: u64 = 30;
const ACK_DEADLINE: u64 = 100;

pub(crate) fn run(input: &[u8]) {
    let Ok(plan) = Plan::of(&mut Unstructured::new(input)) else { return };
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    let mut history = Vec::new();
    let cost = allocation_counter::measure(|| history = runtime.block_on(play(&plan)));
    assert!(cost.bytes_max < 4 << 20 && cost.count_total < 50_000, "{cost:?}");
    for observed in &history {
        observed.check(&history, &plan);
    }
}

#[derive(Debug)]
struct Plan {
    detached: bool,
    ack_deadline: bool,
    deliveries: Vec<PlannedDelivery>,
}

/// A delivery to send.
#[derive(Clone, Debug)]
struct PlannedDelivery {
    /// Seconds since the previous delivery.
    gap: u64,
    id: u8,
    flaw: Flaw,
    steps: Vec<Step>,
    act: Act,
    /// Seconds after which the client disconnects.
    leaves: Option<u64>,
    /// The fault of all claims from the beginning of this delivery until the next delivery begins.
    store: Option<Fault>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    None,
    OtherSignature,
    NoSignature,
    NotBase64,
    Stale,
    AnnouncedTooLong,
    /// The first byte of the body is changed.
    OtherBody,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Data(usize),
    Pause(u64),
    Break,
    Trailers,
}

#[derive(Clone, Copy, Debug)]
struct Act {
    takes: u64,
    ends: Ends,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Ends {
    Answer(u16),
    Grpc(&'static str),
    Error,
    Panic,
    Never,
}

impl Plan {
    fn of(u: &mut Unstructured<'_>) -> Result<Self> {
        let (detached, ack_deadline) = (u.arbitrary()?, u.ratio(1, 4)?);
        let mut deliveries = Vec::new();
        while deliveries.len() < 12 && !u.is_empty() {
            deliveries.push(PlannedDelivery::of(u)?);
        }
        // Long after everything has ended, send each id once more.
        let again = |id| PlannedDelivery {
            gap: if id == 0 { 2000 } else { 0 },
            id,
            flaw: Flaw::None,
            steps: vec![Step::Data(1)],
            act: Act { takes: 0, ends: Ends::Answer(200) },
            leaves: None,
            store: None,
        };
        deliveries.extend((0..3).map(again));
        Ok(Self { detached: detached || ack_deadline, ack_deadline, deliveries })
    }
}

/// Most of the times in a plan differ from each other, because the order of simultaneous events is unspecified.
impl PlannedDelivery {
    fn of(u: &mut Unstructured<'_>) -> Result<Self> {
        let gap = u.choose(&[0, 0, 7, 35, 211, 1777, 3607])?.to_owned();
        let id = u.int_in_range(0..=2)?;
        let flaw = match u.int_in_range(0..=15)? {
            0 => Flaw::OtherSignature,
            1 => Flaw::NoSignature,
            2 => Flaw::NotBase64,
            3 => Flaw::Stale,
            4 => Flaw::AnnouncedTooLong,
            5 => Flaw::OtherBody,
            _ => Flaw::None,
        };
        let mut steps = Vec::new();
        for _ in 0..u.int_in_range(0..=5)? {
            steps.push(match u.int_in_range(0..=9)? {
                0 => Step::Break,
                1 => Step::Trailers,
                2 | 3 => Step::Pause(3 * u.int_in_range(1..=4)?),
                _ => Step::Data(u.int_in_range(0..=24)?),
            });
        }
        let ends = match u.int_in_range(0..=9)? {
            0 => Ends::Error,
            1 => Ends::Panic,
            2 => Ends::Never,
            3 => Ends::Grpc(u.choose(&["0", "14"])?),
            _ => Ends::Answer(*u.choose(&[200, 200, 204, 299, 302, 404, 500])?),
        };
        let act = Act { takes: *u.choose(&[0, 0, 5, 41, 301, 902])?, ends };
        let leaves = if u.ratio(1, 4)? { Some(*u.choose(&[1, 4, 16, 53])?) } else { None };
        let store = if u.ratio(1, 8)? { Some(*u.choose(&[Fault::Error, Fault::LoseAnswer])?) } else { None };
        Ok(Self { gap, id, flaw, steps, act, leaves, store })
    }

    /// Returns the seconds until the body is complete or rejected, and the rejection, if any, by the documented
    /// rules.
    fn received(&self) -> (u64, Option<RejectionKind>) {
        use RejectionKind as Kind;
        match self.flaw {
            Flaw::NoSignature => return (0, Some(Kind::MissingSignature)),
            Flaw::NotBase64 => return (0, Some(Kind::MalformedSignature)),
            Flaw::Stale => return (0, Some(Kind::StaleTimestamp)),
            Flaw::AnnouncedTooLong => return (0, Some(Kind::BodyTooLarge)),
            Flaw::None | Flaw::OtherSignature | Flaw::OtherBody => {}
        }
        let (mut time, mut length) = (0, 0);
        for step in &self.steps {
            match step {
                Step::Pause(seconds) if time + seconds > BODY_TIMEOUT => {
                    return (BODY_TIMEOUT, Some(Kind::BodyTooSlow));
                }
                Step::Pause(seconds) => time += seconds,
                Step::Data(more) if length + more > LIMIT => return (time, Some(Kind::BodyTooLarge)),
                Step::Data(more) => length += more,
                Step::Break => return (time, Some(Kind::BodyInterrupted)),
                Step::Trailers => break,
            }
        }
        let is_true = self.flaw == Flaw::None || (self.flaw == Flaw::OtherBody && length == 0);
        (time, (!is_true).then_some(Kind::WrongSignature))
    }

    fn payload(&self) -> Vec<u8> {
        let lengths = self.steps.iter().take_while(|step| !matches!(step, Step::Break | Step::Trailers));
        let length = lengths.map(|step| if let Step::Data(length) = step { *length } else { 0 }).sum();
        vec![b'a'; length]
    }

    fn request(&self, verifier: &impl Signer, now: SystemTime) -> Request<Frames> {
        let request = Request::post("/").header("webhook-id", format!("msg_{}", self.id));
        let sent_at = if self.flaw == Flaw::Stale { now - Duration::from_secs(301) } else { now };
        let request = sign_at(verifier, request.body(self.payload()).expect("a request"), sent_at)
            .expect("request cannot be signed");
        let mut request = request.map(|_| Frames::new(self.steps.clone(), self.flaw == Flaw::OtherBody));
        let headers = request.headers_mut();
        match self.flaw {
            Flaw::OtherSignature => {
                let other = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
                headers.insert("webhook-signature", other.parse().expect("a value"));
            }
            Flaw::NotBase64 => {
                headers.insert("webhook-signature", "v1,no base64".parse().expect("a value"));
            }
            Flaw::NoSignature => {
                headers.remove("webhook-signature");
            }
            Flaw::AnnouncedTooLong => {
                headers.insert("content-length", "65".parse().expect("a value"));
            }
            _ => {}
        }
        request
    }
}

impl Ends {
    fn is_success(self) -> bool {
        matches!(self, Self::Answer(200..300) | Self::Grpc("0"))
    }
}

/// The observed course of a delivery.
#[derive(Debug)]
struct Observed {
    delivery: PlannedDelivery,
    began: Duration,
    /// The time at which the handler was called.
    called: Option<Duration>,
    /// The time at which the handler ended, and `true` if it succeeded. A dropped handler did not succeed.
    ended: Option<(Duration, bool)>,
    answer: Answer,
}

#[derive(Debug, PartialEq)]
enum Answer {
    /// The client disconnected before the answer.
    None,
    Handlers(u16),
    Duplicate,
    Rejected(RejectionKind),
    Error,
    Panic,
}

/// Sends the planned deliveries.
async fn play(plan: &Plan) -> Vec<Observed> {
    let clock = TokioClock(Instant::now());
    let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().expect("a secret");
    let verifier = Arc::new(provider::standard_webhooks(secret).expect("base64"));
    let store = FaultyStore::new(MokaStore::new(1000).clock(clock));
    let mut layer = WebhookLayer::with_verifier(Arc::clone(&verifier))
        .clock(clock)
        .dedupe(store.clone())
        .dedupe_window(Duration::from_secs(WINDOW))
        .lease(Duration::from_secs(LEASE))
        .body_limit(LIMIT)
        .body_timeout(Duration::from_secs(BODY_TIMEOUT))
        .handler_timeout(Duration::from_secs(HANDLER_TIMEOUT));
    if plan.ack_deadline {
        layer = layer.ack_deadline(Duration::from_secs(ACK_DEADLINE));
    } else if plan.detached {
        layer = layer.detached();
    }
    let mut sent = Vec::new();
    for delivery in &plan.deliveries {
        sleep(Duration::from_secs(delivery.gap)).await;
        store.heal();
        if let Some(fault) = delivery.store {
            store.fail(Operation::Claim, fault);
        }
        let run = Arc::new(Mutex::new(Run::default()));
        let service = layer.layer(handler(delivery.act, delivery.payload(), Arc::clone(&run), clock));
        let request = delivery.request(&*verifier, clock.now());
        let leaves = Duration::from_secs(delivery.leaves.unwrap_or(1 << 20));
        let task = tokio::spawn(async move {
            match timeout(leaves, service.oneshot(request)).await {
                Err(_) => Answer::None,
                Ok(Err(_)) => Answer::Error,
                Ok(Ok(response)) => match response.extensions().get::<Rejection>() {
                    Some(rejection) => {
                        assert_eq!(response.status(), rejection.kind().status());
                        Answer::Rejected(rejection.kind())
                    }
                    None if response.headers().contains_key("x-webhook-duplicate") => Answer::Duplicate,
                    None => Answer::Handlers(response.status().as_u16()),
                },
            }
        });
        sent.push((delivery.clone(), clock.monotonic(), run, task));
        // Deliveries that are sent at the same time must begin in the order of the plan.
        tokio::task::yield_now().await;
    }
    let mut history = Vec::new();
    for (delivery, began, run, task) in sent {
        let answer = match task.await {
            Ok(answer) => answer,
            Err(error) => match error.into_panic().downcast::<PlannedPanic>() {
                Ok(_) => Answer::Panic,
                Err(panic) => std::panic::resume_unwind(panic),
            },
        };
        history.push((delivery, began, run, answer));
    }
    // Handlers may continue after their clients disconnect.
    sleep(Duration::from_secs(2 * HANDLER_TIMEOUT)).await;
    let observed = |(delivery, began, run, answer): (PlannedDelivery, Duration, Arc<Mutex<Run>>, Answer)| {
        let Run { called, ended } = *run.lock().expect("lock is poisoned");
        Observed { delivery, began, called, ended, answer }
    };
    history.into_iter().map(observed).collect()
}

#[derive(Default)]
struct Run {
    called: Option<Duration>,
    ended: Option<(Duration, bool)>,
}

/// A planned panic, raised without the panic hook, which would end the fuzzer.
struct PlannedPanic;

fn handler(
    act: Act,
    payload: Vec<u8>,
    run: Arc<Mutex<Run>>,
    clock: TokioClock,
) -> impl tower::Service<Request<Body>, Response = Response<Bytes>, Error = BoxError, Future: Send + 'static>
+ Clone
+ Send
+ 'static {
    service_fn(move |request: Request<Body>| {
        let (run, payload) = (Arc::clone(&run), payload.clone());
        async move {
            let before = run.lock().expect("lock is poisoned").called.replace(clock.monotonic());
            assert_eq!(before, None, "handler is called twice for one request");
            let mut guard = Guard { run, clock, success: false };
            let delivery = request.extensions().get::<tower_webhook::Delivery>().expect("a delivery");
            assert_eq!(*delivery.payload(), payload);
            sleep(Duration::from_secs(act.takes)).await;
            guard.success = act.ends.is_success();
            let mut response = Response::new(Bytes::new());
            match act.ends {
                Ends::Error => return Err("the handler failed".into()),
                Ends::Panic => std::panic::resume_unwind(Box::new(PlannedPanic)),
                Ends::Grpc(status) => {
                    response.headers_mut().insert("grpc-status", status.parse().expect("a value"));
                }
                Ends::Answer(status) => {
                    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
                }
                Ends::Never => std::future::pending().await,
            }
            Ok(response)
        }
    })
}

/// Records when the handler ends, even if it is dropped.
struct Guard {
    run: Arc<Mutex<Run>>,
    clock: TokioClock,
    success: bool,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.run.lock().expect("lock is poisoned").ended = Some((self.clock.monotonic(), self.success));
    }
}

impl Observed {
    fn check(&self, history: &[Self], plan: &Plan) {
        let (takes, rejected) = self.delivery.received();
        let admitted = self.began + Duration::from_secs(takes);
        let left = self.delivery.leaves.is_some_and(|leaves| leaves <= takes);
        if self.answer == Answer::None {
            assert!(self.delivery.leaves.is_some(), "answer is missing although the client waited: {self:?}");
        }
        if let Some(kind) = rejected {
            assert_eq!(self.called, None, "invalid delivery reached the handler: {self:?}");
            assert!(
                left || self.answer == Answer::Rejected(kind),
                "expected a rejection for {kind}: {self:?}"
            );
            return;
        }
        if left {
            assert_eq!((self.called, &self.answer), (None, &Answer::None), "{self:?}");
            return;
        }
        let others = || {
            history
                .iter()
                .filter(|other| other.delivery.id == self.delivery.id && !std::ptr::eq(*other, self))
        };
        // Simultaneous events have no order. The names with `_in` therefore exclude the bounds of an interval,
        // and those with `_at` include them.
        let runs: Vec<_> = others().filter_map(|other| Some((other.called?, other.ended?))).collect();
        let is_running_in = |now: Duration| runs.iter().any(|(from, (to, _))| *from < now && now < *to);
        let running_at = runs.iter().any(|(from, (to, _))| *from <= admitted && admitted <= *to);
        let window = Duration::from_secs(WINDOW);
        let handled: Vec<_> =
            runs.iter().filter(|(_, (_, success))| *success).map(|(_, (at, _))| *at).collect();
        let is_handled_in = |now: Duration| handled.iter().any(|at| *at < now && now < *at + window);
        let handled_at = handled.iter().any(|at| *at <= admitted && admitted <= *at + window);
        // The times during which the store was down.
        let down = history.windows(2).filter(|pair| pair[0].delivery.store.is_some());
        let down: Vec<_> = down.map(|pair| (pair[0].began, pair[1].began)).collect();
        if down.iter().any(|(from, to)| *from < admitted && admitted < *to) {
            let rejected = Answer::Rejected(RejectionKind::StoreUnavailable);
            assert!(
                self.answer == rejected,
                "expected a rejection while the store is down: {self:?} in {history:?}"
            );
        }
        match &self.answer {
            Answer::Rejected(RejectionKind::StoreUnavailable) => {
                let is_down = down.iter().any(|(from, to)| *from <= admitted && admitted <= *to);
                assert!(is_down, "rejected although the store is up: {self:?} in {history:?}");
                assert_eq!(self.called, None);
            }
            Answer::Duplicate => {
                assert!(
                    handled_at,
                    "lost: answered as a duplicate but never handled: {self:?} in {history:?}"
                );
                assert_eq!(self.called, None);
            }
            Answer::Rejected(RejectionKind::InProgress) => {
                // A claim whose answer was lost is released in the background. This can take until the lease
                // expires.
                let claims = others().filter_map(|other| other.lost_claim(history));
                let mut made = claims.filter(|at| !is_running_in(*at) && !is_handled_in(*at));
                let lease = Duration::from_secs(LEASE);
                let is_claimed = made.any(|at| at <= admitted && admitted <= at + lease);
                assert!(
                    running_at || is_claimed,
                    "answered as in progress but not running: {self:?} in {history:?}"
                );
                assert_eq!(self.called, None);
            }
            _ => {
                assert_eq!(
                    self.called,
                    Some(admitted),
                    "valid delivery is not handled: {self:?} in {history:?}"
                );
                assert!(!is_running_in(admitted), "two runs at the same time: {self:?} in {history:?}");
                assert!(!is_handled_in(admitted), "handled twice: {self:?} in {history:?}");
                self.check_answer(plan, takes);
            }
        }
    }

    /// Returns the time at which this delivery made a claim whose answer was lost, if it did.
    fn lost_claim(&self, history: &[Self]) -> Option<Duration> {
        let admitted = self.began + Duration::from_secs(self.delivery.received().0);
        let is_lost = history.windows(2).any(|pair| {
            pair[0].delivery.store == Some(Fault::LoseAnswer)
                && pair[0].began <= admitted
                && admitted <= pair[1].began
        });
        let is_rejected = self.answer == Answer::Rejected(RejectionKind::StoreUnavailable);
        (is_lost && is_rejected).then_some(admitted)
    }

    /// Checks the client's answer, and the time at which the handler ended.
    fn check_answer(&self, plan: &Plan, takes: u64) {
        let Act { takes: runs, ends } = self.delivery.act;
        let timed_out = ends == Ends::Never || runs > HANDLER_TIMEOUT;
        let runs = if timed_out { HANDLER_TIMEOUT } else { runs };
        let leaves = self.delivery.leaves.filter(|leaves| *leaves < takes + runs);
        let success = !timed_out && ends.is_success();
        let (ended, success) = match leaves {
            Some(leaves) if !plan.detached => (leaves, false),
            _ => (takes + runs, success),
        };
        assert_eq!(self.ended, Some((self.began + Duration::from_secs(ended), success)), "{self:?}");
        let expected = match (leaves, ends) {
            (Some(_), _) => Answer::None,
            _ if plan.ack_deadline && takes + runs > ACK_DEADLINE => {
                Answer::Rejected(RejectionKind::AckDeadline)
            }
            _ if timed_out => Answer::Rejected(RejectionKind::HandlerTimeout),
            (None, Ends::Answer(status)) => Answer::Handlers(status),
            (None, Ends::Grpc(_)) => Answer::Handlers(200),
            (None, Ends::Error) => Answer::Error,
            (None, _) => Answer::Panic,
        };
        assert!(self.answer == expected, "expected {expected:?}: {self:?}");
    }
}

/// A clock that follows tokio's paused clock.
#[derive(Clone, Copy)]
struct TokioClock(Instant);

impl Clock for TokioClock {
    fn now(&self) -> SystemTime {
        at(NOW) + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A body that arrives in the planned steps.
struct Frames {
    steps: std::vec::IntoIter<Step>,
    pause: Option<Pin<Box<Sleep>>>,
    first: u8,
}

impl Frames {
    fn new(steps: Vec<Step>, other: bool) -> Self {
        Self { steps: steps.into_iter(), pause: None, first: if other { b'b' } else { b'a' } }
    }
}

impl HttpBody for Frames {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, BoxError>>> {
        loop {
            if let Some(pause) = &mut self.pause {
                std::task::ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            return Poll::Ready(match self.steps.next() {
                None => None,
                Some(Step::Pause(seconds)) => {
                    self.pause = Some(Box::pin(sleep_until(Instant::now() + Duration::from_secs(seconds))));
                    continue;
                }
                Some(Step::Data(length)) => {
                    let mut data = vec![b'a'; length];
                    if let Some(first) = data.first_mut() {
                        *first = std::mem::replace(&mut self.first, b'a');
                    }
                    Some(Ok(Frame::data(data.into())))
                }
                Some(Step::Break) => Some(Err("connection is broken".into())),
                Some(Step::Trailers) => Some(Ok(Frame::trailers(HeaderMap::new()))),
            });
        }
    }
}
