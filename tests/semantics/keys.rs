//! Deduplication keys.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderValue, Request};
use http_body_util::Full;
use tower_webhook::{
    RejectionKind, Secret, StoreFailure, WebhookLayer, provider,
    store::{AnyStore, Key, MokaStore, Store},
    testing::{self, Fault, FaultyStore, Operation},
    verify::{self, Encoding, Location, Locations, Profile, Scheme, TimeUnit, Verified},
};

use crate::support::{
    Act, Handler, NOW, OTHER_SECRET, SECRET, TokioClock, faulty_store, github_layer, github_signed, layer,
    secret, settle_down, signed, signed_with, to, with_header, without_header,
};

/// Returns a layer that accepts every request, with this profile.
fn accepting(profile: Profile) -> WebhookLayer {
    WebhookLayer::with_verifier(verify::from_fn(|_, _| Ok(Verified::new())).with_profile(profile))
        .clock(TokioClock::start())
}

fn plain(body: &'static str) -> Request<Full<Bytes>> {
    Request::post("/webhook").body(Full::from(body)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_key_has_the_scope_of_its_provider_and_secret() {
    let handler = Handler::default();
    handler.under(&layer()).send(signed("msg_1", "{}")).await.assert_handled();
    let delivery = handler.last();
    let key = delivery.dedupe_key().unwrap();
    let fingerprint = key.scope().strip_prefix("standard-webhooks-").unwrap();
    assert_eq!((key.id(), fingerprint.len()), ("msg_1", 16));
    assert!(fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit()));
}

#[tokio::test(start_paused = true)]
async fn endpoints_with_different_secrets_do_not_drop_each_others_events() {
    let store = Arc::new(MokaStore::new(100));
    let handler = Handler::default();
    let other: Secret = OTHER_SECRET.parse().unwrap();
    let clock = TokioClock::start();
    let one = handler.under(&WebhookLayer::new(secret()).clock(clock).dedupe(Arc::clone(&store)));
    let two = handler.under(&WebhookLayer::new(other).clock(clock).dedupe(store));
    one.send(signed("msg_1", "{}")).await.assert_handled();
    two.send(signed_with(OTHER_SECRET, "msg_1", NOW, "{}")).await.assert_handled();
    one.send(signed("msg_1", "{}")).await.assert_duplicate();
}

#[tokio::test(start_paused = true)]
async fn during_a_rotation_both_secrets_are_accepted_and_distinguished() {
    let old: Secret = OTHER_SECRET.parse().unwrap();
    let handler = Handler::default();
    let app = handler.under(&WebhookLayer::new([secret(), old]).clock(TokioClock::start()));
    app.send(signed("msg_1", "{}")).await.assert_handled();
    assert_eq!(handler.last().secret_index(), 0);
    app.send(signed_with(OTHER_SECRET, "msg_2", NOW, "{}")).await.assert_handled();
    assert_eq!(handler.last().secret_index(), 1);
    // Signed with the other secret, the delivery has another scope. It runs again, but is never lost.
    app.send(signed("msg_2", "{}")).await.assert_handled();
}

#[tokio::test(start_paused = true)]
async fn a_custom_scope_outlives_a_rotation() {
    let old: Secret = OTHER_SECRET.parse().unwrap();
    let handler = Handler::default();
    let app = handler.under(&WebhookLayer::new([secret(), old]).clock(TokioClock::start()).scope("orders"));
    app.send(signed_with(OTHER_SECRET, "msg_1", NOW, "{}")).await.assert_handled();
    assert_eq!(handler.last().dedupe_key(), Some(&Key::new("standard-webhooks-orders", "msg_1")));
    app.send(signed_with(SECRET, "msg_1", NOW, "{}")).await.assert_duplicate();
}

#[tokio::test(start_paused = true)]
async fn an_operator_can_forget_a_key_through_an_erased_store() {
    let faulty = AnyStore::from(FaultyStore::new(MokaStore::new(100)));
    for store in [AnyStore::connect("memory:").await.unwrap(), faulty] {
        let handler = Handler::default();
        let app = handler.under(&layer().dedupe(store.clone()));
        app.send(signed("msg_1", "{}")).await.assert_handled();
        app.send(signed("msg_1", "{}")).await.assert_duplicate();
        let key = handler.last().dedupe_key().unwrap().clone();
        assert!(store.forget(&key).await.unwrap());
        app.send(signed("msg_1", "{}")).await.assert_handled();
    }
}

#[tokio::test(start_paused = true)]
async fn two_providers_with_the_same_scope_do_not_drop_each_others_events() {
    let store = Arc::new(MokaStore::new(100));
    let handler = Handler::default();
    for layer in [layer(), github_layer()] {
        let app = handler.under(&layer.dedupe(Arc::clone(&store)).scope("orders"));
        let mut request = signed("1", "{}");
        request.headers_mut().extend(github_signed("1", "{}").headers().clone());
        app.send(request).await.assert_handled();
    }
}

/// Returns a request that LiveKit sends to `url`.
fn livekit(url: &str) -> Request<Full<Bytes>> {
    let signed = testing::sign(
        &provider::livekit(secret()),
        Request::post(url).body(Bytes::from(r#"{"id":"EV_1","event":"room_started"}"#)).unwrap(),
    );
    let mut request = signed.unwrap().map(Full::new);
    // The form in which the request arrives over HTTP/1.
    let host = request.uri().authority().unwrap().as_str().parse().unwrap();
    request.headers_mut().insert("host", host);
    *request.uri_mut() = request.uri().path_and_query().unwrap().as_str().parse().unwrap();
    request
}

#[tokio::test(start_paused = true)]
async fn two_receivers_that_share_a_secret_do_not_drop_each_others_events() {
    let store = Arc::new(MokaStore::new(100));
    let handler = Handler::default();
    let layer = WebhookLayer::with_verifier(provider::livekit(secret())).dedupe(store);
    let app = handler.under(&layer);
    for path in ["/hook", "/other"] {
        app.send(livekit(&format!("https://a.example{path}"))).await.assert_handled();
    }
    for path in ["/hook", "/other"] {
        // The key includes neither the host nor the query, because a replay can change both.
        for replay in [format!("https://made-up.example{path}"), format!("https://a.example{path}?again=1")] {
            app.send(livekit(&replay)).await.assert_duplicate();
        }
    }
    assert_eq!(handler.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn providers_with_one_secret_for_several_receivers_have_a_scope_for_each() {
    let key: Secret = secret().with_key_id("key");
    for (id, body) in [
        ("github", "{}"),
        ("fusionauth", r#"{"event":{"id":"e1","type":"user.create"}}"#),
        ("pusher", r#"{"time_ms":1327078148132,"events":[{"name":"channel_occupied","channel":"c"}]}"#),
        ("azure-eventgrid", r#"[{"id":"1"}]"#),
        ("whoop", r#"{"trace_id":"1"}"#),
    ] {
        let verifier = provider::find(id).unwrap().verifier(key.clone()).unwrap();
        let handler = Handler::default();
        let layer = WebhookLayer::with_verifier(verifier.clone());
        let app = handler.under(&layer);
        for path in ["/a", "/b"] {
            let request = Request::post(path)
                .header("x-github-delivery", "1")
                .header("x-pusher-key", "key")
                .body(Bytes::from(body));
            let request = testing::sign(&verifier, request.unwrap()).unwrap().map(Full::new);
            app.send(request.clone()).await.assert_handled();
            app.send(request).await.assert_duplicate();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_public_url_or_a_scope_replaces_the_path_of_the_request() {
    let layer = WebhookLayer::with_verifier(provider::livekit(secret()));
    for layer in [layer.clone().public_url("https://a.example/hook"), layer.scope("billing")] {
        let handler = Handler::default();
        let app = handler.under(&layer);
        app.send(livekit("https://a.example/hook")).await.assert_handled();
        app.send(livekit("https://a.example/other")).await.assert_duplicate();
    }
}

#[tokio::test(start_paused = true)]
async fn services_that_share_a_secret_and_a_path_are_distinguished_by_their_public_urls() {
    let store = Arc::new(MokaStore::new(100));
    let handler = Handler::default();
    for url in ["https://a.example/hook", "https://b.example/hook"] {
        let layer = WebhookLayer::with_verifier(provider::livekit(secret()));
        let app = handler.under(&layer.public_url(url).dedupe(Arc::clone(&store)));
        app.send(livekit(url)).await.assert_handled();
        app.send(livekit(url)).await.assert_duplicate();
    }
}

#[tokio::test(start_paused = true)]
async fn spellings_of_one_path_are_one_receiver() {
    let handler = Handler::default();
    let app = handler.under(&github_layer().replay_guard());
    for (path, runs) in [
        ("/hooks/acme", true),
        ("/hooks/acm%65", false),
        ("/hooks/%61cme", false),
        ("/hooks%2Facme", true),
        ("/hooks%2facme", false),
    ] {
        let answer = app.send(to(path, github_signed("id-1", "{}"))).await;
        assert_eq!((answer.status(), answer.is_duplicate()), (200, !runs), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn public_urls_that_differ_in_their_query_are_two_receivers() {
    let store = Arc::new(MokaStore::new(100));
    let handler = Handler::default();
    for url in ["https://a.example/hook?service=billing", "https://a.example/hook?service=crm"] {
        let app = handler.under(&github_layer().public_url(url).dedupe(Arc::clone(&store)));
        app.send(github_signed("id-1", "{}")).await.assert_handled();
        app.send(github_signed("id-1", "{}")).await.assert_duplicate();
    }
}

#[tokio::test(start_paused = true)]
async fn if_each_endpoint_has_its_own_secret_the_url_is_not_part_of_the_scope() {
    let handler = Handler::default();
    let app = handler.under(&layer());
    app.send(signed("msg_1", "{}")).await.assert_handled();
    let elsewhere = with_header("host", "elsewhere.example", to("/elsewhere", signed("msg_1", "{}")));
    app.send(elsewhere).await.assert_duplicate();
}

#[tokio::test(start_paused = true)]
async fn items_and_guarded_bodies_of_two_receivers_that_share_a_secret_have_different_keys() {
    let handler = Handler::default();
    let app = handler.under(&github_layer().replay_guard());
    let mut keys = Vec::new();
    for path in ["/organisation", "/repository"] {
        app.send(to(path, github_signed("id-1", "{}"))).await.assert_handled();
        keys.extend([handler.last().item_key("1").unwrap(), handler.last().replay_key().unwrap()]);
    }
    assert_ne!(keys[0], keys[2]);
    assert_ne!(keys[1], keys[3]);
}

#[tokio::test(start_paused = true)]
async fn a_guarded_replay_under_another_host_is_a_duplicate() {
    let handler = Handler::default();
    let app = handler.under(&github_layer().replay_guard());
    let from = |host| with_header("host", host, github_signed("id-1", "{}"));
    app.send(from("shop.example")).await.assert_handled();
    app.send(from("made-up.example")).await.assert_duplicate();
}

#[tokio::test(start_paused = true)]
async fn without_an_id_nothing_is_deduped_and_the_handler_can_see_it() {
    let handler = Handler::default();
    let app = handler.under(&accepting(Profile::new("acme")));
    for _ in 0..2 {
        app.send(plain("the same")).await.assert_handled();
    }
    let delivery = handler.last();
    assert_eq!((delivery.id(), delivery.dedupe_key(), delivery.is_deduped()), (None, None, false));
}

#[tokio::test(start_paused = true)]
async fn an_empty_id_counts_as_missing() {
    let profile = Profile::new("acme").with_id(Location::json("/id"));
    let handler = Handler::default();
    let app = handler.under(&accepting(profile));
    for body in [r#"{"id":""}"#, r#"{"id":null}"#, r#"{"id":{}}"#, "not json"] {
        for _ in 0..2 {
            app.send(plain(body)).await.assert_handled();
            assert_eq!(handler.last().dedupe_key(), None, "{body}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_id_is_read_from_the_body() {
    let profile = Profile::new("acme")
        .with_id(Location::json("/event/id"))
        .with_event_type(Location::json("/event/type"));
    let handler = Handler::default();
    let app = handler.under(&accepting(profile));
    app.send(plain(r#"{"event":{"id":7,"type":"paid"},"n":1}"#)).await.assert_handled();
    assert_eq!((handler.last().id(), handler.last().event_type()), (Some("7"), Some("paid")));
    app.send(plain(r#"{"event":{"id":7},"n":2}"#)).await.assert_duplicate();
}

#[tokio::test(start_paused = true)]
async fn the_event_type_is_read_from_the_first_location_with_a_value() {
    let (old, new) = (Location::header("x-old-type"), Location::header("x-type"));
    let body = || Location::json("/type");
    let typed = |headers: &[&'static str], body| {
        let mut request = plain(body);
        for name in headers {
            request.headers_mut().insert(*name, name.parse().unwrap());
        }
        request.headers_mut().insert("x-empty", "".parse().unwrap());
        request
    };
    for (places, headers, json, found) in [
        (
            [new.clone(), body(), old.clone()],
            vec!["x-type", "x-old-type"],
            r#"{"type":"body"}"#,
            Some("x-type"),
        ),
        ([new.clone(), body(), old.clone()], vec!["x-old-type"], r#"{"type":"body"}"#, Some("body")),
        ([new.clone(), body(), old.clone()], vec!["x-old-type"], r#"{"type":""}"#, Some("x-old-type")),
        ([body(), new.clone(), old.clone()], vec!["x-old-type"], "{}", Some("x-old-type")),
        ([Location::json("/kind"), body(), new.clone()], vec![], r#"{"type":"body"}"#, Some("body")),
        ([Location::header("x-empty"), new.clone(), old.clone()], vec!["x-type"], "{}", Some("x-type")),
        // Only a scheme can read these locations.
        ([Location::Field("t".into()), Location::Item(0), body()], vec![], "{}", None),
    ] {
        let handler = Handler::default();
        let layer = accepting(Profile::new("acme").with_event_type(places.clone()));
        handler.under(&layer).send(typed(&headers, json)).await.assert_handled();
        assert_eq!(handler.last().event_type(), found, "{places:?} {headers:?} {json}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_type_is_read_from_a_form() {
    let profile = Profile::new("acme")
        .with_id(Location::Form("id".into()))
        .with_event_type(Location::Form("type".into()));
    let handler = Handler::default();
    handler.under(&accepting(profile)).send(plain("id=7&type=paid%21")).await.assert_handled();
    assert_eq!((handler.last().id(), handler.last().event_type()), (Some("7"), Some("paid!")));
}

#[tokio::test(start_paused = true)]
async fn if_equal_bodies_are_one_event_the_body_is_the_key() {
    let profile = Profile::new("acme").with_equal_bodies(true);
    let handler = Handler::default();
    let app = handler.under(&accepting(profile));
    app.send(plain("one")).await.assert_handled();
    app.send(plain("two")).await.assert_handled();
    app.send(plain("one")).await.assert_duplicate();
    assert!(handler.last().is_deduped());
}

/// Returns a function that makes a delivery from a time, an id and a body. The id is not signed; `template` decides
/// whether the time is signed.
fn dated(template: &str) -> impl Fn(u64, &str, &str) -> Request<Full<Bytes>> {
    let scheme = dated_scheme(template);
    move |at, id, body| {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(at);
        let request =
            Request::post("/webhook").header("x-id", id).body(Bytes::copy_from_slice(body.as_bytes()));
        testing::sign_at(&scheme, request.unwrap(), at).unwrap().map(Full::new)
    }
}

fn dated_scheme(template: &str) -> verify::SchemeVerifier {
    let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex).signs(template).id("header:x-id");
    let scheme = match template.contains("{ts}") {
        true => scheme.timestamp("header:x-time", TimeUnit::Seconds),
        false => scheme,
    };
    scheme.verifier("acme", secret()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_body_is_a_duplicate_when_it_is_signed_again_at_another_time() {
    for template in ["{ts}.{body}", "{body}", "{body}{header:x-id}"] {
        let handler = Handler::default();
        let layer = WebhookLayer::with_verifier(
            dated_scheme(template).with_profile(|profile| profile.with_id_signed(false)),
        );
        let app = handler.under(&layer.clock(TokioClock::start()).replay_guard());
        let delivery = dated(template);
        app.send(delivery(NOW, "1", "{}")).await.assert_handled();
        app.send(delivery(NOW + 1, "2", "{}")).await.assert_duplicate();
        app.send(delivery(NOW + 1, "3", "[]")).await.assert_handled();
    }
}

/// The key format is a promise, because replicas of different versions share a store.
#[tokio::test(start_paused = true)]
async fn the_key_of_a_body_is_its_mac_if_nothing_else_is_signed_and_its_sha_256_otherwise() {
    let sha256 = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    for (template, remembered) in [("{body}", None), ("{ts}.{body}", Some(sha256))] {
        let handler = Handler::default();
        let verifier = dated_scheme(template)
            .with_profile(|profile| profile.with_id(Locations::default()).with_equal_bodies(true));
        let request = dated(template)(NOW, "1", "{}");
        let mac = request.headers()["x-signature"].to_str().unwrap().to_owned();
        let layer = WebhookLayer::with_verifier(verifier).clock(TokioClock::start());
        handler.under(&layer).send(request).await.assert_handled();
        let delivery = handler.last();
        let digest = delivery.dedupe_key().unwrap().id().strip_prefix("body-").unwrap();
        assert_eq!(digest, remembered.unwrap_or(&mac), "{template}");
    }
}

#[tokio::test(start_paused = true)]
async fn dedupe_by_replaces_the_id() {
    let handler = Handler::default();
    let app = handler.under(&layer().dedupe_by(|head, delivery| {
        assert_eq!(delivery.provider(), "standard-webhooks");
        let order = head.headers.get("x-order")?.to_str().ok()?;
        Some(Key::new("orders", order))
    }));
    let with_order = |id, order| with_header("x-order", order, signed(id, "{}"));
    app.send(with_order("msg_1", "7")).await.assert_handled();
    app.send(with_order("msg_2", "7")).await.assert_duplicate();
    app.send(with_order("msg_1", "8")).await.assert_handled();
    // `dedupe_by` returns `None`, so this delivery is not deduplicated.
    app.send(signed("msg_3", "{}")).await.assert_handled();
    app.send(signed("msg_3", "{}")).await.assert_handled();
    assert_eq!(handler.last().dedupe_key(), None);
}

fn notifyer() -> WebhookLayer {
    let token: Secret = "a-token".parse().unwrap();
    WebhookLayer::with_verifier(provider::notifyer(token)).clock(TokioClock::start())
}

/// Returns a delivery of Notifyer.
fn with_token(body: &'static str) -> Request<Full<Bytes>> {
    with_header("x-webhook-signature", "a-token", plain(body))
}

#[tokio::test(start_paused = true)]
async fn every_notifyer_event_has_an_event_type() {
    let handler = Handler::default();
    let app = handler.under(&notifyer());
    for (body, event_type) in [
        (r#"{"message_type":"text"}"#, Some("text")),
        (r#"{"event":"incoming_message","data":{"message_type":"image"}}"#, Some("image")),
        (r#"{"event":"incoming_message","data":{}}"#, Some("incoming_message")),
        (r#"{"event":"message_status","data":{"status":"read"}}"#, Some("message_status")),
        (r#"{"phone_number":"49"}"#, None),
    ] {
        app.send(with_token(body)).await.assert_handled();
        assert_eq!(handler.last().event_type(), event_type, "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_id_of_a_notifyer_message_is_its_contact_time_and_body() {
    let handler = Handler::default();
    let app = handler.under(&notifyer());
    let id =
        |handler: &Handler| handler.last().id().unwrap().rsplit_once(':').map(|(facts, _)| facts.to_owned());

    let hello = r#"{"phone_number":4915550100200,"user_last_message_time":1767225600,"last_message_of_user":"hello","message_type":"text"}"#;
    app.send(with_token(hello)).await.assert_handled();
    assert_eq!(id(&handler).as_deref(), Some("4915550100200:1767225600"));
    assert_eq!(handler.last().event_type(), Some("text"));
    app.send(with_token(hello)).await.assert_duplicate();
    // Another text within the same second is another message.
    let again = r#"{"phone_number":4915550100200,"user_last_message_time":1767225600,"last_message_of_user":"hello?"}"#;
    app.send(with_token(again)).await.assert_handled();

    app.send(with_token(r#"{"incoming_message":false,"phone_number":"49","user_last_message_time":1,"bot_last_message_time":2}"#))
        .await
        .assert_handled();
    assert_eq!(id(&handler).as_deref(), Some("49:2"));
    app.send(with_token(r#"{"event":"incoming_message","data":{"phone_number":"49","user_timestamp":3}}"#))
        .await
        .assert_handled();
    assert_eq!(id(&handler).as_deref(), Some("49:3"));
    app.send(with_token("not json")).await.assert_handled();
    app.send(with_token("not json")).await.assert_duplicate();
}

#[tokio::test(start_paused = true)]
async fn a_replay_under_a_new_id_runs_without_the_replay_guard() {
    let handler = Handler::default();
    let app = handler.under(&github_layer());
    app.send(github_signed("id-1", "{}")).await.assert_handled();
    app.send(github_signed("id-2", "{}")).await.assert_handled();

    let handler = Handler::default();
    let app = handler.under(&github_layer().replay_guard());
    app.send(github_signed("id-1", "{}")).await.assert_handled();
    app.send(github_signed("id-1", "{}")).await.assert_duplicate();
    app.send(github_signed("id-2", "{}")).await.assert_duplicate();
    app.send(github_signed("id-2", r#"{"another":"body"}"#)).await.assert_duplicate();
    app.send(github_signed("id-3", r#"{"another":"body"}"#)).await.assert_handled();
    assert_eq!(handler.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn under_the_replay_guard_a_replay_without_its_id_is_a_duplicate_by_its_body() {
    let handler = Handler::default();
    let app = handler.under(&github_layer().replay_guard());
    let without_id = |body| without_header("x-github-delivery", github_signed("id-1", body));
    app.send(github_signed("id-1", "{}")).await.assert_handled();
    app.send(without_id("{}")).await.assert_duplicate();
    for no_id in [&b""[..], b"\xff"] {
        let mut request = without_id("{}");
        request.headers_mut().insert("x-github-delivery", HeaderValue::from_bytes(no_id).unwrap());
        app.send(request).await.assert_duplicate();
    }
    // The first delivery of this body has no id.
    app.send(without_id("another")).await.assert_handled();
    assert_eq!(handler.last().dedupe_key(), handler.last().replay_key().as_ref());
    app.send(without_id("another")).await.assert_duplicate();
    app.send(github_signed("id-2", "another")).await.assert_duplicate();
    assert_eq!(handler.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn under_the_replay_guard_a_delivery_runs_again_once_both_its_keys_are_forgotten() {
    let (handler, store) = (Handler::default(), Arc::new(MokaStore::new(100).clock(TokioClock::start())));
    let app = handler.under(&github_layer().dedupe(Arc::clone(&store)).replay_guard());
    app.send(github_signed("id-1", "{}")).await.assert_handled();
    let delivery = handler.last();
    assert!(store.forget(delivery.dedupe_key().unwrap()).await.unwrap());
    assert!(store.forget(&delivery.replay_key().unwrap()).await.unwrap());
    app.send(github_signed("id-1", "{}")).await.assert_handled();
    // Without a claim on the body there is no replay key.
    let app = handler.under(&github_layer());
    app.send(github_signed("id-1", "{}")).await.assert_handled();
    assert_eq!(handler.last().replay_key(), None);
    let app = handler.under(&github_layer().replay_guard().without_dedupe());
    app.send(github_signed("id-1", "{}")).await.assert_handled();
    assert_eq!(handler.last().replay_key(), None);
}

#[tokio::test(start_paused = true)]
async fn under_the_replay_guard_a_failure_releases_both_claims() {
    let handler = Handler::doing([Act::Answer(500), Act::Panic]);
    let app = handler.under(&github_layer().replay_guard());
    assert_eq!(app.send(github_signed("id-1", "{}")).await.status(), 500);
    app.start(github_signed("id-2", "{}")).await.unwrap_err();
    app.send(github_signed("id-1", "{}")).await.assert_handled();
}

#[tokio::test(start_paused = true)]
async fn under_the_replay_guard_a_body_in_progress_does_not_claim_the_new_id() {
    let store = faulty_store();
    let handler = Handler::doing([Act::Sleep(std::time::Duration::from_secs(5))]);
    let app = handler.under(&github_layer().dedupe(store.clone()).replay_guard());
    let first = app.start(github_signed("id-1", "{}"));
    settle_down().await;
    app.send(github_signed("id-2", "{}")).await.assert_rejected(RejectionKind::InProgress);
    app.send(github_signed("id-2", "a body of its own")).await.assert_handled();
    first.await.unwrap().assert_handled();
    assert_eq!(handler.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn under_the_replay_guard_a_store_that_fails_leaves_nothing_claimed() {
    let store = faulty_store();
    let handler = Handler::default();
    let app = handler
        .under(&github_layer().dedupe(store.clone()).replay_guard().on_store_failure(StoreFailure::Reject));
    // The claim on the id succeeds, the claim on the body fails.
    store.pass_next(Operation::Claim, 1);
    store.fail_next(Operation::Claim, 1, Fault::Error);
    app.send(github_signed("id-1", "{}")).await.assert_rejected(RejectionKind::StoreUnavailable);
    assert_eq!(handler.calls(), 0);
    tokio::time::sleep(Duration::from_secs(1)).await;
    app.send(github_signed("id-1", "{}")).await.assert_handled();
}

#[tokio::test(start_paused = true)]
async fn the_replay_guard_adds_no_store_calls_for_signed_ids() {
    let store = faulty_store();
    let handler = Handler::default();
    let app = handler.under(&layer().dedupe(store.clone()).replay_guard());
    app.send(signed("msg_1", "{}")).await.assert_handled();
    app.send(signed("msg_2", "{}")).await.assert_handled();
    assert_eq!(store.calls(Operation::Claim), 2);
}

#[tokio::test(start_paused = true)]
async fn the_replay_guard_works_with_a_verifier_without_a_mac() {
    let profile = Profile::new("acme").with_id(Location::header("x-id")).with_id_signed(false);
    let handler = Handler::default();
    let app = handler.under(&accepting(profile).replay_guard());
    let with_id = |id: &str| Request::post("/").header("x-id", id).body(Full::<Bytes>::from("{}")).unwrap();
    app.send(with_id("1")).await.assert_handled();
    app.send(with_id("2")).await.assert_duplicate();
    assert_eq!(handler.last().id(), Some("1"));
}
