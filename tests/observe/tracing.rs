//! The fields of each request's span, and the logged events. Neither may contain secrets or payloads.

use std::{convert::Infallible, future::pending, time::Duration};

use axum::handler::HandlerWithoutStateExt;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{Empty, Full};
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{
    Body, BoxError, EventRouter, RejectionKind, Secret, StoreFailure, Undecodable, WebhookLayer, provider,
    store::{Claim, Key, Store, StoreError, Token},
    testing::{Fault, Operation},
    verify::{CachedLookup, Location, Profile, Verified, VerifyError, from_fn},
};
use tracing::{Instrument, Level};

use crate::{
    endings::{Broken, KINDS, Order, PAYLOAD, named, rejected},
    seen::{Logged, Seen},
    sign::{self, post},
    support::{self, Act, Handler, faulty_store, github_layer, github_signed, layer, settle_down, signed},
};

#[tokio::test(start_paused = true)]
async fn each_delivery_has_a_span_with_all_its_fields() {
    let (seen, _guard) = Seen::start();
    let handler = Handler::doing([Act::Sleep(Duration::from_millis(1_500)), Act::Answer(500)]);
    let app = handler.under(&github_layer());
    app.send(github_signed("guid-1", "{}")).await.assert_handled();
    let span = seen.span();
    assert_eq!((span.name, span.target, span.level), ("webhook", "tower_webhook", Level::INFO));
    assert_eq!(
        span.fields(),
        [
            ("webhook.provider", "github"),
            ("webhook.delivery_id", "guid-1"),
            ("webhook.event_type", "push"),
            ("webhook.outcome", "accepted"),
            ("webhook.handler", "completed"),
            ("webhook.settlement", "completed"),
            ("webhook.store_time", "0.0"),
            ("webhook.handler_time", "1.5"),
            ("http.response.status_code", "200"),
        ]
    );
    app.send(github_signed("guid-2", "{}")).await;
    let failed = seen.span();
    assert_eq!(failed.field("webhook.handler"), Some("failed"));
    assert_eq!(failed.field("webhook.settlement"), Some("released"));
    assert_eq!(failed.field("http.response.status_code"), Some("500"));

    app.send(github_signed("guid-1", "{}")).await.assert_duplicate();
    let duplicate = seen.span();
    assert_eq!(duplicate.field("webhook.outcome"), Some("duplicate"));
    assert_eq!(duplicate.field("webhook.delivery_id"), Some("guid-1"));
    assert_eq!((duplicate.field("webhook.handler"), duplicate.field("webhook.handler_time")), (None, None));
    assert!(seen.events().is_empty());
}

#[tokio::test(start_paused = true)]
async fn each_verified_delivery_is_logged_at_its_end() {
    let (seen, _guard) = Seen::start();
    let handler = Handler::doing([Act::Sleep(Duration::from_millis(1_500)), Act::Panic]);
    let app = handler.under(&github_layer().only_events("push"));
    app.send(github_signed("guid-1", "{}")).await.assert_handled();
    app.send(github_signed("guid-1", "{}")).await.assert_duplicate();
    app.send(sign::github(support::GITHUB_SECRET, "guid-2", "ping", "{}")).await;
    app.send(sign::github("another secret", "guid-3", "push", "{}")).await;
    app.send(post("{}")).await;
    let [handled, duplicate, ignored] = &*seen.deliveries() else {
        panic!("expected three verified deliveries")
    };
    assert_eq!(
        (handled.level, &*handled.target, &*handled.spans),
        (Level::INFO, "tower_webhook", &["webhook"][..])
    );
    assert_eq!(
        handled.fields(),
        [
            ("message", "delivery ended"),
            ("provider", "github"),
            ("id", "guid-1"),
            ("event_type", "push"),
            ("outcome", "accepted"),
            ("handler", "completed"),
            ("status", "200"),
            ("time", "1.5"),
            ("handler_time", "1.5"),
            ("store_time", "0.0"),
        ]
    );
    assert_eq!((duplicate.field("outcome"), duplicate.field("handler")), (Some("duplicate"), None));
    assert_eq!((ignored.field("outcome"), ignored.field("event_type")), (Some("ignored"), Some("ping")));

    let panicking = tokio::spawn(async move { app.send(github_signed("guid-4", "{}")).await });
    panicking.await.unwrap_err();
    let [panicked] = &*seen.deliveries() else { panic!("expected one") };
    assert_eq!((panicked.field("handler"), panicked.field("status")), (Some("panicked"), None));
}

/// The provider does not retry the delivery, so the operator must see the error, but no payload data.
#[tokio::test(start_paused = true)]
async fn an_acknowledged_undecodable_payload_is_logged_as_a_warning() {
    let (seen, _guard) = Seen::start();
    let layer = layer().json::<u8>().on_undecodable(Undecodable::Acknowledge);
    let answer = Handler::default().under(&layer).send(signed("msg_1", PAYLOAD)).await;
    assert_eq!(answer.status(), 200);
    let event = seen.event();
    assert_eq!((event.level, &*event.target), (Level::WARN, "tower_webhook"));
    assert_eq!(event.field("message"), Some("undecodable payload was acknowledged"));
    assert!(event.field("reason").unwrap().ends_with(", at line 1 column 0"), "{event:?}");
    assert_eq!(seen.deliveries()[0].field("outcome"), Some("acknowledged"));
    seen.assert_silent_about(&["PAYLOAD"]);
}

/// As with a payload that the layer decodes, the operator must see the field's name, but no payload data.
#[tokio::test(start_paused = true)]
async fn a_payload_that_the_handler_cannot_decode_is_logged_as_a_rejection() {
    for layer in [layer(), layer().detached()] {
        let (seen, _guard) = Seen::start();
        let handler = (async |_: tower_webhook::Payload<Order>| ()).into_service();
        layer.layer(handler).oneshot(signed("msg_1", PAYLOAD)).await.unwrap();
        let event = seen.event();
        assert_eq!((event.level, &*event.target), (Level::WARN, "tower_webhook::rejection"));
        assert_eq!(event.spans, ["webhook"]);
        assert_eq!(
            event.fields(),
            [
                ("message", "rejected"),
                ("kind", "undecodable"),
                ("reason", "payload field `amount` is invalid, at line 1 column 57"),
            ]
        );
        let (delivery, span) = (&seen.deliveries()[0], seen.span());
        for (name, value) in [("outcome", "accepted"), ("rejection", "undecodable"), ("handler", "failed")] {
            assert_eq!(delivery.field(name), Some(value));
            assert_eq!(span.field(&format!("webhook.{name}")), Some(value));
        }
        assert_eq!(span.field("webhook.settlement"), Some("released"));
        assert_eq!(span.field("http.response.status_code"), Some("422"));
        seen.assert_silent_about(&["PAYLOAD"]);
    }
}

/// The log shows a missing route, but made-up event types cannot flood it.
#[tokio::test(start_paused = true)]
async fn event_types_without_a_route_are_logged_once() {
    let (seen, _guard) = Seen::start();
    let routes = || EventRouter::new().on("push", Handler::default());
    let service = github_layer().layer(routes());
    let send = async |id: &str, event: &str| {
        let request = sign::github(support::GITHUB_SECRET, id, event, "{}");
        service.clone().oneshot(request).await.unwrap();
        seen.events()
    };
    let [event] = &*send("1", "star").await else { panic!("expected one event") };
    assert_eq!(
        (event.level, &*event.target, event.field("event_type")),
        (Level::INFO, "tower_webhook", Some("star"))
    );
    assert!(send("2", "star").await.is_empty());
    assert!(send("3", &"long".repeat(100)).await.is_empty());
    let mut logged = 1;
    for number in 0..300 {
        logged += send(&format!("more-{number}"), &format!("type-{number}")).await.len();
    }
    assert_eq!(logged, 256);

    // A missing event type and a missing layer are each logged as an error only once, because clients can cause both
    // repeatedly: an attacker who captures a delivery can remove its event type, and any client can send a request to
    // a router that is not behind the layer.
    let unguarded = routes();
    for (id, level) in [("4", Level::ERROR), ("5", Level::DEBUG), ("6", Level::DEBUG)] {
        let event_type_is_missing = send(id, "").await;
        unguarded.clone().oneshot(post("{}")).await.unwrap();
        for events in [event_type_is_missing, seen.events()] {
            let [event] = &*events else { panic!("expected one") };
            assert_eq!((event.level, event.field("message")), (level, Some("delivery cannot be routed")));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_fields_are_the_documented_ones() {
    let docs = include_str!("../../src/observe/mod.rs");
    let (seen, _guard) = Seen::start();
    Handler::default().under(&layer()).send(signed("msg_1", "{}")).await.assert_handled();
    let declared = seen.span().declared;
    assert_eq!(declared.len(), 11);
    for field in declared {
        assert!(docs.contains(&format!("//! | `{field}` |")), "{field} is not documented");
    }
}

#[tokio::test(start_paused = true)]
async fn the_attempt_is_recorded_if_the_provider_sends_it() {
    let (seen, _guard) = Seen::start();
    let profile = Profile::new("acme")
        .with_attempt(tower_webhook::verify::Attempt::Retries(Location::header("x-retry")));
    let layer = WebhookLayer::with_verifier(from_fn(|_, _| Ok(Verified::new())).with_profile(profile));
    let request = Request::post("/").header("x-retry", "2").body(Full::<Bytes>::default()).unwrap();
    Handler::default().under(&layer).send(request).await.assert_handled();
    assert_eq!(seen.span().field("webhook.attempt"), Some("3"));
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_without_a_scope_is_an_error_that_says_what_to_set() {
    let (seen, _guard) = Seen::start();
    let profile = Profile::new("acme").with_id(Location::header("x-id"));
    let verifier = from_fn(|_, _| Ok(Verified::new())).with_profile(profile);
    let layer = WebhookLayer::with_verifier(verifier).dedupe(faulty_store());
    let handler = Handler::default();
    let request = |id: &str| Request::post("/").header("x-id", id).body(Full::<Bytes>::default()).unwrap();
    let answer = handler.under(&layer).send(request("1")).await;
    answer.assert_rejected(RejectionKind::VerifierUnavailable);
    let event = seen.event();
    assert_eq!(event.level, Level::ERROR);
    let reason = event.field("reason").unwrap();
    for cure in ["`.scope(…)`", "`.secret(&secret)` on `from_fn`", "`Verified::with_fingerprint`"] {
        assert!(reason.contains(cure), "{reason}");
    }

    // A delivery without an id runs, but its items cannot be claimed, because another endpoint's items could have
    // the same keys.
    handler.under(&layer).send(request("")).await.assert_handled();
    assert!(seen.events().is_empty());
    assert!(handler.last().claim_item("1").await.is_err());
    let event = seen.event();
    assert_eq!(event.level, Level::ERROR);
    assert!(event.field("error").unwrap().contains("`.scope(…)`"));
}

/// A request that is rejected before it is verified has no id in the span, because any client may have sent it.
#[tokio::test(start_paused = true)]
async fn each_rejection_is_logged_with_its_kind_and_reason() {
    use RejectionKind as Kind;
    let (seen, _guard) = Seen::start();
    for kind in KINDS {
        rejected(kind).await;
        let spans = seen.spans();
        let outcomes: Vec<_> =
            spans.iter().filter(|span| span.field("webhook.rejection").is_some()).collect();
        let [span] = &*outcomes else { panic!("{kind}: {spans:?}") };
        assert_eq!(span.field("webhook.rejection"), Some(kind.as_str()));

        let events = seen.events();
        let events: Vec<_> =
            events.iter().filter(|event| event.target == "tower_webhook::rejection").collect();
        let [event] = &*events else { panic!("{kind}: {events:?}") };
        assert_eq!(event.spans, ["webhook"]);
        assert_eq!(event.field("kind"), Some(kind.as_str()));
        let (level, reason) = match kind {
            Kind::MissingSignature => (Level::DEBUG, Some("`webhook-signature` header is missing")),
            Kind::MalformedSignature => (Level::DEBUG, Some("signature is not valid hex or base64")),
            Kind::StaleTimestamp => {
                (Level::DEBUG, Some("timestamp is 1000 s old, which exceeds the tolerance of 300 s"))
            }
            Kind::WrongSignature => (Level::DEBUG, Some("signature mismatch: no secret matches")),
            Kind::BodyInterrupted => (Level::DEBUG, Some("the connection was reset")),
            Kind::BodyTooSlow => (Level::DEBUG, Some("timed out after 10s")),
            Kind::UnknownEndpoint | Kind::BodyTooLarge | Kind::InProgress => (Level::DEBUG, None),
            Kind::Undecodable => {
                (Level::WARN, Some("payload field `amount` is invalid, at line 1 column 57"))
            }
            Kind::AckDeadline | Kind::HandlerTimeout => (Level::WARN, Some("timed out after 2s")),
            Kind::StoreUnavailable => (Level::WARN, Some("deduplication store failed: injected failure")),
            Kind::VerifierUnavailable => (Level::DEBUG, Some("the tenants' database is down")),
            Kind::OverBudget => (Level::DEBUG, None),
            _ => unreachable!(),
        };
        assert_eq!((kind, event.level, event.field("reason")), (kind, level, reason));
        let is_verified = level == Level::WARN || kind == Kind::InProgress;
        assert_eq!(span.field("webhook.delivery_id").is_some(), is_verified, "{kind}");
        seen.assert_silent_about(&[sign::SECRET, PAYLOAD, "PAYLOAD", "SIGNATURE", "v1,", "forged"]);
    }
}

/// A client without the secret must not be able to flood the log.
#[tokio::test(start_paused = true)]
async fn rejections_that_an_unauthenticated_client_can_cause_are_logged_at_debug() {
    let (seen, _guard) = Seen::start();
    let handler = Handler::default();
    let slow_body = || signed("msg_1", "{}").map(|_| Broken(false));
    // A key under a made-up name cannot be fetched.
    let unknown_key = from_fn(|_, _| Err(VerifyError::unavailable("key id is unknown")));
    let key = handler.under(&WebhookLayer::with_verifier(unknown_key));
    key.send(post("{}")).await.assert_rejected(RejectionKind::VerifierUnavailable);
    // GetStream signs the decoded body, so the body is decoded before it is verified.
    let getstream = provider::getstream("a secret".parse::<Secret>().unwrap());
    let decoding = handler.under(&WebhookLayer::with_verifier(getstream));
    let encoded =
        Request::post("/").header("x-signature", "00".repeat(32)).header("content-encoding", "gzip");
    let encoded = encoded.body(Full::<Bytes>::from(&b"\x1f\x8bjunk"[..])).unwrap();
    decoding.send(encoded).await.assert_rejected(RejectionKind::Undecodable);
    let small = handler.under(&layer().buffer_budget(1));
    small.send(signed("msg_1", "{}")).await.assert_rejected(RejectionKind::OverBudget);
    let slow = handler.under(&layer());
    slow.send(slow_body()).await.assert_rejected(RejectionKind::BodyTooSlow);
    let deadline = handler.under(&layer().ack_deadline(Duration::from_secs(2)));
    deadline.send(slow_body()).await.assert_rejected(RejectionKind::AckDeadline);
    let events = seen.events();
    assert_eq!(events.len(), 5);
    assert!(events.iter().all(|event| event.level == Level::DEBUG), "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn lookups_that_a_flood_delays_are_logged_once_a_minute() {
    let (seen, _guard) = Seen::start();
    let handler = Handler::default();
    let slow = WebhookLayer::with_lookup(|_: &http::request::Parts| {
        pending::<Result<Option<tower_webhook::verify::Endpoint>, BoxError>>()
    });
    let app = handler.under(&slow);
    for _ in 0..61 {
        app.send(post("{}")).await.assert_rejected(RejectionKind::VerifierUnavailable);
    }
    let flooded = CachedLookup::new(
        10,
        Duration::from_secs(60),
        |head| Some(head.uri.path().to_owned()),
        |_: String| pending::<Result<Option<tower_webhook::verify::Endpoint>, BoxError>>(),
    );
    let app = handler.under(&WebhookLayer::with_lookup(flooded));
    let requests = (0..800).map(|number| {
        let mut request = post("{}");
        *request.uri_mut() = format!("/{number}").parse().unwrap();
        let app = app.clone();
        tokio::spawn(
            async move { app.send(request).await.assert_rejected(RejectionKind::VerifierUnavailable) },
        )
    });
    for request in requests.collect::<Vec<_>>() {
        request.await.unwrap();
    }
    let events = seen.events();
    let warnings: Vec<_> = events.iter().filter(|event| event.level != Level::DEBUG).collect();
    let recorded: Vec<_> =
        warnings.iter().map(|event| (event.field("count"), event.field("error"))).collect();
    let timeout = Some("timed out after 1s");
    assert_eq!(
        recorded,
        [
            (Some("1"), timeout),
            (Some("60"), timeout),
            (Some("1"), Some("limit of 768 loads at a time is reached"))
        ]
    );
    assert!(warnings.iter().all(|event| (event.level, &*event.target) == (Level::WARN, "tower_webhook")));
    assert_eq!(events.len() - warnings.len(), 861);
}

/// The layer logs one line per minute instead of one per completion, and logs the remaining count after the outage.
#[tokio::test(start_paused = true)]
async fn completions_that_are_dropped_are_logged_once_a_minute_and_at_the_end() {
    const WAITING: usize = 16_384;
    let (seen, _guard) = Seen::start_without_spans();
    let store = faulty_store();
    store.fail(Operation::Complete, Fault::Error);
    let layer = layer().dedupe(store.clone()).lease(Duration::from_secs(3600));
    let app = layer.layer(service_fn(|_: Request<Body>| async {
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    }));
    let errors = |seen: &Seen| {
        let events = seen.events().into_iter().filter(|event| event.level == Level::ERROR);
        events.map(|event| event.field("count").unwrap().to_owned()).collect::<Vec<_>>()
    };
    let dropped = async |id: usize| {
        let answer = app.clone().oneshot(signed(&id.to_string(), "{}")).await.unwrap();
        assert_eq!(answer.status(), 200);
        errors(&seen)
    };
    for id in 0..WAITING {
        assert!(dropped(id).await.is_empty());
    }
    assert_eq!(layer.drain().running(), WAITING);
    assert_eq!(dropped(WAITING).await, ["1"]);
    for id in 1..10 {
        assert!(dropped(WAITING + id).await.is_empty());
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(dropped(WAITING + 10).await, ["10"]);
    for id in 11..1000 {
        assert!(dropped(WAITING + id).await.is_empty());
    }
    store.heal();
    layer.drain().finished().await;
    assert_eq!(errors(&seen), ["989"]);
}

/// A filter may disable the span; the event still has the reason.
#[tokio::test(start_paused = true)]
async fn rejections_are_logged_without_the_span() {
    let (seen, _guard) = Seen::start_without_spans();
    rejected(RejectionKind::WrongSignature).await;
    assert!(seen.spans().is_empty());
    assert_eq!(seen.event().field("kind"), Some("wrong_signature"));
}

#[tokio::test(start_paused = true)]
async fn text_from_a_provider_can_neither_forge_a_line_nor_flood_the_log() {
    let (seen, _guard) = Seen::start();
    let profile =
        Profile::new("acme").with_id(Location::json("/id")).with_event_type(Location::json("/type"));
    let layer = WebhookLayer::with_verifier(from_fn(|_, _| Ok(Verified::new())).with_profile(profile));
    let long = "x".repeat(1 << 16);
    let body = format!(r#"{{"id":"a\r\n2026 ERROR forged\u001b[2J\u202e","type":"{long}"}}"#);
    let request = Request::new(Full::new(Bytes::from(body)));
    Handler::default().under(&layer).send(request).await.assert_handled();
    let span = seen.span();
    assert_eq!(span.field("webhook.delivery_id"), Some(r"a\r\n2026 ERROR forged\u{1b}[2J\u{202e}"));
    assert!(span.field("webhook.event_type").unwrap().len() < 300);

    // The same in a header: HTTP permits control characters that have two bytes in UTF-8.
    let app = Handler::default().under(&github_layer());
    let mut request = github_signed("guid", "{}");
    request.headers_mut().insert("x-github-delivery", "g\u{85}\u{9b}2J".as_bytes().try_into().unwrap());
    app.send(request).await.assert_handled();
    assert_eq!(seen.span().field("webhook.delivery_id"), Some(r"g\u{85}\u{9b}2J"));

    // The same in the error text and the name of a custom verifier.
    let layer = WebhookLayer::with_verifier(
        from_fn(|request, _| {
            let quoted = format!("who is {:?}?\nforged", request.head().headers["x-who"]);
            Err(tower_webhook::verify::VerifyError::wrong(quoted))
        })
        .with_profile(Profile::new("two\nlines")),
    );
    let request = Request::get("/").header("x-who", "me").body(Full::<Bytes>::default()).unwrap();
    Handler::default().under(&layer).send(request).await;
    assert_eq!(seen.events()[0].field("reason"), Some(r#"who is "me"?\nforged"#));
    assert_eq!(seen.span().field("webhook.provider"), Some(r"two\nlines"));
}

#[tokio::test(start_paused = true)]
async fn the_error_of_a_decoder_that_quotes_the_payload_is_not_logged() {
    let (seen, _guard) = Seen::start();
    let layer = layer().decode(|delivery| Err::<(), _>(format!("no order: {:?}", delivery.payload()).into()));
    Handler::default()
        .under(&layer)
        .send(signed("msg_1", PAYLOAD))
        .await
        .assert_rejected(RejectionKind::Undecodable);
    assert_eq!(seen.events()[0].field("reason"), None);
    seen.assert_silent_about(&["PAYLOAD", "no order"]);
}

#[tokio::test(start_paused = true)]
async fn items_of_a_batch_that_fail_and_keys_that_are_not_unique_are_logged() {
    let handler = Handler::default();
    handler.under(&layer()).send(signed("msg_1", "{}")).await.assert_handled();
    let (delivery, (seen, _guard)) = (handler.last(), Seen::start());
    let failing = async |id: &str| match id {
        "two\nlines" => Err("out of\nstock"),
        "panics" => panic!("SECRET"),
        _ => Ok(()),
    };
    let outcome = delivery.for_each(["a", "two\nlines", "panics", "b", ""], |id| *id, failing).await;
    assert_eq!(outcome.failed(), 2);
    let recorded = |event: &Logged| {
        assert_eq!((event.level, &*event.target), (Level::WARN, "tower_webhook"));
        (event.field("item").unwrap().to_owned(), event.field("error").map(ToOwned::to_owned))
    };
    let text = |text: &str| text.to_owned();
    assert_eq!(
        seen.events().iter().map(recorded).collect::<Vec<_>>(),
        [
            (text(r"two\nlines"), Some(text(r"out of\nstock"))),
            (text("panics"), Some(text("item handler panicked"))),
        ]
    );
    seen.assert_silent_about(&["SECRET"]);

    let (seen, _guard) = Seen::start();
    let outcome =
        delivery.for_each(["", "c", "", "c", "c"], |id| *id, async |_| Ok::<(), BoxError>(())).await;
    assert_eq!((outcome.completed(), outcome.duplicates()), (3, 2));
    assert_eq!(seen.events().iter().map(recorded).collect::<Vec<_>>(), [(text("c"), None)]);
}

/// The provider controls the number of items in a batch and their content.
#[tokio::test(start_paused = true)]
async fn a_batch_that_fails_neither_floods_the_log_nor_quotes_the_payload() {
    #[derive(Debug)]
    struct Failed(BoxError);
    impl std::fmt::Display for Failed {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("order is not stored")
        }
    }
    impl std::error::Error for Failed {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&*self.0)
        }
    }
    let handler = Handler::default();
    handler.under(&layer()).send(signed("msg_1", PAYLOAD)).await.assert_handled();
    let (delivery, (seen, _guard)) = (handler.last(), Seen::start());
    let failing = async |number: u32| -> Result<(), BoxError> {
        match number {
            0 => Ok(()),
            1 => Err(delivery.json::<Order>().unwrap_err().into()),
            2 => Err(serde_json::from_slice::<Order>(delivery.payload()).unwrap_err().into()),
            3 => Err(Failed(delivery.json::<Order>().unwrap_err().into()).into()),
            _ => Err("PAYLOAD".into()),
        }
    };
    let outcome = delivery.for_each(0..1_000, u32::to_string, failing).await;
    assert_eq!(outcome.failed(), 999);
    let events = seen.events();
    let [decoder, json, wrapped, rest] = &*events else { panic!("{events:?}") };
    assert!(decoder.field("error").unwrap().contains("amount"), "{decoder:?}");
    assert!(
        json.field("error").unwrap().starts_with("payload is not of the expected type, at line 1"),
        "{json:?}"
    );
    assert_eq!(wrapped.field("error"), decoder.field("error"));
    assert_eq!(
        ["message", "count", "failed", "items"].map(|name| rest.field(name)),
        [Some("more batch items failed"), Some("996"), Some("999"), Some("1000")]
    );
    seen.assert_silent_about(&["PAYLOAD"]);
}

/// A store that logs each operation.
struct LogsOperations;

impl Store for LogsOperations {
    async fn claim(&self, _: &Key, _: &Token, _: Duration) -> Result<Claim, StoreError> {
        tracing::info!(target: "store", "claim");
        Ok(Claim::Acquired { fencing_token: 1 })
    }

    async fn extend(&self, _: &Key, _: &Token, _: Duration) -> Result<bool, StoreError> {
        tracing::info!(target: "store", "extend");
        Ok(true)
    }

    async fn complete(&self, _: &Key, _: &Token, _: Duration) -> Result<bool, StoreError> {
        tracing::info!(target: "store", "complete");
        Ok(true)
    }

    async fn release(&self, _: &Key, _: &Token) -> Result<bool, StoreError> {
        tracing::info!(target: "store", "release");
        Ok(true)
    }

    async fn forget(&self, _: &Key) -> Result<bool, StoreError> {
        Ok(true)
    }
}

/// Logs an event when it is dropped.
struct LogsDrop;

impl Drop for LogsDrop {
    fn drop(&mut self) {
        tracing::info!(target: "handler", "dropped");
    }
}

#[tokio::test(start_paused = true)]
async fn the_handler_and_the_store_are_in_the_span_in_every_mode() {
    let layers: [fn(WebhookLayer) -> WebhookLayer; 3] =
        [|layer| layer, WebhookLayer::detached, |layer| layer.ack_deadline(Duration::from_secs(1))];
    for adapt in layers {
        let (seen, _guard) = Seen::start();
        let layer = adapt(layer().dedupe(LogsOperations).lease(Duration::from_secs(3)));
        let app = layer.layer(service_fn(|_: Request<Body>| async {
            let _dropped = LogsDrop;
            tokio::time::sleep(Duration::from_secs(2)).await;
            tracing::info!(target: "handler", "called");
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }));
        let span = tracing::info_span!("request");
        app.oneshot(signed("msg_1", "{}")).instrument(span).await.unwrap();
        layer.drain().finished().await;

        let events = seen.events();
        let recorded: Vec<_> = events.iter().filter(|event| !event.target.starts_with("tower")).collect();
        let recorded: Vec<_> =
            recorded.iter().map(|event| (&*event.target, event.field("message").unwrap())).collect();
        assert_eq!(
            recorded,
            [
                ("store", "claim"),
                ("store", "extend"),
                ("handler", "called"),
                ("handler", "dropped"),
                ("store", "complete")
            ]
        );
        for event in events {
            assert_eq!(event.spans, ["request", "webhook"], "{event:?}");
        }
        let spans = seen.spans();
        assert_eq!(spans.len(), 2);
        let webhook = spans.iter().find(|span| span.name == "webhook").unwrap();
        assert_eq!(webhook.field("webhook.handler"), Some("completed"));
        assert_eq!(webhook.field("webhook.handler_time"), Some("2.0"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_and_a_disconnect_end_the_span() {
    let (seen, _guard) = Seen::start();
    let app = Handler::doing([Act::Panic]).under(&layer());
    let panicking = app.clone();
    tokio::spawn(async move { panicking.send(signed("msg_1", "{}")).await }).await.unwrap_err();
    let span = seen.span();
    assert_eq!(
        (span.field("webhook.handler"), span.field("webhook.settlement")),
        (Some("panicked"), Some("released"))
    );
    assert_eq!(span.field("http.response.status_code"), None);

    let app = layer().dedupe(LogsOperations).layer(service_fn(|_: Request<Body>| async {
        let _dropped = LogsDrop;
        pending::<()>().await;
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    }));
    let call = tokio::spawn(app.oneshot(signed("msg_1", "{}")));
    settle_down().await;
    assert!(seen.spans().is_empty(), "the handler is still running");
    call.abort();
    call.await.unwrap_err();
    let span = seen.span();
    assert_eq!(
        (span.field("webhook.outcome"), span.field("webhook.handler")),
        (Some("accepted"), Some("cancelled"))
    );
    assert_eq!(span.field("webhook.settlement"), None);
    let events = seen.events();
    let recorded: Vec<_> = events.iter().map(|event| event.field("message").unwrap()).collect();
    assert_eq!(recorded, ["claim", "dropped", "release"]);
    assert!(events.iter().all(|event| event.spans == ["webhook"]), "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn store_failures_are_logged() {
    let (seen, _guard) = Seen::start();
    let recorded = |seen: &Seen| {
        let events = seen.events();
        let events = events.into_iter().filter(|event| event.target == "tower_webhook");
        events
            .map(|event| (event.level, event.field("message").unwrap().to_owned(), event))
            .collect::<Vec<_>>()
    };
    let store = faulty_store();
    let layer = layer().dedupe(store.clone()).on_store_failure(StoreFailure::Proceed);
    let longer_than_the_lease = Act::Sleep(Duration::from_secs(31));
    let answered = Act::Answer(200);
    let handler = Handler::doing([answered, answered, longer_than_the_lease, longer_than_the_lease]);
    let app = handler.under(&layer);
    store.fail(Operation::Claim, Fault::Hang);
    app.send(signed("msg_1", "{}")).await.assert_handled();
    let [(Level::WARN, message, event)] = &*recorded(&seen) else { panic!() };
    assert_eq!(message, "deduplication store failed");
    assert_eq!(event.field("operation"), Some("claim"));
    assert_eq!(event.field("error"), Some("deduplication store failed: timed out after 1s"));
    layer.drain().finished().await;
    assert_eq!(seen.span().field("webhook.store_time"), Some("1.0"));

    // The completion is pending, retried in the background, and abandoned when the lease expires.
    store.heal();
    store.fail(Operation::Complete, Fault::Error);
    app.send(signed("msg_2", "{}")).await.assert_handled();
    assert!(seen.spans().is_empty(), "the span lasts until the background work ends");
    layer.drain().finished().await;
    assert_eq!(seen.span().field("webhook.settlement"), Some("pending"));
    let events = recorded(&seen);
    let (last, failures) = events.split_last().unwrap();
    assert!(failures.len() > 7 && failures.iter().all(|(level, ..)| *level == Level::WARN));
    assert_eq!((last.0, last.2.field("settlement")), (Level::ERROR, Some("completed")));
    assert!(events.iter().all(|(.., event)| event.spans == ["webhook"]));

    // The lease is lost.
    store.heal();
    store.fail(Operation::Extend, Fault::Error);
    app.send(signed("msg_3", "{}")).await.assert_handled();
    let events = recorded(&seen);
    assert_eq!(events.first().unwrap().2.field("operation"), Some("extend"));
    assert_eq!(
        (events.last().unwrap().0, events.last().unwrap().1.contains("may have run twice")),
        (Level::WARN, true)
    );

    // The lease is lost; the layer detects this in the background.
    store.fail_next(Operation::Complete, 2, Fault::Error);
    app.send(signed("msg_4", "{}")).await.assert_handled();
    assert!(!recorded(&seen).iter().any(|(_, message, _)| message.contains("may have run twice")));
    layer.drain().finished().await;
    let last = recorded(&seen).pop().unwrap();
    assert_eq!((last.0, last.1.contains("may have run twice")), (Level::WARN, true));
}

#[test]
fn an_ack_deadline_after_the_providers_is_logged_as_a_warning() {
    let (seen, _guard) = Seen::start();
    let slack = || provider::slack("a signing secret".parse::<Secret>().unwrap());
    drop(WebhookLayer::with_verifier(slack()).ack_deadline(Duration::from_millis(2_900)));
    assert!(seen.events().is_empty());
    drop(WebhookLayer::with_verifier(slack()).ack_deadline(Duration::from_secs(3)));
    assert_eq!(seen.event().target, "tower_webhook");
    let late = WebhookLayer::with_verifier(named("acme".into())).ack_deadline(Duration::from_secs(3));
    assert!(seen.events().is_empty());
    drop(late.verifier(slack()));
    assert_eq!(seen.event().target, "tower_webhook");
    // The deadline of other senders is unknown.
    drop(WebhookLayer::with_verifier(named("acme".into())).ack_deadline(Duration::from_secs(600)));
    assert!(seen.events().is_empty());
}

#[test]
fn a_window_shorter_than_the_retries_is_logged_as_a_warning() {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let (seen, _guard) = Seen::start();
    let stripe = || provider::stripe("a signing secret".parse::<Secret>().unwrap());
    drop(WebhookLayer::with_verifier(stripe()).dedupe_window(4 * DAY));
    assert!(seen.events().is_empty());
    drop(WebhookLayer::with_verifier(stripe()).dedupe_window(3 * DAY));
    assert_eq!(seen.event().target, "tower_webhook");
    let short = WebhookLayer::with_verifier(named("acme".into())).dedupe_window(DAY);
    assert!(seen.events().is_empty());
    drop(short.verifier(stripe()));
    assert_eq!(seen.event().target, "tower_webhook");
}
