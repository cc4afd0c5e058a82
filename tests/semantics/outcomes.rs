//! The outcome that `on_outcome` receives for every way in which a request can end.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tower_webhook::{
    HandlerEnd, Outcome, OutcomeKind, RejectionKind, Settlement, StoreFailure, WebhookLayer,
    testing::{self, Fault, Operation},
};

use crate::support::{
    Act, Handler, NOW, OTHER_SECRET, faulty_store, hang_up, layer, settle_down, signed, signed_with,
};

#[derive(Clone, Default)]
pub struct Outcomes(testing::Outcomes);

impl Outcomes {
    pub fn of(&self, layer: WebhookLayer) -> WebhookLayer {
        layer.on_outcome(self.0.listener())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the only outcome since the last call.
    #[track_caller]
    pub fn one(&self) -> Outcome {
        let new = self.0.take();
        let [outcome] = <[Outcome; 1]>::try_from(new).expect("exactly one outcome");
        outcome
    }
}

#[tokio::test(start_paused = true)]
async fn every_request_has_one_outcome() {
    let outcomes = Outcomes::default();
    let acts =
        [Act::Answer(200), Act::Answer(500), Act::Fail, Act::Sleep(Duration::from_secs(60)), Act::Panic];
    let handler = Handler::doing(acts);
    let app = handler.under(&outcomes.of(layer().handler_timeout(Duration::from_secs(9))));

    app.send(signed("1", "{}")).await;
    let accepted = outcomes.one();
    assert_eq!((accepted.kind(), accepted.handler()), (OutcomeKind::Accepted, Some(HandlerEnd::Completed)));
    assert_eq!(
        (accepted.settlement(), accepted.provider()),
        (Some(Settlement::Completed), Some("standard-webhooks"))
    );
    assert_eq!(accepted.status().unwrap(), 200);
    assert_eq!(accepted.delivery().and_then(|delivery| delivery.id()), Some("1"));
    assert!(accepted.delivery().unwrap().is_deduped() && accepted.rejection().is_none());

    app.send(signed("1", "{}")).await;
    let duplicate = outcomes.one();
    assert_eq!((duplicate.kind(), duplicate.handler()), (OutcomeKind::Duplicate, None));
    assert_eq!(duplicate.delivery().and_then(|delivery| delivery.id()), Some("1"));
    let key = |outcome: &Outcome| outcome.delivery().unwrap().dedupe_key().cloned();
    assert!(key(&duplicate).is_some());
    assert_eq!(key(&duplicate), key(&accepted));

    app.send(signed("2", "{}")).await;
    let failed = outcomes.one();
    assert_eq!((failed.kind(), failed.handler()), (OutcomeKind::Accepted, Some(HandlerEnd::Failed)));
    assert_eq!((failed.settlement(), failed.status().unwrap().as_u16()), (Some(Settlement::Released), 500));

    app.call(signed("2", "{}")).await.unwrap_err();
    let failed = outcomes.one();
    assert_eq!((failed.handler(), failed.status()), (Some(HandlerEnd::Failed), None));

    app.send(signed("2", "{}")).await;
    let timed_out = outcomes.one();
    assert_eq!((timed_out.kind(), timed_out.handler()), (OutcomeKind::Accepted, Some(HandlerEnd::TimedOut)));
    assert_eq!(timed_out.status().unwrap(), 503);
    assert_eq!(timed_out.rejection().map(|rejection| rejection.kind()), Some(RejectionKind::HandlerTimeout));

    app.start(signed("2", "{}")).await.unwrap_err();
    let panicked = outcomes.one();
    assert_eq!((panicked.handler(), panicked.status()), (Some(HandlerEnd::Panicked), None));
    assert_eq!(panicked.settlement(), Some(Settlement::Released));

    app.send(signed_with(OTHER_SECRET, "3", NOW, "{}")).await;
    let rejected = outcomes.one();
    assert_eq!((rejected.kind(), rejected.status().unwrap().as_u16()), (OutcomeKind::Rejected, 401));
    assert_eq!(rejected.rejection().map(|rejection| rejection.kind()), Some(RejectionKind::WrongSignature));
    assert!(rejected.delivery().is_none(), "an unverified request has no delivery");
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_client_hangs_up_has_an_outcome() {
    let outcomes = Outcomes::default();
    let handler = Handler::doing([Act::Hang]);
    let app = handler.under(&outcomes.of(layer()));
    let call = app.start(signed("1", "{}"));
    settle_down().await;
    hang_up(call).await;
    let cancelled = outcomes.one();
    assert_eq!((cancelled.kind(), cancelled.handler()), (OutcomeKind::Accepted, Some(HandlerEnd::Cancelled)));
    assert_eq!(cancelled.status(), None);

    struct Never;
    impl http_body::Body for Never {
        type Data = Bytes;
        type Error = std::convert::Infallible;
        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
            std::task::Poll::Pending
        }
    }
    let call = app.start(signed("2", "{}").map(|_| Never));
    settle_down().await;
    hang_up(call).await;
    let aborted = outcomes.one();
    assert_eq!((aborted.kind(), aborted.handler(), aborted.status()), (OutcomeKind::Aborted, None, None));
    assert!(aborted.delivery().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_lost_claim_and_a_failed_settlement_are_reported() {
    let outcomes = Outcomes::default();
    let store = faulty_store();
    let handler = Handler::doing([Act::Answer(200), Act::Sleep(Duration::from_secs(31))]);
    let app = handler.under(&outcomes.of(layer().dedupe(store.clone())));
    store.fail(Operation::Complete, Fault::Error);
    app.send(signed("1", "{}")).await.assert_handled();
    assert_eq!(outcomes.one().settlement(), Some(Settlement::Pending));
    store.heal();
    store.fail(Operation::Extend, Fault::Error);
    app.send(signed("2", "{}")).await.assert_handled();
    assert_eq!(outcomes.one().settlement(), Some(Settlement::Lost));
}

#[tokio::test(start_paused = true)]
async fn the_store_and_handler_times_are_reported() {
    let outcomes = Outcomes::default();
    let store = faulty_store();
    let late = Act::Late(Duration::from_millis(1_500), &Act::Answer(200));
    let handler = Handler::doing([late, late, Act::Hang]);
    let layer = layer().dedupe(store.clone()).on_store_failure(StoreFailure::Proceed);
    let app = handler.under(&outcomes.of(layer.lease(Duration::from_secs(3))));
    let seconds = Duration::from_secs;

    // A lease extension runs concurrently with the handler and does not count as store time.
    store.fail(Operation::Complete, Fault::Hang);
    store.fail(Operation::Extend, Fault::Hang);
    app.send(signed("1", "{}")).await.assert_handled();
    let outcome = outcomes.one();
    assert_eq!(
        (outcome.store_time(), outcome.handler_time()),
        (Some(seconds(1)), Some(Duration::from_millis(1_500)))
    );
    assert_eq!(outcome.elapsed(), Duration::from_millis(2_500));

    store.fail(Operation::Claim, Fault::Hang);
    app.send(signed("2", "{}")).await.assert_handled();
    let outcome = outcomes.one();
    assert_eq!(
        (outcome.store_time(), outcome.handler_time()),
        (Some(seconds(1)), Some(Duration::from_millis(1_500)))
    );

    // The time of a cancelled handler ends with its cancellation.
    store.heal();
    let call = app.start(signed("3", "{}"));
    tokio::time::sleep(seconds(2)).await;
    hang_up(call).await;
    assert_eq!(outcomes.one().handler_time(), Some(seconds(2)));

    // An unused store and a handler that was not called have no time.
    let app = Handler::default().under(&outcomes.of(self::layer().without_dedupe()));
    app.send(signed("4", "{}")).await.assert_handled();
    let outcome = outcomes.one();
    assert_eq!(
        (outcome.store_time(), outcome.handler_time(), outcome.attempt()),
        (None, Some(Duration::ZERO), None)
    );
    app.send(signed_with(OTHER_SECRET, "5", NOW, "{}")).await;
    let outcome = outcomes.one();
    assert_eq!((outcome.store_time(), outcome.handler_time()), (None, None));
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_panics_affects_no_request() {
    let handler = Handler::doing([Act::Answer(200), Act::Panic]);
    let app = handler.under(&layer().on_outcome(|_| panic!("injected listener panic")));
    app.send(signed("1", "{}")).await.assert_handled();
    let panicked = app.start(signed("2", "{}")).await.unwrap_err();
    assert_eq!(*panicked.into_panic().downcast::<&str>().unwrap(), "injected handler panic");
    app.send(signed("2", "{}")).await.assert_handled();
}

#[tokio::test(start_paused = true)]
async fn the_outcome_of_a_grpc_request_has_its_status() {
    let outcomes = Outcomes::default();
    let app = Handler::default().under(&outcomes.of(layer()));
    let mut request = Request::new(Full::<Bytes>::default());
    request.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    app.send(request).await;
    let rejected = outcomes.one();
    assert_eq!((rejected.status().unwrap().as_u16(), rejected.grpc_status()), (200, Some(16)));
}
