//! What the types promise without saying so: a change that takes it back breaks this.

use std::{convert::Infallible, error::Error, fmt::Debug, hash::Hash, panic::UnwindSafe};

use tower_webhook::{
    Body, BoxError, DecodeError, Delivery, Event, EventRouter, EventTypes, HandlerEnd, InvalidSecret, Item,
    ItemClaim, ItemFailure, ItemsOutcome, ManualClock, Outcome, OutcomeKind, Rejection, RejectionKind,
    ResponseBody, ResponseFuture, Secret, Secrets, Settlement, StoreFailure, SystemClock, Undecodable,
    WebhookLayer, WebhookService,
    observe::Ignored,
    store::{Claim, ClaimHandle, Key, MokaStore, StoreError, Token},
    verify::{Finish, FromFn, Location, Profile, Tolerance, Verified, VerifyError},
};

fn shared<T: Send + Sync + Unpin + Debug + 'static>() {}
fn cloned<T: Clone>() {}
fn value<T: Copy + Eq + Hash>() {}
fn error<T: Error + Send + Sync + 'static>() {}

macro_rules! all {
    ($promise:ident: $($type:ty),+ $(,)?) => { $($promise::<$type>();)+ };
}

#[test]
fn everything_can_be_shared_and_shown() {
    all!(shared:
        WebhookLayer, WebhookService<u8>, Body, ResponseBody<u8>, Delivery, Event<u8>, Item, ItemClaim, ItemFailure, ItemsOutcome, Secret,
        Secrets, InvalidSecret, DecodeError, Rejection, RejectionKind, Outcome, OutcomeKind, HandlerEnd, Settlement,
        StoreFailure, Undecodable, EventTypes, Ignored, SystemClock, ManualClock, MokaStore, Key, Token, Claim, ClaimHandle, StoreError, Verified, VerifyError,
        Profile, Tolerance, Location, FromFn<fn()>,
    );
}

#[test]
fn whatever_is_passed_around_can_be_cloned() {
    all!(cloned:
        WebhookLayer, WebhookService<u8>, Delivery, Event<Infallible>, Secret, Secrets, InvalidSecret, Rejection,
        Outcome, EventTypes, SystemClock, ManualClock, Key, ClaimHandle, Verified, VerifyError, Profile, Location, FromFn<fn()>,
    );
    all!(value: RejectionKind, OutcomeKind, HandlerEnd, Settlement, Token);
}

#[test]
fn errors_are_errors() {
    all!(error: Rejection, InvalidSecret, DecodeError, StoreError, VerifyError);
    #[cfg(feature = "axum")]
    all!(error: tower_webhook::axum::MissingDelivery, tower_webhook::PayloadRejection);
}

#[test]
fn futures_and_bodies_are_what_hosts_want_of_them() {
    fn sent<T: Send + Unpin>() {}
    fn body<
        T: http_body::Body<Data = bytes::Bytes, Error: Into<BoxError>> + Default + Send + Sync + Unpin,
    >() {
    }

    sent::<ResponseFuture<std::future::Ready<()>, u8, Infallible>>();
    sent::<Finish>();
    body::<Body>();
    body::<ResponseBody<Body>>();
    body::<ResponseBody<http_body_util::Full<bytes::Bytes>>>();
}

/// What is generic shares as much as what is in it, and no more.
#[test]
fn wrappers_are_as_strict_as_what_they_wrap() {
    type Local = std::cell::Cell<u8>;
    fn sent<T: Send>() {}
    sent::<WebhookService<Local>>();
    // Its routes are, and their bodies are made by each call.
    shared::<EventRouter<Local, Local>>();
    cloned::<EventRouter<Local, Local>>();
    sent::<ResponseBody<Local>>();
    sent::<ResponseFuture<Local, u8, u8>>();
}

#[test]
fn a_panic_does_not_spoil_a_key_or_a_kind() {
    fn unwound<T: UnwindSafe>() {}
    all!(unwound: Key, Token, Claim, RejectionKind, Settlement, Secret);
}
