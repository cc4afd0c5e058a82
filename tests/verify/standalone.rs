//! Verification without the layer: `verify_request` and `verify_in`.

use std::{
    future::pending,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{Request, request::Parts};
use http_body_util::Full;
use tower_webhook::{
    RejectionKind, Secret, WebhookLayer, provider, testing,
    verify::{
        self, Check, Finish, Profile, RequestContext, Verified, Verifier, VerifyError, verify_in,
        verify_request,
    },
};

use crate::deliver::send;

const SIGNED_AT: u64 = 1_700_000_000;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn secret() -> Secret {
    "a secret".parse().unwrap()
}

fn kind(verdict: Result<Verified, VerifyError>) -> Result<(), RejectionKind> {
    verdict.map(drop).map_err(|error| error.kind())
}

#[tokio::test]
async fn a_request_that_is_301_seconds_old_is_stale() {
    let stripe = provider::stripe(secret());
    let event = Request::post("/").body(r#"{"id":"evt_1","type":"invoice.paid"}"#).unwrap();
    let (head, body) = testing::sign_at(&stripe, event, at(SIGNED_AT)).unwrap().into_parts();
    let judge = async |now| kind(verify_request(&stripe, &head, &body, at(now)).await);
    assert_eq!(judge(SIGNED_AT + 300).await, Ok(()));
    assert_eq!(judge(SIGNED_AT + 301).await, Err(RejectionKind::StaleTimestamp));
    assert_eq!(judge(SIGNED_AT - 300).await, Ok(()));
    assert_eq!(judge(SIGNED_AT - 301).await, Err(RejectionKind::StaleTimestamp));
    let other = Bytes::from(r#"{"id":"evt_2","type":"invoice.paid"}"#);
    let verdict = verify_request(&stripe, &head, &other, at(SIGNED_AT)).await;
    assert_eq!(kind(verdict), Err(RejectionKind::WrongSignature));
}

#[tokio::test]
async fn the_id_and_the_event_type_are_found_where_the_profile_says() {
    let github = provider::github(secret());
    let push = testing::post::<_>(&github, "/").event("push").header("x-github-delivery", "72d3162e");
    let (head, body) = push.body::<Bytes>("{}").unwrap().into_parts();
    let verified = verify_request(&github, &head, &body, SystemTime::now()).await.unwrap();
    assert_eq!((verified.id(), verified.event_type()), (Some("72d3162e"), Some("push")));
    assert_eq!((verified.secret_index(), verified.payload()), (0, None));

    // Empty values count as missing.
    let anonymous = testing::post(&github, "/").header("x-github-delivery", "").body::<Bytes>("{}").unwrap();
    let (head, body) = anonymous.into_parts();
    let verified = verify_request(&github, &head, &body, SystemTime::now()).await.unwrap();
    assert_eq!((verified.id(), verified.event_type()), (None, None));
}

#[tokio::test]
async fn an_empty_id_from_the_verifier_is_replaced_with_that_from_the_profiles_location() {
    let profile = Profile::new("acme")
        .with_id(verify::Location::header("x-id"))
        .with_event_type(verify::Location::header("x-event"));
    let verifier = verify::from_fn(|_, _| Ok(Verified::new().with_id("").with_event_type("")));
    let verifier = verifier.with_profile(profile);
    for (id, found) in [("7", Some("7")), ("", None)] {
        let (head, ()) =
            Request::post("/").header("x-id", id).header("x-event", id).body(()).unwrap().into_parts();
        let verified = verify_request(&verifier, &head, &Bytes::new(), SystemTime::now()).await.unwrap();
        assert_eq!((verified.id(), verified.event_type()), (found, found));
        assert_eq!(
            of_layer(&verifier, head, Bytes::new()).await,
            (found.map(Into::into), found.map(Into::into))
        );
    }
}

#[tokio::test]
async fn only_a_json_location_is_looked_up_in_the_json_field() {
    for (places, found) in [("form:kind", Some("push")), ("body:/type", Some("nested"))] {
        let profile = Profile::new("acme")
            .with_json_field("payload")
            .with_event_type(verify::Locations::try_from(places).unwrap());
        let verifier = verify::from_fn(|_, _| Ok(Verified::new())).with_profile(profile);
        let (head, ()) = Request::post("/").body(()).unwrap().into_parts();
        let body = Bytes::from_static(b"kind=push&payload=%7B%22type%22%3A%22nested%22%7D");
        let verified = verify_request(&verifier, &head, &body, SystemTime::now()).await.unwrap();
        assert_eq!(verified.event_type(), found);
        assert_eq!(of_layer(&verifier, head, body).await, (None, found.map(Into::into)));
    }
}

/// Returns the id and the event type that a handler behind the layer sees.
async fn of_layer(
    verifier: &(impl Verifier + Clone),
    head: Parts,
    body: Bytes,
) -> (Option<String>, Option<String>) {
    let layer = WebhookLayer::with_verifier(verifier.clone());
    let delivery = send(&layer, Request::from_parts(head, Full::new(body))).await.unwrap().unwrap();
    (delivery.id().map(str::to_owned), delivery.event_type().map(str::to_owned))
}

#[tokio::test]
async fn the_url_of_a_context_is_the_one_that_is_signed() {
    let square = provider::square(secret());
    let event = Request::post("https://shop.example/webhook?a=b").body("{}").unwrap();
    let (mut head, body) = testing::sign(&square, event).unwrap().into_parts();
    head.uri = "/in?a=b".parse().unwrap();
    head.headers.insert("host", "10.0.0.7".parse().unwrap());
    let own = RequestContext::new(&head);
    assert_eq!(own.url().as_deref(), Some("https://10.0.0.7/in?a=b"));
    assert_eq!(kind(verify_in(&square, &own, &body).await), Err(RejectionKind::WrongSignature));
    let given = own.public_url("https://shop.example/webhook");
    assert_eq!(given.url().as_deref(), Some("https://shop.example/webhook?a=b"));
    assert_eq!(kind(verify_in(&square, &given, &body).await), Ok(()));
}

#[test]
fn a_context_without_a_usable_host_has_no_url() {
    let url = |head: &Parts| RequestContext::new(head).url().map(String::from);
    let (mut head, ()) = Request::post("/in").body(()).unwrap().into_parts();
    assert_eq!(url(&head), None);
    head.headers.insert("host", "user@shop.example".parse().unwrap());
    assert_eq!(url(&head), None);
    head.headers.insert("host", "shop.example".parse().unwrap());
    assert_eq!(url(&head).as_deref(), Some("https://shop.example/in"));
    let other_query = RequestContext::new(&head).public_url("https://shop.example/in?a=b");
    assert_eq!(other_query.url(), None);
}

/// A custom verifier gets the same context as those of the crate.
#[tokio::test]
async fn a_custom_verifier_gets_the_url_and_the_verify_token() {
    let token = secret();
    let verifier = verify::from_fn(|request, _| match (request.verify_token(), request.url()) {
        (Some(token), Some(url)) => Ok(Verified::new().with_id(format!("{:?} {url}", token.expose()))),
        _ => Err(VerifyError::missing("no token")),
    });
    let (head, ()) = Request::post("/in").header("host", "a.example").body(()).unwrap().into_parts();
    let request = RequestContext::new(&head);
    let verdict = verify_in(&verifier, &request, &Bytes::new()).await;
    assert_eq!(kind(verdict), Err(RejectionKind::MissingSignature));
    let request = request.with_verify_token(&token).public_url("https://b.example");
    let verified = verify_in(&verifier, &request, &Bytes::new()).await.unwrap();
    assert_eq!(verified.id(), Some(&*format!("{:?} https://b.example", token.expose())));
}

/// The references that a context returns are not bound to the lifetime of the context.
#[test]
fn references_from_a_context_live_as_long_as_the_request() {
    fn parts<'a>(request: &RequestContext<'a>) -> (&'a Parts, Option<&'a Secret>) {
        (request.head(), request.verify_token())
    }
    fn shorter<'s>(request: RequestContext<'static>, _: &'s str) -> RequestContext<'s> {
        request
    }
    let _ = shorter;
    let (head, ()) = Request::new(()).into_parts();
    let found = {
        let request = RequestContext::new(&head);
        parts(&request)
    };
    assert!(found.1.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_check_that_never_finishes_times_out_after_ten_seconds() {
    struct Slow(Profile);
    struct Waiting;
    impl Verifier for Slow {
        fn begin<'a>(&'a self, _: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
            Ok(Box::new(Waiting))
        }
        fn profile(&self) -> &Profile {
            &self.0
        }
    }
    impl Check for Waiting {
        fn update(&mut self, _: &[u8]) {}
        fn finish(self: Box<Self>, _: &Bytes) -> Finish {
            Finish::later(pending())
        }
    }
    let (head, ()) = Request::new(()).into_parts();
    let begun = tokio::time::Instant::now();
    let slow: Box<dyn Verifier> = Box::new(Slow(Profile::new("acme")));
    let verdict = verify_request(&slow, &head, &Bytes::new(), SystemTime::now()).await;
    assert_eq!(kind(verdict), Err(RejectionKind::VerifierUnavailable));
    assert_eq!(begun.elapsed(), Duration::from_secs(10));
}
