//! Reading the body: its size limit, timeout and buffer budget, and rejections from the headers alone.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt, Full, Limited};
use tokio::{sync::mpsc, time::Instant};
use tower_webhook::{BoxError, RejectionKind};

use crate::support::{
    Act, Answer, Handler, NOW, OTHER_SECRET, github_layer, github_signed, hang_up, layer, settle_down,
    signed, signed_with, with_header, without_header,
};

/// A body of given frames that counts its polls and reports a given size hint.
struct Frames {
    frames: VecDeque<Result<Frame<Bytes>, BoxError>>,
    hint: SizeHint,
    polls: Arc<AtomicUsize>,
}

impl Frames {
    fn of(parts: impl IntoIterator<Item = Bytes>) -> Self {
        Self {
            frames: parts.into_iter().map(|part| Ok(Frame::data(part))).collect(),
            hint: SizeHint::default(),
            polls: Arc::default(),
        }
    }

    fn then(mut self, frame: Result<Frame<Bytes>, BoxError>) -> Self {
        self.frames.push_back(frame);
        self
    }
}

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.polls.fetch_add(1, Ordering::SeqCst);
        Poll::Ready(self.frames.pop_front())
    }

    // hyper's chunked bodies never return `true` either.
    fn is_end_stream(&self) -> bool {
        false
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

/// Returns a body, and the sender of its frames. Dropping the sender ends the body.
fn channel() -> (mpsc::Sender<Bytes>, ChannelBody) {
    let (sender, receiver) = mpsc::channel(64);
    (sender, ChannelBody(receiver))
}

struct ChannelBody(mpsc::Receiver<Bytes>);

impl http_body::Body for ChannelBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.0.poll_recv(cx).map(|data| data.map(|data| Ok(Frame::data(data))))
    }
}

/// Returns a request with the signed headers for `body_to_sign` but with another body.
fn head_of<B>(body_to_sign: &str, body: B) -> Request<B> {
    signed("msg_1", body_to_sign).map(|_| body)
}

#[tokio::test(start_paused = true)]
async fn a_request_with_invalid_headers_is_rejected_before_its_body_is_polled() {
    let handler = Handler::default();
    let app = handler.under(&layer());
    type BreakHead = fn(&mut HeaderMap);
    let heads: [(RejectionKind, BreakHead); 8] = [
        (RejectionKind::MissingSignature, |headers| drop(headers.remove("webhook-signature"))),
        (RejectionKind::MissingSignature, |headers| drop(headers.remove("webhook-id"))),
        (RejectionKind::MissingSignature, |headers| drop(headers.remove("webhook-timestamp"))),
        (RejectionKind::MalformedSignature, |headers| {
            headers.insert("webhook-signature", "v1,???".parse().unwrap());
        }),
        (RejectionKind::MalformedSignature, |headers| {
            headers.insert("webhook-timestamp", "soon".parse().unwrap());
        }),
        (RejectionKind::StaleTimestamp, |headers| {
            headers.insert("webhook-timestamp", (NOW - 301).into());
        }),
        (RejectionKind::WrongSignature, |headers| {
            headers.insert("webhook-signature", "v1,c2hvcnQ=".parse().unwrap());
        }),
        (RejectionKind::BodyTooLarge, |headers| {
            headers.insert("content-length", (1024 * 1024 + 1).into());
        }),
    ];
    for (kind, break_head) in heads {
        let body = Frames::of(["{}".into()]);
        let polls = Arc::clone(&body.polls);
        let mut request = head_of("{}", body);
        break_head(request.headers_mut());
        // One poll must suffice: the rejection does not wait for anything.
        let mut call = Box::pin(app.send(request));
        let answer = poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await;
        let Poll::Ready(answer) = answer else { panic!("{kind}: the response was not ready at once") };
        answer.assert_rejected(kind);
        assert_eq!(polls.load(Ordering::SeqCst), 0, "{kind}");
        settle_down().await;
        assert_eq!(polls.load(Ordering::SeqCst), 2, "{kind}: the body was not drained");
    }
    assert_eq!(handler.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_with_expect_100_continue_is_rejected_without_a_100() {
    let app = Handler::default().under(&layer());
    let body = Frames::of(["{}".into()]);
    let polls = Arc::clone(&body.polls);
    let request = without_header("webhook-signature", head_of("{}", body));
    app.send(with_header("expect", "100-continue", request))
        .await
        .assert_rejected(RejectionKind::MissingSignature);
    settle_down().await;
    // Polling the body would make the server send `100 Continue`.
    assert_eq!(polls.load(Ordering::SeqCst), 0);

    // After a `100 Continue`, the rest of the body is drained as for any other request.
    let body = Frames::of(["too long".into(), "more".into()]);
    let polls = Arc::clone(&body.polls);
    let request = with_header("expect", "100-continue", head_of("{}", body));
    let app = Handler::default().under(&layer().body_limit(2));
    app.send(request).await.assert_rejected(RejectionKind::BodyTooLarge);
    settle_down().await;
    assert_eq!(polls.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn a_body_in_several_frames_is_reassembled() {
    let handler = Handler::default();
    let app = handler.under(&layer());
    let text = r#"{"type":"split"}"#;
    for (index, at) in (0..=text.len()).enumerate() {
        let (first, second) = text.split_at(at);
        let frames = [Bytes::new(), first.to_owned().into(), Bytes::new(), second.to_owned().into()];
        let id = format!("msg_{index}");
        let answer = app.send(signed(&id, text).map(|_| Frames::of(frames))).await;
        answer.assert_handled();
        assert_eq!(answer.body, text);
        assert_eq!(handler.last().payload(), text);
    }
    let bytes = text.bytes().map(|byte| Bytes::from(vec![byte]));
    app.send(signed("in bytes", text).map(|_| Frames::of(bytes))).await.assert_handled();
}

#[tokio::test(start_paused = true)]
async fn a_single_frame_is_not_copied_if_it_is_ready_at_once() {
    let handler = Handler::default();
    let app = handler.under(&layer());
    let text = Bytes::from(r#"{"a":1}"#.to_owned());
    let assert_same = |answer: Answer| {
        answer.assert_handled();
        let delivery = handler.last();
        // The handler responds with the body that it received.
        for bytes in [delivery.payload(), delivery.raw(), &answer.body] {
            assert_eq!((bytes.as_ptr(), bytes.len()), (text.as_ptr(), text.len()));
        }
    };
    // Like a chunked body, `Frames` does not report that its frame is the last one.
    assert_same(app.send(signed("msg_1", r#"{"a":1}"#).map(|_| Frames::of([text.clone()]))).await);
    assert_same(app.send(signed("msg_2", r#"{"a":1}"#).map(|_| Full::new(text.clone()))).await);
}

#[tokio::test(start_paused = true)]
async fn a_body_in_frames_that_differs_in_a_byte_is_rejected() {
    let app = Handler::default().under(&layer());
    let frames = ["{\"a\"".into(), ":2}".into()];
    app.send(head_of(r#"{"a":1}"#, Frames::of(frames))).await.assert_rejected(RejectionKind::WrongSignature);
}

#[tokio::test(start_paused = true)]
async fn a_body_at_the_limit_passes_and_one_byte_more_does_not() {
    let handler = Handler::default();
    for limit in [1, 10, 1024 * 1024] {
        let layer = layer().without_dedupe().body_limit(limit);
        let app = handler.under(&layer);
        let full = "x".repeat(limit);
        app.send(signed("msg_1", &full)).await.assert_handled();
        let more = "x".repeat(limit + 1);
        app.send(signed("msg_1", &more)).await.assert_rejected(RejectionKind::BodyTooLarge);
        // The same without a declared length and with the excess byte in a separate frame.
        let frames = [full.clone().into(), "x".into()];
        app.send(signed("msg_1", &more).map(|_| Frames::of(frames)))
            .await
            .assert_rejected(RejectionKind::BodyTooLarge);
        let frames = [full.clone().into(), Bytes::new()];
        app.send(signed("msg_1", &full).map(|_| Frames::of(frames))).await.assert_handled();
    }
    let app = handler.under(&layer().body_limit(0));
    app.send(signed("msg_1", "x")).await.assert_handled();
    app.send(signed("msg_2", "xx")).await.assert_rejected(RejectionKind::BodyTooLarge);
}

#[tokio::test(start_paused = true)]
async fn the_default_limit_is_1_mib_or_the_providers() {
    let handler = Handler::default();
    let mib = "x".repeat(1024 * 1024);
    handler.under(&layer()).send(signed("msg_1", &mib)).await.assert_handled();
    let more = format!("{mib}x");
    handler.under(&layer()).send(signed("msg_2", &more)).await.assert_rejected(RejectionKind::BodyTooLarge);
    handler.under(&github_layer()).send(github_signed("1", &more)).await.assert_handled();
    let app = handler.under(&github_layer().body_limit(10));
    app.send(github_signed("1", &more)).await.assert_rejected(RejectionKind::BodyTooLarge);
}

#[tokio::test(start_paused = true)]
async fn a_declared_length_only_matters_if_it_is_too_large() {
    let app = Handler::default().under(&layer());
    let mut body = Frames::of(["{}".into()]);
    body.hint = SizeHint::with_exact(68_719_476_736);
    app.send(head_of("{}", body)).await.assert_rejected(RejectionKind::BodyTooLarge);

    let announcing = |length| with_header("content-length", length, head_of("{}", Frames::of(["{}".into()])));
    app.send(announcing("68719476736")).await.assert_rejected(RejectionKind::BodyTooLarge);
    // An invalid length is ignored.
    app.send(announcing("99999999999999999999999")).await.assert_handled();
}

#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_is_cut_off() {
    let app = Handler::default().under(&layer());
    let (sender, body) = channel();
    let trickle = tokio::spawn(async move {
        while sender.send("x".into()).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    let began = Instant::now();
    let answer = app.send(head_of("{}", body)).await;
    answer.assert_rejected(RejectionKind::BodyTooSlow);
    assert_eq!((answer.status(), began.elapsed()), (408, Duration::from_secs(10)));
    // The rest is drained for a limited time.
    trickle.await.unwrap();
    assert!(began.elapsed() <= Duration::from_secs(13));

    let app = Handler::default().under(&layer().body_timeout(Duration::ZERO));
    app.send(signed("msg_1", "{}")).await.assert_handled();
    let (_sender, body) = channel();
    app.send(head_of("{}", body)).await.assert_rejected(RejectionKind::BodyTooSlow);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_always_ready_and_never_ends_is_cut_off_too() {
    struct Endless;
    impl http_body::Body for Endless {
        type Data = Bytes;
        type Error = BoxError;
        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
            Poll::Ready(Some(Ok(Frame::data(Bytes::new()))))
        }
    }
    let app = Handler::default().under(&layer());
    let call = app.start(head_of("{}", Endless));
    // Reading yields to other tasks and to the timeout.
    tokio::task::yield_now().await;
    tokio::time::advance(Duration::from_secs(10)).await;
    call.await.unwrap().assert_rejected(RejectionKind::BodyTooSlow);
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_body_is_distinguished_from_a_complete_one() {
    let handler = Handler::default();
    let app = handler.under(&layer());
    let broken = Frames::of(["{}".into()]).then(Err("connection reset".into()));
    let answer = app.send(head_of("{}", broken)).await;
    answer.assert_rejected(RejectionKind::BodyInterrupted);
    assert_eq!((answer.status(), handler.calls()), (400, 0));
}

#[derive(Debug)]
struct Wrapped(BoxError);

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wrapped")
    }
}

impl std::error::Error for Wrapped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_an_outer_layer_is_a_413_however_its_error_is_wrapped() {
    let app = Handler::default().under(&layer());
    let limited = Limited::new(Frames::of(["{}".into()]), 1);
    app.send(head_of("{}", limited)).await.assert_rejected(RejectionKind::BodyTooLarge);
    let wrapped =
        Limited::new(Frames::of(["{}".into()]), 1).map_err(|error| Wrapped(Box::new(Wrapped(error))));
    app.send(head_of("{}", wrapped)).await.assert_rejected(RejectionKind::BodyTooLarge);
}

#[tokio::test(start_paused = true)]
async fn the_budget_bounds_the_memory_of_all_bodies_together() {
    let handler = Handler::default();
    let layer = layer().buffer_budget(100);
    let app = handler.under(&layer);
    // The body is unfinished, and 60 bytes of it are buffered.
    let (sender, body) = channel();
    let slow = app.start(head_of(&"x".repeat(60), body));
    sender.send("x".repeat(60).into()).await.unwrap();
    settle_down().await;
    let answer = app.send(signed("msg_2", &"x".repeat(50))).await;
    answer.assert_rejected(RejectionKind::OverBudget);
    assert_eq!((answer.status(), answer.header("retry-after")), (503, Some("10")));
    // Another service of the same layer shares the budget and receives bodies that fit.
    let other = handler.under(&layer);
    other.send(signed("msg_3", &"x".repeat(41))).await.assert_rejected(RejectionKind::OverBudget);
    other.send(signed("msg_4", &"x".repeat(40))).await.assert_handled();
    drop(sender);
    slow.await.unwrap().assert_handled();
    app.send(signed("msg_5", &"x".repeat(100))).await.assert_handled();
    app.send(signed("msg_6", &"x".repeat(101))).await.assert_rejected(RejectionKind::OverBudget);
}

#[tokio::test(start_paused = true)]
async fn the_budget_is_returned_however_the_request_ends() {
    let handler = Handler::doing([Act::Panic]);
    let app = handler.under(&layer().buffer_budget(10));
    let body = "0123456789";
    app.start(signed("1", body)).await.unwrap_err();
    app.send(signed_with(OTHER_SECRET, "2", NOW, body)).await.assert_rejected(RejectionKind::WrongSignature);
    let broken = Frames::of([body.into()]).then(Err("reset".into()));
    app.send(signed("3", body).map(|_| broken)).await.assert_rejected(RejectionKind::BodyInterrupted);
    app.send(signed("4", &body.repeat(2))).await.assert_rejected(RejectionKind::OverBudget);
    let (sender, unfinished) = channel();
    let call = app.start(signed("5", body).map(|_| unfinished));
    sender.send(body.into()).await.unwrap();
    settle_down().await;
    app.send(signed("6", "x")).await.assert_rejected(RejectionKind::OverBudget);
    hang_up(call).await;
    app.send(signed("7", body)).await.assert_handled();
}

/// A server's read buffer; every slice of it keeps the whole buffer in memory.
struct ReadBuffer(Arc<Vec<u8>>);

impl AsRef<[u8]> for ReadBuffer {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[tokio::test(start_paused = true)]
async fn the_servers_read_buffer_is_not_kept_while_the_rest_of_the_body_is_awaited() {
    let app = Handler::default().under(&layer());
    let read = Arc::new(vec![b'x'; 16 * 1024]);
    let (sender, body) = channel();
    let slow = app.start(head_of("xy", body));
    sender.send(Bytes::from_owner(ReadBuffer(Arc::clone(&read))).slice(..1)).await.unwrap();
    settle_down().await;
    assert_eq!(Arc::strong_count(&read), 1, "one byte of body keeps 16 KiB in memory");
    sender.send("y".into()).await.unwrap();
    drop(sender);
    slow.await.unwrap().assert_handled();
}

#[tokio::test(start_paused = true)]
async fn the_body_of_a_running_handler_does_not_count_as_buffered() {
    let handler = Handler::doing([Act::Hang]);
    let app = handler.under(&layer().buffer_budget(10));
    let running = app.start(signed("1", "0123456789"));
    settle_down().await;
    app.send(signed("2", "0123456789")).await.assert_handled();
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn unsigned_trailers_reach_the_handler_only_with_forward_trailers() {
    use http_body::Body as _;
    use tower::{Layer, ServiceExt};
    let mut trailers = HeaderMap::new();
    trailers.insert("x-checksum", "42".parse().unwrap());
    for (payload, layer, expected) in [
        ("{}", layer(), None),
        ("", layer(), None),
        ("{}", layer().forward_trailers(), Some(&trailers)),
        ("", layer().forward_trailers(), Some(&trailers)),
    ] {
        let body = Frames::of([payload.into()]).then(Ok(Frame::trailers(trailers.clone())));
        let service = layer.layer(tower::service_fn(async |request: Request<tower_webhook::Body>| {
            let body = request.into_body();
            let said = (body.size_hint().exact(), body.is_end_stream());
            let collected = body.collect().await?;
            let trailers = collected.trailers().cloned();
            let seen = format!("{said:?} {trailers:?} {:?}", collected.to_bytes());
            Ok::<_, BoxError>(http::Response::new(Full::<Bytes>::from(seen)))
        }));
        let response = service.oneshot(head_of(payload, body)).await.unwrap();
        let seen = response.into_body().collect().await.unwrap().to_bytes();
        let said = (Some(payload.len() as u64), payload.is_empty() && expected.is_none());
        assert_eq!(seen, format!("{said:?} {expected:?} {:?}", Bytes::from(payload)));
    }
}

#[tokio::test(start_paused = true)]
async fn at_most_1_mib_of_a_rejected_body_is_drained() {
    let app = Handler::default().under(&layer());
    let chunk = Bytes::from(vec![0; 64 * 1024]);
    let body = Frames::of(std::iter::repeat_n(chunk, 64));
    let polls = Arc::clone(&body.polls);
    let request = without_header("webhook-signature", head_of("{}", body));
    app.send(request).await.assert_rejected(RejectionKind::MissingSignature);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let read = polls.load(Ordering::SeqCst) * 64 * 1024;
    assert!((1024 * 1024..=1024 * 1024 + 64 * 1024).contains(&read), "{read}");
}

#[tokio::test(start_paused = true)]
async fn at_most_64_rejected_bodies_are_drained_at_once() {
    let app = Handler::default().under(&layer());
    // The second round must drain as many bodies, because the first round has returned its permits.
    for _ in 0..2 {
        let mut senders = Vec::new();
        for _ in 0..100 {
            let (sender, body) = channel();
            let request = without_header("webhook-signature", head_of("{}", body));
            app.send(request).await.assert_rejected(RejectionKind::MissingSignature);
            senders.push(sender);
        }
        let drained = senders.iter().filter(|sender| !sender.is_closed()).count();
        assert_eq!(drained, 64);
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!(senders.iter().all(mpsc::Sender::is_closed));
    }
}
