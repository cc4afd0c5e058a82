//! The order of the steps in which a request is processed.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{Request, Response, request::Parts};
use http_body_util::{BodyExt, Full};
use serde::Deserialize;
use tokio::time::Instant;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{
    Body, BoxError, Delivery, Event, RejectionKind, Secret, WebhookLayer, provider,
    testing::Operation,
    verify::{self, Check, Finish, Profile, RequestContext, Tolerance, Verified, Verifier, VerifyError},
};

use crate::support::{
    Handler, NOW, OTHER_SECRET, SECRET, TokioClock, faulty_store, github_layer, github_signed, layer, secret,
    signed, signed_with, to,
};

#[tokio::test(start_paused = true)]
async fn a_valid_delivery_reaches_the_handler_with_its_metadata() {
    let handler = Handler::default();
    let app = handler.under(&layer());
    let answer = app.send(signed("msg_1", r#"{"type":"invoice.paid"}"#)).await;
    answer.assert_handled();
    assert_eq!(&*answer.body, br#"{"type":"invoice.paid"}"#, "the handler must receive the whole body");
    let delivery = handler.last();
    assert_eq!(delivery.provider(), "standard-webhooks");
    assert_eq!((delivery.id(), delivery.event_type()), (Some("msg_1"), Some("invoice.paid")));
    assert_eq!(delivery.timestamp(), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)));
    assert_eq!(&**delivery.payload(), br#"{"type":"invoice.paid"}"#);
    assert_eq!(delivery.raw(), delivery.payload());
    assert!(delivery.is_deduped() && delivery.fencing_token().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_only_if_excludes_passes_unchanged() {
    let layer = layer().only_if(|head| head.uri.path() == "/webhook");
    let service = layer.layer(service_fn(async |request: Request<Body>| {
        assert!(request.extensions().get::<Delivery>().is_none());
        assert_eq!(request.headers()["x-kept"], "yes");
        Ok::<_, BoxError>(Response::new(request.into_body()))
    }));
    let request =
        Request::get("/health").header("x-kept", "yes").body(Full::<Bytes>::from("unchanged")).unwrap();
    let response = service.clone().oneshot(request).await.unwrap();
    let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
    assert_eq!(body, "unchanged");

    let hook = Request::post("/webhook").body(Full::<Bytes>::default()).unwrap();
    assert_eq!(service.oneshot(hook).await.unwrap().status(), 401);
}

#[tokio::test(start_paused = true)]
async fn the_verifier_can_be_chosen_per_request() {
    let layer = WebhookLayer::with_lookup(|head: &Parts| {
        let tenant = head.uri.path().trim_start_matches('/').to_owned();
        async move {
            let secret = match &*tenant {
                "one" => SECRET,
                "two" => OTHER_SECRET,
                "broken" => return Err("the database is down".into()),
                "slow" => std::future::pending().await,
                _ => return Ok(None),
            };
            Ok(Some(provider::standard_webhooks(secret.parse::<Secret>()?)?))
        }
    })
    .clock(TokioClock::start());
    let handler = Handler::default();
    let app = handler.under(&layer);
    let to = |path, secret| to(path, signed_with(secret, "msg_1", NOW, "{}"));
    app.send(to("/one", SECRET)).await.assert_handled();
    app.send(to("/two", OTHER_SECRET)).await.assert_handled();
    app.send(to("/two", SECRET)).await.assert_rejected(RejectionKind::WrongSignature);
    app.send(to("/three", SECRET)).await.assert_rejected(RejectionKind::UnknownEndpoint);
    app.send(to("/broken", SECRET)).await.assert_rejected(RejectionKind::VerifierUnavailable);
    let began = Instant::now();
    app.send(to("/slow", SECRET)).await.assert_rejected(RejectionKind::VerifierUnavailable);
    assert_eq!(began.elapsed(), Duration::from_secs(1));
    assert_eq!(handler.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn unverified_requests_do_not_reach_the_store() {
    let store = faulty_store();
    let handler = Handler::default();
    let app = handler.under(&layer().dedupe(store.clone()));
    app.send(signed_with(OTHER_SECRET, "msg_1", NOW, "{}"))
        .await
        .assert_rejected(RejectionKind::WrongSignature);
    app.send(signed_with(SECRET, "msg_1", NOW - 400, "{}"))
        .await
        .assert_rejected(RejectionKind::StaleTimestamp);
    assert_eq!(store.calls(Operation::Claim), 0);
    app.send(signed("msg_1", "{}")).await.assert_handled();
}

#[derive(Debug, Deserialize)]
struct Ping {
    n: u32,
}

#[tokio::test(start_paused = true)]
async fn a_payload_is_decoded_whatever_its_content_type_says() {
    let service = layer().json::<Ping>().layer(service_fn(async |request: Request<Body>| {
        let ping = request.extensions().get::<Event<Ping>>().expect("event is missing");
        Ok::<_, BoxError>(Response::new(Full::<Bytes>::from(ping.n.to_string())))
    }));
    for (id, content_type) in
        [("1", None), ("2", Some("text/plain")), ("3", Some("application/json")), ("4", Some("\u{7f}"))]
    {
        let mut request = signed(id, r#"{"n":7}"#);
        if let Some(Ok(value)) = content_type.map(|text| http::HeaderValue::from_bytes(text.as_bytes())) {
            request.headers_mut().insert("content-type", value);
        }
        assert_eq!(service.clone().oneshot(request).await.unwrap().status(), 200);
    }
}

#[tokio::test(start_paused = true)]
async fn payloads_can_be_forms_or_decoded_by_a_function() {
    let form = layer().form::<Ping>().layer(service_fn(async |request: Request<Body>| {
        let ping = request.extensions().get::<Event<Ping>>().expect("event is missing");
        Ok::<_, BoxError>(Response::new(Full::<Bytes>::from(ping.n.to_string())))
    }));
    assert_eq!(form.clone().oneshot(signed("1", "n=7&other=x")).await.unwrap().status(), 200);
    assert_eq!(form.oneshot(signed("2", "n=seven")).await.unwrap().status(), 422);

    let lines = layer()
        .decode(|delivery| Ok(std::str::from_utf8(delivery.payload())?.lines().count()))
        .layer(service_fn(async |request: Request<Body>| {
            let count = request.into_parts().0.extensions.remove::<Event<usize>>().expect("event is missing");
            assert_eq!(count.into_inner(), 2);
            Ok::<_, BoxError>(Response::new(Full::<Bytes>::default()))
        }));
    assert_eq!(lines.oneshot(signed("1", "a\nb")).await.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn github_can_send_json_in_a_form_field() {
    let handler = Handler::default();
    let app = handler.under(&github_layer().json::<Ping>());
    let as_form = "payload=%7B%22n%22%3A7%7D";
    app.send(github_signed("1", as_form)).await.assert_handled();
    let delivery = handler.last();
    assert_eq!(&**delivery.payload(), as_form.as_bytes(), "the payload must be the signed bytes");
    assert_eq!(delivery.json::<Ping>().unwrap().n, 7);
    assert_eq!(delivery.event_type(), Some("push"));
    app.send(github_signed("2", r#"{"n":7}"#)).await.assert_handled();
    // Neither JSON that contains `&payload=` nor `multipart/form-data` is parsed as a URL-encoded form.
    for json in [r#"{"n":7,"of":"&payload={}"}"#, "\n{\"n\":7,\"of\":\"&payload={}\"}"] {
        app.send(github_signed(&json.len().to_string(), json)).await.assert_handled();
        assert_eq!(handler.last().json::<Ping>().unwrap().n, 7);
    }
    let in_parts = "--x\r\nContent-Disposition: form-data; name=\"payload\"\r\n\r\n{\"n\":7}\r\n--x--\r\n";
    app.send(github_signed("4", in_parts)).await.assert_handled();
    assert_eq!(handler.last().json::<Ping>().unwrap().n, 7);
    app.send(github_signed("3", "other=%7B%22n%22%3A7%7D")).await.assert_rejected(RejectionKind::Undecodable);
}

#[tokio::test(start_paused = true)]
async fn the_payload_is_parsed_once() {
    static PARSED: AtomicUsize = AtomicUsize::new(0);
    struct Counted;
    impl<'de> Deserialize<'de> for Counted {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            PARSED.fetch_add(1, Ordering::SeqCst);
            serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
        }
    }
    let handler = Handler::default();
    handler.under(&layer().json::<Counted>()).send(signed("msg_1", "{}")).await.assert_handled();
    assert_eq!(PARSED.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn the_layers_tolerance_overrides_the_providers() {
    let handler = Handler::default();
    let send = async |layer: WebhookLayer, timestamp: u64| {
        handler
            .under(&layer.without_dedupe())
            .send(signed_with(SECRET, "msg_1", timestamp, "{}"))
            .await
            .kind()
    };
    let stale = Some(RejectionKind::StaleTimestamp);
    for (timestamp, kind) in [(NOW - 300, None), (NOW - 301, stale), (NOW + 300, None), (NOW + 301, stale)] {
        assert_eq!(send(layer(), timestamp).await, kind, "{timestamp}");
    }
    let wide = || layer().tolerance(Duration::from_secs(1000));
    for (timestamp, kind) in
        [(NOW - 1000, None), (NOW - 1001, stale), (NOW + 1000, None), (NOW + 1001, stale)]
    {
        assert_eq!(send(wide(), timestamp).await, kind, "{timestamp}");
    }
    // Zero counts as one second, the minimum. It does not disable the check.
    let none = || layer().tolerance(Duration::ZERO);
    for (timestamp, kind) in [(NOW - 1, None), (NOW - 2, stale), (NOW + 2, stale)] {
        assert_eq!(send(none(), timestamp).await, kind, "{timestamp}");
    }
    let whatever = Duration::MAX;
    for far_off in [1_000_000_000, u32::MAX.into()] {
        assert_eq!(send(layer().tolerance(whatever), far_off).await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_timestamp_in_the_body_is_checked_at_the_end() {
    let profile =
        Profile::new("acme").with_tolerance(Tolerance::default().with_past(Duration::from_secs(10)));
    let verifier = verify::from_fn(|_, body| {
        let signed =
            verify::unix_seconds(body).ok_or(VerifyError::malformed("body is not a Unix timestamp"))?;
        Ok(Verified::new().with_timestamp(signed))
    });
    let layer = WebhookLayer::with_verifier(verifier.with_profile(profile)).clock(TokioClock::start());
    let handler = Handler::default();
    let app = handler.under(&layer);
    let at = |time: u64| Request::post("/").body(Full::<Bytes>::from(time.to_string())).unwrap();
    app.send(at(NOW - 10)).await.assert_handled();
    assert_eq!(
        handler.last().timestamp(),
        verify::unix_seconds(NOW.to_string().as_bytes()).map(|now| now - Duration::from_secs(10))
    );
    app.send(at(NOW - 11)).await.assert_rejected(RejectionKind::StaleTimestamp);
    app.send(at(NOW + 300)).await.assert_handled();
    app.send(at(NOW + 301)).await.assert_rejected(RejectionKind::StaleTimestamp);
}

#[tokio::test(start_paused = true)]
async fn an_asynchronous_verifier_has_a_time_limit() {
    struct Later(Profile, Option<Duration>);
    struct Waits(Option<Duration>);
    impl Verifier for Later {
        fn begin<'a>(&'a self, _: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
            Ok(Box::new(Waits(self.1)))
        }
        fn profile(&self) -> &Profile {
            &self.0
        }
    }
    impl Check for Waits {
        fn update(&mut self, _: &[u8]) {}
        fn finish(self: Box<Self>, _: &Bytes) -> Finish {
            Finish::later(async move {
                match self.0 {
                    Some(time) => tokio::time::sleep(time).await,
                    None => std::future::pending().await,
                }
                Ok(Verified::new())
            })
        }
    }
    let handler = Handler::default();
    let send = async |time| {
        let layer = WebhookLayer::with_verifier(Later(Profile::new("acme"), time));
        handler.under(&layer).send(Request::post("/").body(Full::<Bytes>::default()).unwrap()).await
    };
    send(Some(Duration::from_secs(3))).await.assert_handled();
    send(None).await.assert_rejected(RejectionKind::VerifierUnavailable);
}

#[test]
fn an_invalid_secret_panics_in_new_and_is_an_error_in_try_new() {
    let bad: Secret = "whsec_not base64!".parse().unwrap();
    let error = WebhookLayer::try_new(bad.clone()).expect_err("secret is not base64");
    assert!(!error.to_string().contains("not base64!"), "{error}");
    assert!(std::panic::catch_unwind(|| WebhookLayer::new(bad.clone())).is_err());
    let error = WebhookLayer::try_new([secret(), bad]).expect_err("second secret is not base64");
    assert!(error.to_string().contains("secret 1"), "{error}");
    for empty in ["", " ", "\n"] {
        assert!(empty.parse::<Secret>().is_err());
    }
    for no_key in ["whsec_", "whsec_=="] {
        assert!(WebhookLayer::try_new(no_key.parse::<Secret>().unwrap()).is_err());
    }
    assert!(tower_webhook::Secrets::try_from(Vec::<Secret>::new()).is_err());
    let both = tower_webhook::Secrets::try_from(vec![secret(), OTHER_SECRET.parse().unwrap()]).unwrap();
    assert_eq!((both.len(), (&both).into_iter().count()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn bodies_report_their_length_and_end() {
    use http_body::Body as _;

    let said = |body: &Body| (body.size_hint().exact(), body.is_end_stream());
    let mut received = Body::from(Bytes::from_static(b"three"));
    assert_eq!(said(&received), (Some(5), false));
    received.frame().await.unwrap().unwrap();
    assert_eq!(said(&received), (Some(0), true));
    assert_eq!(said(&Body::empty()), (Some(0), true));

    // The same holds for a request that `only_if` excludes and for the body of a rejection.
    let service =
        layer().only_if(|head| head.method == "POST").layer(service_fn(async |request: Request<Body>| {
            let (length, over) = (request.body().size_hint().exact(), request.body().is_end_stream());
            Ok::<_, BoxError>(Response::new(Full::<Bytes>::from(format!("{length:?} {over}"))))
        }));
    for (sent, seen) in [("three", "Some(5) false"), ("", "Some(0) true")] {
        let request = Request::get("/").body(Full::<Bytes>::from(sent)).unwrap();
        let mut body = service.clone().oneshot(request).await.unwrap().into_body();
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(seen.len() as u64), false));
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), seen);
        assert!(body.is_end_stream());
    }
    let unsigned = Request::post("/").body(Full::<Bytes>::default()).unwrap();
    let mut body = service.oneshot(unsigned).await.unwrap().into_body();
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(17), false));
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "missing signature");
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));
}
