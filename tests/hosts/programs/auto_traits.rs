//! The auto traits of public types, which are part of the API. A change that removes one fails these tests. The list in
//! `tests/api/` has the other traits.

use std::{convert::Infallible, panic::UnwindSafe};

use tower_webhook::{
    Body, BoxError, DecodeError, Delivery, Drain, Event, EventRouter, EventTypes, HandlerEnd, InvalidSecret,
    Item, ItemClaim, ItemFailure, ItemsOutcome, ManualClock, Outcome, OutcomeKind, Rejection, RejectionKind,
    ResponseBody, ResponseFuture, Secret, Secrets, Settlement, StoreFailure, SystemClock, Undecodable,
    WebhookLayer, WebhookService,
    observe::Ignored,
    payload::notifyer::Notification,
    provider::{self, Provider, ProviderVerifier},
    store::{AnyStore, CachedStore, Claim, ClaimHandle, ConnectError, Key, MokaStore, StoreError, Token},
    testing::{CannotSign, Fault, FaultyStore, Operation, Outcomes},
    verify::{
        Algorithm, Attempt, CachedLookup, Encoding, Endpoint, Finish, FromFn, InvalidLocation, InvalidScheme,
        Location, Locations, Profile, RequestContext, Scheme, SchemeVerifier, SignedEncoding, TimeUnit,
        Tolerance, Verified, VerifyError,
    },
};

fn shared<T: Send + Sync + Unpin + 'static>() {}

macro_rules! all {
    ($promise:ident: $($type:ty),+ $(,)?) => { $($promise::<$type>();)+ };
}

#[test]
fn public_types_are_send_sync_and_unpin() {
    all!(shared:
        WebhookLayer, WebhookService<u8>, Body, ResponseBody<u8>, Delivery, Event<u8>, Item, ItemClaim, ItemFailure, ItemsOutcome, Secret,
        Secrets, InvalidSecret, DecodeError, Rejection, RejectionKind, Outcome, OutcomeKind, HandlerEnd, Settlement,
        StoreFailure, Undecodable, EventTypes, Ignored, SystemClock, ManualClock, MokaStore, Key, Token, Claim, ClaimHandle, StoreError, Verified, VerifyError,
        Profile, Tolerance, Location, FromFn<fn()>,
        Drain, Notification, Provider, ProviderVerifier, AnyStore, CachedStore<MokaStore>, ConnectError, CannotSign, Fault,
        FaultyStore<MokaStore>, Operation, Outcomes, Algorithm, Attempt, CachedLookup<String>, Encoding, Endpoint, InvalidLocation,
        InvalidScheme, Locations, RequestContext<'static>, Scheme, SchemeVerifier, SignedEncoding, TimeUnit,
    );
    all!(shared: tower_webhook::Payload<u8>, tower_webhook::PayloadRejection, tower_webhook::axum::MissingDelivery);
    #[cfg(feature = "redis")]
    all!(shared: tower_webhook::store::RedisStore);
    all!(shared:
        provider::AdobeIo, provider::AwsSns, provider::Circle, provider::Ebay, provider::FireblocksJwks,
        provider::GithubSecretScanning, provider::PayPal,
    );
    all!(shared:
        tower_webhook::verify::DetachedJws, tower_webhook::verify::DetachedJwsVerifier,
        tower_webhook::verify::JwsAlgorithm,
    );
    all!(shared:
        tower_webhook::verify::MessageAlgorithm, tower_webhook::verify::MessageSignature,
        tower_webhook::verify::MessageSignatureVerifier, tower_webhook::verify::CavageAlgorithm,
        tower_webhook::verify::CavageSignature, tower_webhook::verify::CavageSignatureVerifier,
    );
}

#[test]
fn futures_and_bodies_have_the_traits_that_hosts_require() {
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

/// Wrappers of contents that are `Send` but not `Sync` are still `Send`.
#[test]
fn wrappers_have_the_auto_traits_of_their_contents() {
    type Local = std::cell::Cell<u8>;
    fn sent<T: Send>() {}
    sent::<WebhookService<Local>>();
    // A router is `Sync` even if its body and error types are not, because it holds only routes and no bodies or
    // errors.
    shared::<EventRouter<Local, Local>>();
    sent::<ResponseBody<Local>>();
    sent::<ResponseFuture<Local, u8, u8>>();
}

#[test]
fn keys_and_kinds_are_unwind_safe() {
    fn unwound<T: UnwindSafe>() {}
    all!(unwound: Key, Token, Claim, RejectionKind, Settlement, Secret);
}
