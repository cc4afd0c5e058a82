//! The whole service in virtual time: deliveries of a few ids, side by side, true and forged, in frames with
//! pauses and errors between them, from clients that leave, to handlers that succeed, fail, panic and hang,
//! with a store that fails at times. What became of each is compared with what the documentation says must.

use std::{
    fmt,
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
    let mut story = Vec::new();
    let cost = allocation_counter::measure(|| story = runtime.block_on(told(&plan)));
    assert!(cost.bytes_max < 4 << 20 && cost.count_total < 50_000, "{cost:?}");
    for event in &story {
        event.check(&story, &plan);
    }
}

#[derive(Debug)]
struct Plan {
    detached: bool,
    ack_deadline: bool,
    orders: Vec<Order>,
}

/// One delivery.
#[derive(Clone, Debug)]
struct Order {
    /// Seconds since the one before.
    gap: u64,
    id: u8,
    flaw: Flaw,
    steps: Vec<Step>,
    act: Act,
    /// When the client leaves, in seconds after it began.
    leaves: Option<u64>,
    /// What becomes of claims from now on, until the next delivery begins.
    store: Option<Fault>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    None,
    OtherSignature,
    NoSignature,
    NoBase64,
    Stale,
    AnnouncedTooLong,
    /// A byte of the body is another.
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
        let mut orders = Vec::new();
        while orders.len() < 12 && !u.is_empty() {
            orders.push(Order::of(u)?);
        }
        // At last, and long after all has ended, each once more.
        let again = |id| Order {
            gap: if id == 0 { 2000 } else { 0 },
            id,
            flaw: Flaw::None,
            steps: vec![Step::Data(1)],
            act: Act { takes: 0, ends: Ends::Answer(200) },
            leaves: None,
            store: None,
        };
        orders.extend((0..3).map(again));
        Ok(Self { detached: detached || ack_deadline, ack_deadline, orders })
    }
}

/// Times are chosen so that few things happen in one moment: which comes first is then nobody's promise.
impl Order {
    fn of(u: &mut Unstructured<'_>) -> Result<Self> {
        let gap = u.choose(&[0, 0, 7, 35, 211, 1777, 3607])?.to_owned();
        let id = u.int_in_range(0..=2)?;
        let flaw = match u.int_in_range(0..=15)? {
            0 => Flaw::OtherSignature,
            1 => Flaw::NoSignature,
            2 => Flaw::NoBase64,
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

    /// What becomes of its head and its body, and after how many seconds: a plain reading of the rules.
    fn received(&self) -> (u64, Option<RejectionKind>) {
        use RejectionKind as Kind;
        match self.flaw {
            Flaw::NoSignature => return (0, Some(Kind::MissingSignature)),
            Flaw::NoBase64 => return (0, Some(Kind::MalformedSignature)),
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
            .expect("it is signed");
        let mut request = request.map(|_| Frames::new(self.steps.clone(), self.flaw == Flaw::OtherBody));
        let headers = request.headers_mut();
        match self.flaw {
            Flaw::OtherSignature => {
                let other = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
                headers.insert("webhook-signature", other.parse().expect("a value"));
            }
            Flaw::NoBase64 => {
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

/// What became of a delivery.
#[derive(Debug)]
struct Event {
    order: Order,
    began: Duration,
    /// When the handler was called.
    called: Option<Duration>,
    /// When the handler was done, and whether it succeeded; without it, it was dropped.
    ended: Option<(Duration, bool)>,
    answer: Answer,
}

#[derive(Debug, PartialEq)]
enum Answer {
    /// The client did not wait for it.
    None,
    Handlers(u16),
    Duplicate,
    Refused(RejectionKind),
    Error,
    Panic,
}

/// Sends what is planned.
async fn told(plan: &Plan) -> Vec<Event> {
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
    for order in &plan.orders {
        sleep(Duration::from_secs(order.gap)).await;
        store.heal();
        if let Some(fault) = order.store {
            store.fail(Operation::Claim, fault);
        }
        let run = Arc::new(Mutex::new(Run::default()));
        let service = layer.layer(handler(order.act, order.payload(), Arc::clone(&run), clock));
        let request = order.request(&*verifier, clock.now());
        let leaves = Duration::from_secs(order.leaves.unwrap_or(1 << 20));
        let task = tokio::spawn(async move {
            match timeout(leaves, service.oneshot(request)).await {
                Err(_) => Answer::None,
                Ok(Err(_)) => Answer::Error,
                Ok(Ok(response)) => match response.extensions().get::<Rejection>() {
                    Some(rejection) => {
                        assert_eq!(response.status(), rejection.kind().status());
                        Answer::Refused(rejection.kind())
                    }
                    None if response.headers().contains_key("x-webhook-duplicate") => Answer::Duplicate,
                    None => Answer::Handlers(response.status().as_u16()),
                },
            }
        });
        sent.push((order.clone(), clock.monotonic(), run, task));
        // So that those that are sent in one moment begin one after the other.
        tokio::task::yield_now().await;
    }
    let mut story = Vec::new();
    for (order, began, run, task) in sent {
        let answer = match task.await {
            Ok(answer) => answer,
            Err(error) => match error.into_panic().downcast::<Planned>() {
                Ok(_) => Answer::Panic,
                Err(panic) => std::panic::resume_unwind(panic),
            },
        };
        story.push((order, began, run, answer));
    }
    // The handlers of clients that left may go on.
    sleep(Duration::from_secs(2 * HANDLER_TIMEOUT)).await;
    let event = |(order, began, run, answer): (Order, Duration, Arc<Mutex<Run>>, Answer)| {
        let Run { called, ended } = *run.lock().expect("nobody panics with it");
        Event { order, began, called, ended, answer }
    };
    story.into_iter().map(event).collect()
}

#[derive(Default)]
struct Run {
    called: Option<Duration>,
    ended: Option<(Duration, bool)>,
}

/// The panic that was planned; raised without the hook, which ends the fuzzer.
struct Planned;

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
            let before = run.lock().expect("nobody panics with it").called.replace(clock.monotonic());
            assert_eq!(before, None, "the handler is called twice for one request");
            let guard = Guard { run, clock, ended: false };
            let delivery = request.extensions().get::<tower_webhook::Delivery>().expect("a delivery");
            assert_eq!(*delivery.payload(), payload);
            sleep(Duration::from_secs(act.takes)).await;
            if act.ends == Ends::Never {
                std::future::pending::<()>().await;
            }
            guard.end(act.ends.is_success());
            match act.ends {
                Ends::Error => Err("the handler failed".into()),
                Ends::Panic => std::panic::resume_unwind(Box::new(Planned)),
                Ends::Grpc(status) => {
                    let mut response = Response::new(Bytes::new());
                    response.headers_mut().insert("grpc-status", status.parse().expect("a value"));
                    Ok(response)
                }
                Ends::Answer(status) => {
                    let mut response = Response::new(Bytes::new());
                    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
                    Ok(response)
                }
                Ends::Never => unreachable!("it never ends"),
            }
        }
    })
}

/// Tells when the handler ended, even if it was dropped.
struct Guard {
    run: Arc<Mutex<Run>>,
    clock: TokioClock,
    ended: bool,
}

impl Guard {
    fn end(mut self, success: bool) {
        self.ended = true;
        self.run.lock().expect("nobody panics with it").ended = Some((self.clock.monotonic(), success));
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.ended {
            self.run.lock().expect("nobody panics with it").ended = Some((self.clock.monotonic(), false));
        }
    }
}

impl Event {
    fn check(&self, story: &[Self], plan: &Plan) {
        let (takes, refused) = self.order.received();
        let admitted = self.began + Duration::from_secs(takes);
        let left = self.order.leaves.is_some_and(|leaves| leaves <= takes);
        if self.answer == Answer::None {
            assert!(self.order.leaves.is_some(), "no answer, and the client waited: {self:?}");
        }
        if let Some(kind) = refused {
            assert_eq!(self.called, None, "what is not true reaches the handler: {self:?}");
            assert!(left || self.answer == Answer::Refused(kind), "refused for another reason: {self:?}");
            return;
        }
        if left {
            assert_eq!((self.called, &self.answer), (None, &Answer::None), "{self:?}");
            return;
        }
        let others =
            || story.iter().filter(|other| other.order.id == self.order.id && !std::ptr::eq(*other, self));
        // Bounds of a moment are on either side, for what is at one moment has no order.
        let ran = |other: &&Self| Some((other.called?, other.ended?));
        let is_running_in = |now: Duration| {
            others().filter_map(|other| ran(&other)).any(|(from, (to, _))| from < now && now < to)
        };
        let running_in = is_running_in(admitted);
        let running_at = others()
            .filter_map(|other| ran(&other))
            .any(|(from, (to, _))| from <= admitted && admitted <= to);
        let window = Duration::from_secs(WINDOW);
        let handled = others().filter_map(|other| ran(&other)).filter(|(_, (_, success))| *success);
        let handled: Vec<Duration> = handled.map(|(_, (at, _))| at).collect();
        let is_handled_in = |now: Duration| handled.iter().any(|at| *at < now && now < *at + window);
        let handled_in = is_handled_in(admitted);
        let handled_at = handled.iter().any(|at| *at <= admitted && admitted <= *at + window);
        // From when to when the store was down.
        let down = story.windows(2).filter(|pair| pair[0].order.store.is_some());
        let down: Vec<_> = down.map(|pair| (pair[0].began, pair[1].began)).collect();
        if down.iter().any(|(from, to)| *from < admitted && admitted < *to) {
            let refused = Answer::Refused(RejectionKind::StoreUnavailable);
            assert!(self.answer == refused, "the store is down: {self:?} in {story:?}");
        }
        match &self.answer {
            Answer::Refused(RejectionKind::StoreUnavailable) => {
                let is_down = down.iter().any(|(from, to)| *from <= admitted && admitted <= *to);
                assert!(is_down, "the store is not down: {self:?} in {story:?}");
                assert_eq!(self.called, None);
            }
            Answer::Duplicate => {
                assert!(handled_at, "a delivery is lost, said to be handled: {self:?} in {story:?}");
                assert_eq!(self.called, None);
            }
            Answer::Refused(RejectionKind::InProgress) => {
                // A claim that was made, and of which nobody was told, is released in the background; until
                // its lease has ended that may not have been so.
                let claims = others().filter_map(|other| other.lost_claim(story));
                let mut made = claims.filter(|at| !is_running_in(*at) && !is_handled_in(*at));
                let lease = Duration::from_secs(LEASE);
                let is_claimed = made.any(|at| at <= admitted && admitted <= at + lease);
                assert!(
                    running_at || is_claimed,
                    "said to be in progress, and is not: {self:?} in {story:?}"
                );
                assert_eq!(self.called, None);
            }
            _ => {
                assert_eq!(self.called, Some(admitted), "true, and not handled: {self:?} in {story:?}");
                assert!(!running_in, "two runs at once: {self:?} in {story:?}");
                assert!(!handled_in, "handled twice: {self:?} in {story:?}");
                self.check_answer(plan, takes);
            }
        }
    }

    /// When it asked for a claim whose answer was lost.
    fn lost_claim(&self, story: &[Self]) -> Option<Duration> {
        let admitted = self.began + Duration::from_secs(self.order.received().0);
        let is_lost = story.windows(2).any(|pair| {
            pair[0].order.store == Some(Fault::LoseAnswer)
                && pair[0].began <= admitted
                && admitted <= pair[1].began
        });
        let is_refused = self.answer == Answer::Refused(RejectionKind::StoreUnavailable);
        (is_lost && is_refused).then_some(admitted)
    }

    /// What the client is told, and when the handler ended.
    fn check_answer(&self, plan: &Plan, takes: u64) {
        let Act { takes: runs, ends } = self.order.act;
        let timed_out = ends == Ends::Never || runs > HANDLER_TIMEOUT;
        let runs = if timed_out { HANDLER_TIMEOUT } else { runs };
        let leaves = self.order.leaves.filter(|leaves| *leaves < takes + runs);
        let success = !timed_out && ends.is_success();
        let (ended, success) = match leaves {
            Some(leaves) if !plan.detached => (leaves, false),
            _ => (takes + runs, success),
        };
        assert_eq!(self.ended, Some((self.began + Duration::from_secs(ended), success)), "{self:?}");
        let expected = match (leaves, ends) {
            (Some(_), _) => Answer::None,
            _ if plan.ack_deadline && takes + runs > ACK_DEADLINE => {
                Answer::Refused(RejectionKind::AckDeadline)
            }
            _ if timed_out => Answer::Refused(RejectionKind::HandlerTimeout),
            (None, Ends::Answer(status)) => Answer::Handlers(status),
            (None, Ends::Grpc(_)) => Answer::Handlers(200),
            (None, Ends::Error) => Answer::Error,
            (None, _) => Answer::Panic,
        };
        assert!(self.answer == expected, "expected {expected:?}: {self:?}");
    }
}

/// A clock that goes by tokio's, which jumps.
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

/// A body that arrives step by step.
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

#[derive(Debug)]
struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is broken")
    }
}

impl std::error::Error for Broken {}

impl HttpBody for Frames {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, Broken>>> {
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
                Some(Step::Break) => Some(Err(Broken)),
                Some(Step::Trailers) => Some(Ok(Frame::trailers(HeaderMap::new()))),
            });
        }
    }
}
