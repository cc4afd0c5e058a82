//! Several layers in one service: state that clones share, and settings that belong to one provider.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, request::Parts};
use http_body_util::Full;
use tower_webhook::{
    Drain, ManualClock, RejectionKind, Secret, StoreFailure, WebhookLayer, provider,
    store::Key,
    testing::{self, Fault, Operation},
    verify::{self, Endpoint, Location, Profile, Verified},
};

use crate::support::{
    Act, Handler, NOW, TokioClock, faulty_store, github_layer, github_signed, layer, secret, settle_down,
    signed, signed_with,
};

fn github() -> provider::ProviderVerifier {
    provider::github(crate::support::GITHUB_SECRET.parse::<Secret>().unwrap())
}

#[tokio::test(start_paused = true)]
async fn replacing_the_verifier_keeps_the_other_settings() {
    let store = faulty_store();
    let handler = Handler::default();
    let standard =
        layer().dedupe(store.clone()).body_limit(20).json::<Vec<u8>>().on_rejection(|_, mut response| {
            response.headers_mut().insert("x-hook", 1.into());
            response
        });
    let app = handler.under(&standard.verifier(github()));
    app.send(github_signed("1", "[1]")).await.assert_handled();
    app.send(github_signed("1", "[1]")).await.assert_duplicate();
    assert_eq!(store.calls(Operation::Claim), 2);
    app.send(signed("1", "[1]")).await.assert_rejected(RejectionKind::MissingSignature);
    let answer = app.send(github_signed("2", "{}")).await;
    answer.assert_rejected(RejectionKind::Undecodable);
    assert_eq!(answer.header("x-hook"), Some("1"));
    let large = app.send(github_signed("3", &"1".repeat(21))).await;
    large.assert_rejected(RejectionKind::BodyTooLarge);
}

#[tokio::test(start_paused = true)]
async fn replacing_the_verifier_clears_what_belongs_to_one_provider() {
    let handler = Handler::default();
    let app = handler.under(&layer().scope("orders").verifier(github()));
    app.send(github_signed("1", "{}")).await.assert_handled();
    assert_ne!(handler.last().dedupe_key().unwrap().scope(), "github-orders");

    // Square signs the request's URL.
    let square = provider::square("key".parse::<Secret>().unwrap());
    let app = handler.under(&layer().public_url("https://other.example/").verifier(square.clone()));
    let request = Request::post("/").header("host", "shop.example").body(Bytes::from("{}")).unwrap();
    app.send(testing::sign(&square, request).unwrap().map(Full::new)).await.assert_handled();

    let meta = || provider::meta("key".parse::<Secret>().unwrap());
    let token: Secret = "token".parse().unwrap();
    let handshake = || {
        let uri = "/?hub.mode=subscribe&hub.verify_token=token&hub.challenge=42";
        Request::get(uri).body(Full::<Bytes>::default()).unwrap()
    };
    let with_token = WebhookLayer::with_verifier(meta()).verify_token(token);
    assert_eq!(handler.under(&with_token).send(handshake()).await.body, "42");
    let answer = handler.under(&with_token.verifier(meta())).send(handshake()).await;
    answer.assert_rejected(RejectionKind::MissingSignature);
}

/// With the settings of the replaced provider, some of these deliveries would get a 200 without running.
#[tokio::test(start_paused = true)]
async fn replacing_the_verifier_resets_settings_that_would_lose_events() {
    let others = layer()
        .only_events(["invoice.paid"])
        .dedupe_by(|_, _| Some(Key::new("deliveries", "the same")))
        .replay_guard()
        .lease(Duration::from_secs(600));
    let handler = Handler::default();
    let app = handler.under(&others.verifier(github()));
    for id in ["1", "2"] {
        app.send(github_signed(id, "{}")).await.assert_handled();
    }
    assert_eq!(handler.last().dedupe_key().unwrap().id(), "2");

    // GitHub never retries, so a store failure must not reject the delivery.
    let store = faulty_store();
    let rejecting = layer().on_store_failure(StoreFailure::Reject).dedupe(store.clone());
    store.fail(Operation::Claim, Fault::Error);
    handler.under(&rejecting.verifier(github())).send(github_signed("3", "{}")).await.assert_handled();

    // The wide tolerance of the replaced verifier no longer applies.
    let old = signed_with(crate::support::SECRET, "msg_1", NOW - 3_600, "{}");
    let tolerant = github_layer().tolerance(Duration::from_secs(86_400));
    let verifier = provider::standard_webhooks(secret()).unwrap();
    let answer = handler.under(&tolerant.verifier(verifier)).send(old).await;
    answer.assert_rejected(RejectionKind::StaleTimestamp);
}

#[tokio::test(start_paused = true)]
async fn replacing_the_verifier_replaces_a_lookup() {
    let layer = WebhookLayer::with_lookup(async |_: &Parts| Ok(None::<Endpoint>));
    let app = Handler::default().under(&layer.clock(TokioClock::start()).verifier(github()));
    app.send(github_signed("1", "{}")).await.assert_handled();
}

#[tokio::test(start_paused = true)]
async fn verifiers_of_one_layer_do_not_drop_each_others_deliveries() {
    let custom = || {
        let profile = Profile::new("custom").with_id(Location::header("x-id"));
        verify::from_fn(|_, _| Ok(Verified::new())).with_profile(profile)
    };
    let request = || Request::post("/").header("x-id", "1").body(Full::<Bytes>::from("{}")).unwrap();
    let handler = Handler::default();
    // A layer keeps its store, even the default one, when its verifier is replaced. Both verifiers share this store,
    // so the new verifier needs a scope.
    let second = layer().verifier(custom());
    let answer = handler.under(&second).send(request()).await;
    answer.assert_rejected(RejectionKind::VerifierUnavailable);
    for scope in ["one", "two"] {
        handler.under(&second.clone().verifier(custom()).scope(scope)).send(request()).await.assert_handled();
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_can_be_shared() {
    let drain = Drain::new();
    let handler = Handler::doing([Act::Sleep(Duration::from_secs(5)), Act::Sleep(Duration::from_secs(9))]);
    let layers = [layer(), github_layer()].map(|layer| layer.detached().drain_with(&drain));
    let [standard, github] = layers.each_ref().map(|layer| handler.under(layer));
    let calls = [standard.start(signed("1", "{}")), github.start(github_signed("1", "{}"))];
    settle_down().await;
    calls.iter().for_each(|call| call.abort());
    settle_down().await;
    assert_eq!((drain.running(), layers[0].drain().running(), handler.running()), (2, 2, 2));
    drain.finished().await;
    assert_eq!((drain.running(), handler.running()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn drains_are_separate_by_default() {
    let handler = Handler::doing([Act::Sleep(Duration::from_secs(5))]);
    let (one, other) = (layer().detached(), layer().detached());
    let app = handler.under(&one);
    let call = app.start(signed("1", "{}"));
    settle_down().await;
    assert_eq!((one.drain().running(), other.drain().running()), (1, 0));
    call.await.unwrap().assert_handled();
}

#[tokio::test(start_paused = true)]
async fn clones_share_the_default_store_whenever_their_clock_is_set() {
    let handler = Handler::default();
    let layer = WebhookLayer::new(secret()).clock(TokioClock::start());
    let first = layer.clone();
    handler.under(&first).send(signed("1", "{}")).await.assert_handled();
    let later = layer.clock(TokioClock::start());
    for layer in [&later, &first, &later.clone().clock(TokioClock::start())] {
        handler.under(layer).send(signed("1", "{}")).await.assert_duplicate();
    }
    assert_eq!(handler.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_default_store_has_the_clock_of_the_first_service_in_any_order_of_settings() {
    let clock = ManualClock::at_unix(0);
    let before =
        WebhookLayer::with_verifier(github()).clock(clock.clone()).dedupe_window(Duration::from_secs(60));
    let after =
        WebhookLayer::with_verifier(github()).dedupe_window(Duration::from_secs(60)).clock(clock.clone());
    for layer in [before, after.clone(), after.verifier(github())] {
        let app = Handler::default().under(&layer);
        app.send(github_signed("1", "{}")).await.assert_handled();
        clock.advance(Duration::from_secs(59));
        app.send(github_signed("1", "{}")).await.assert_duplicate();
        clock.advance(Duration::from_secs(1));
        app.send(github_signed("1", "{}")).await.assert_handled();
        // Let the window expire, because the last two layers share a store.
        clock.advance(Duration::from_secs(60));
    }
}
