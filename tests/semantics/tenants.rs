//! One layer for many tenants: the lookup of endpoints, and the separation of their deliveries.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, request::Parts};
use http_body_util::Full;
use tokio::time::Instant;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{
    Body, BoxError, Delivery, RejectionKind, Secret, StoreFailure, WebhookLayer, provider,
    store::{Key, MokaStore},
    testing::Operation,
    verify::{self, CachedLookup, Endpoint, Location, Profile, Verified, Verifier, VerifyError},
};

use crate::{
    sign::{self, Sent},
    support::{
        Answer, Handler, NOW, OTHER_SECRET, SECRET, TokioClock, faulty_store, signed, signed_with, to,
        with_header,
    },
};

#[derive(Clone, Debug, PartialEq)]
struct Tenant(&'static str);

/// Returns a verifier that compares a token and sets no secret fingerprint.
fn by_token(token: &'static str) -> impl Verifier {
    let profile = Profile::new("acme").with_id(Location::header("x-id")).with_id_signed(false);
    let verifier = verify::from_fn(move |request, _| {
        let sent =
            request.head().headers.get("x-token").ok_or(VerifyError::missing("`x-token` is missing"))?;
        match verify::constant_time_eq(sent.as_bytes(), token.as_bytes()) {
            true => Ok(Verified::new()),
            false => Err(VerifyError::wrong("`x-token` is not the token")),
        }
    });
    verifier.with_profile(profile)
}

/// Returns a layer whose endpoints are `/a` and `/b`.
fn tenants(a: Endpoint, b: Endpoint) -> WebhookLayer {
    WebhookLayer::with_lookup(move |head: &Parts| {
        let endpoint = match head.uri.path() {
            "/a" => Some(a.clone()),
            "/b" => Some(b.clone()),
            _ => None,
        };
        async move { Ok(endpoint) }
    })
    .clock(TokioClock::start())
}

fn with_token(path: &str, id: Option<&str>) -> Sent {
    let request = Request::post(path).header("x-token", path.trim_start_matches('/'));
    let request = id.into_iter().fold(request, |request, id| request.header("x-id", id));
    request.body(Full::from("{}")).unwrap()
}

#[tokio::test(start_paused = true)]
async fn tenants_without_fingerprint_and_scope_do_not_drop_each_others_deliveries() {
    for policy in [StoreFailure::Reject, StoreFailure::Proceed] {
        let (store, handler) = (faulty_store(), Handler::default());
        let layer = tenants(by_token("a").into(), by_token("b").into());
        for layer in [layer.clone(), layer.clone().replay_guard(), layer.dedupe(store.clone())] {
            let app = handler.under(&layer.on_store_failure(policy));
            for path in ["/a", "/b"] {
                let answer = app.send(with_token(path, Some("1"))).await;
                answer.assert_rejected(RejectionKind::VerifierUnavailable);
                assert_eq!(answer.header("retry-after"), Some("10"));
                let reason = std::error::Error::source(answer.rejection().unwrap()).unwrap().to_string();
                assert!(reason.starts_with("endpoint has no deduplication scope"), "{reason}");
            }
            // The signature is checked first, so that a client without a valid signature learns nothing.
            let forged = with_header("x-token", "guessed", with_token("/a", Some("1")));
            app.send(forged).await.assert_rejected(RejectionKind::WrongSignature);
        }
        assert_eq!((handler.calls(), store.calls(Operation::Claim)), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn each_endpoints_scope_separates_equal_ids() {
    let handler = Handler::default();
    let layer = tenants(
        Endpoint::new(by_token("a")).scope("tenant-a"),
        Endpoint::new(by_token("b")).scope("tenant-b"),
    );
    let app = handler.under(&layer.dedupe(faulty_store()));
    for (path, scope) in [("/a", "acme-tenant-a"), ("/b", "acme-tenant-b")] {
        app.send(with_token(path, Some("1"))).await.assert_handled();
        assert_eq!(handler.last().dedupe_key(), Some(&Key::new(scope, "1")));
        app.send(with_token(path, Some("1"))).await.assert_duplicate();
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoints_scope_overrides_the_layers() {
    let handler = Handler::default();
    let layer = tenants(by_token("a").into(), Endpoint::new(by_token("b")).scope("b"));
    let app = handler.under(&layer.scope("shared"));
    for (path, scope) in [("/a", "acme-shared"), ("/b", "acme-b")] {
        app.send(with_token(path, Some("1"))).await.assert_handled();
        assert_eq!(handler.last().dedupe_key().unwrap().scope(), scope);
        let item = handler.last().item_key("i").unwrap();
        assert_eq!(item.scope(), format!("{scope}#item"));
    }
}

#[tokio::test(start_paused = true)]
async fn secrets_of_tenants_separate_equal_ids() {
    let verifier = |secret: &str| provider::standard_webhooks(secret.parse::<Secret>().unwrap()).unwrap();
    let handler = Handler::default();
    let app = handler.under(&tenants(verifier(SECRET).into(), verifier(OTHER_SECRET).into()));
    for (path, secret) in [("/a", SECRET), ("/b", OTHER_SECRET)] {
        app.send(to(path, signed_with(secret, "msg_1", NOW, "{}"))).await.assert_handled();
    }
    assert_eq!(handler.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_delivery_without_an_id_needs_no_scope_but_its_items_do() {
    for policy in [StoreFailure::Reject, StoreFailure::Proceed] {
        let handler = Handler::default();
        let layer = tenants(by_token("a").into(), by_token("b").into());
        let app = handler.under(&layer.on_store_failure(policy));
        app.send(with_token("/a", None)).await.assert_handled();
        app.send(with_token("/a", None)).await.assert_handled();
        assert_eq!(handler.last().item_key("1"), None);
        assert!(handler.last().claim_item("1").await.is_err());
        // An item without an id is not claimed.
        assert!(handler.last().claim_item("").await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_chosen_store_needs_a_scope_and_the_default_store_does_not() {
    let handler = Handler::default();
    let layer = WebhookLayer::with_verifier(by_token("a")).clock(TokioClock::start());
    let shared = layer.clone().dedupe(faulty_store());
    for layer in [layer.clone(), layer.without_dedupe(), shared.clone().scope("orders")] {
        handler.under(&layer).send(with_token("/a", Some("1"))).await.assert_handled();
    }
    let answer = handler.under(&shared).send(with_token("/a", Some("1"))).await;
    answer.assert_rejected(RejectionKind::VerifierUnavailable);
}

#[tokio::test(start_paused = true)]
async fn a_custom_key_needs_no_scope() {
    let handler = Handler::default();
    let layer = tenants(
        Endpoint::new(by_token("a")).insert(Tenant("a")),
        Endpoint::new(by_token("b")).insert(Tenant("b")),
    );
    let app = handler.under(&layer.dedupe_by(|head, delivery| {
        let Tenant(name) = head.extensions.get()?;
        Some(Key::new(name, delivery.id()?))
    }));
    for path in ["/a", "/b"] {
        app.send(with_token(path, Some("1"))).await.assert_handled();
        app.send(with_token(path, Some("1"))).await.assert_duplicate();
    }
    let key = handler.last().dedupe_key().cloned().unwrap();
    assert!(key.scope().starts_with("acme#") && key.scope().ends_with("#by-b"), "{key}");
    assert_eq!(key.id(), "1");
}

#[tokio::test(start_paused = true)]
async fn custom_keys_are_in_the_scope_of_the_endpoint() {
    for scopes in [None, Some(["a", "b"])] {
        let endpoint = |secret: &str, index: usize| {
            let endpoint = Endpoint::new(provider::github(secret.parse::<Secret>().unwrap()));
            scopes.map_or(endpoint.clone(), |scopes| endpoint.scope(scopes[index]))
        };
        let handler = Handler::default();
        let layer = tenants(endpoint("a's secret", 0), endpoint("b's secret", 1));
        let app = handler.under(
            &layer.dedupe_by(|head, _| Some(Key::new("orders", head.headers.get("x-order")?.to_str().ok()?))),
        );
        for (path, secret) in [("/a", "a's secret"), ("/b", "b's secret")] {
            for runs in [true, false] {
                let request = to(path, sign::github(secret, "1", "push", "{}"));
                let answer = app.send(with_header("x-order", "17", request)).await;
                assert_eq!((answer.status(), answer.is_duplicate()), (200, !runs), "{path}");
            }
        }
    }
}

/// Returns a delivery that is valid at every endpoint with the same secret.
fn shared(path: &str) -> Sent {
    to(path, signed("msg_1", "{}"))
}

/// Returns a layer with one endpoint for each of these paths, all with the same secret.
fn with_one_secret(profile: fn(Profile) -> Profile, paths: &'static [&str]) -> WebhookLayer {
    let verifier =
        provider::standard_webhooks(SECRET.parse::<Secret>().unwrap()).unwrap().with_profile(profile);
    let layer = WebhookLayer::with_lookup(move |head: &Parts| {
        let is_known = paths.contains(&head.uri.path());
        let verifier = is_known.then(|| verifier.clone());
        async move { Ok(verifier) }
    });
    layer.clock(TokioClock::start())
}

#[tokio::test(start_paused = true)]
async fn tenants_with_one_secret_do_not_drop_each_others_deliveries() {
    for profile in [|profile| profile, |profile: Profile| profile.with_shared_secret(true)] {
        let layer = with_one_secret(profile, &["/acme", "/globex", "/acm%65"]);
        for layer in [layer.clone(), layer.clone().public_url("https://hooks.example"), layer.replay_guard()]
        {
            let handler = Handler::default();
            let app = handler.under(&layer.dedupe(MokaStore::new(100)));
            // Here, each spelling of a path is a separate tenant.
            for path in ["/globex", "/acm%65", "/acme"] {
                app.send(shared(path)).await.assert_handled();
                app.send(shared(path)).await.assert_duplicate();
            }
            app.send(shared("/%61cme")).await.assert_rejected(RejectionKind::UnknownEndpoint);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn services_of_one_tenant_are_distinguished_by_their_public_urls() {
    let (store, handler) = (Arc::new(MokaStore::new(100)), Handler::default());
    for url in ["https://a.example/acme", "https://b.example/acme"] {
        let layer = with_one_secret(|profile| profile, &["/acme"]).public_url(url);
        let app = handler.under(&layer.dedupe(Arc::clone(&store)));
        app.send(shared("/acme")).await.assert_handled();
        app.send(shared("/acme")).await.assert_duplicate();
    }
}

/// Returns the name of a tenant in a path, decoded.
fn decoded(head: &Parts) -> String {
    head.uri.path().trim_start_matches('/').replace("%65", "e")
}

#[tokio::test(start_paused = true)]
async fn another_spelling_of_a_path_is_a_duplicate_if_the_lookup_sets_the_name() {
    for shared_secret in [false, true] {
        let verifier = provider::standard_webhooks(SECRET.parse::<Secret>().unwrap()).unwrap();
        let verifier = verifier.with_profile(|profile| profile.with_shared_secret(shared_secret));
        let named = verifier.clone();
        let cached = WebhookLayer::with_lookup(CachedLookup::new(
            10,
            Duration::from_secs(60),
            |head| Some(decoded(head)),
            move |_: String| std::future::ready(Ok(Some(verifier.clone()))),
        ));
        let scoped = WebhookLayer::with_lookup(move |head: &Parts| {
            let endpoint = Endpoint::new(named.clone()).scope(&decoded(head));
            async move { Ok(Some(endpoint)) }
        });
        for layer in [cached, scoped] {
            let handler = Handler::default();
            let app = handler.under(&layer.clock(TokioClock::start()));
            for (path, runs) in [("/acme", true), ("/acm%65", false), ("/globex", true)] {
                let answer = app.send(shared(path)).await;
                assert_eq!((answer.status(), answer.is_duplicate()), (200, !runs), "{path}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn scopes_chosen_by_tenants_do_not_collide() {
    type GitHub = fn(Secret) -> provider::ProviderVerifier;
    let endpoint = |github: GitHub, scope: &str| Endpoint::new(github(SECRET.parse().unwrap())).scope(scope);
    for (mallory, acme) in [
        (endpoint(provider::github, "sha1-acme"), endpoint(provider::github_sha1, "acme")),
        (endpoint(provider::github, "acme%23item"), endpoint(provider::github, "acme#item")),
    ] {
        let handler = Handler::default();
        let app = handler.under(&tenants(mallory, acme));
        for path in ["/a", "/b"] {
            for sign in [provider::github as GitHub, provider::github_sha1] {
                let request =
                    Request::post(path).header("x-github-delivery", "1").body(Bytes::from("{}")).unwrap();
                let request = tower_webhook::testing::sign(&sign(SECRET.parse().unwrap()), request).unwrap();
                app.send(request.map(Full::new)).await;
            }
        }
        assert_eq!(handler.calls(), 2);
    }
    let handler = Handler::default();
    let app =
        handler.under(&tenants(endpoint(provider::github, "acme#item"), endpoint(provider::github, "acme")));
    let request = || sign::github(SECRET, "1", "push", "{}");
    app.send(to("/b", request())).await.assert_handled();
    let item = handler.last().item_key("1");
    app.send(to("/a", request())).await.assert_handled();
    assert_ne!(handler.last().dedupe_key().cloned(), item);
}

#[tokio::test(start_paused = true)]
async fn the_handler_gets_the_values_of_the_matched_endpoint() {
    let layer = tenants(
        Endpoint::new(by_token("a")).scope("a").insert(Tenant("a")).insert(1_u8),
        Endpoint::new(by_token("b")).scope("b").insert(Tenant("b")),
    );
    let seen = Arc::new(Mutex::new(Vec::new()));
    let seen_by_handler = Arc::clone(&seen);
    let service = layer.layer(service_fn(move |request: Request<Body>| {
        let extensions = request.extensions();
        let tenant = extensions.get::<Tenant>().cloned();
        seen_by_handler.lock().unwrap().push((tenant, extensions.get::<u8>().copied()));
        async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())) }
    }));
    for path in ["/a", "/b"] {
        let mut request = with_token(path, Some("1"));
        // The endpoint's value replaces an existing one.
        request.extensions_mut().insert(Tenant("another"));
        assert_eq!(service.clone().oneshot(request).await.unwrap().status(), 200);
    }
    assert_eq!(*seen.lock().unwrap(), [(Some(Tenant("a")), Some(1)), (Some(Tenant("b")), None)]);
}

/// Returns a cached lookup that loads its endpoints with `load`, and its count of loads.
fn cached<Fut>(load: fn(String) -> Fut) -> (CachedLookup<String>, Arc<AtomicUsize>)
where
    Fut: Future<Output = Result<Option<Endpoint>, BoxError>> + Send + 'static,
{
    let loads = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&loads);
    let lookup = CachedLookup::new(
        10,
        Duration::from_secs(60),
        |head| head.uri.path().strip_prefix("/hooks/").map(str::to_owned),
        move |name: String| {
            counted.fetch_add(1, Ordering::SeqCst);
            load(name)
        },
    );
    (lookup, loads)
}

async fn send_to(lookup: &CachedLookup<String>, path: &str) -> Answer {
    let layer = WebhookLayer::with_lookup(lookup.clone()).clock(TokioClock::start());
    Handler::default().under(&layer).send(shared(path)).await
}

fn endpoint() -> Endpoint {
    provider::standard_webhooks(SECRET.parse::<Secret>().unwrap()).unwrap().into()
}

#[tokio::test(start_paused = true)]
async fn a_load_that_takes_too_long_serves_the_next_attempt() {
    let (lookup, loads) = cached(|_| async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        Ok(Some(endpoint()))
    });
    let began = Instant::now();
    send_to(&lookup, "/hooks/acme").await.assert_rejected(RejectionKind::VerifierUnavailable);
    assert_eq!(began.elapsed(), Duration::from_secs(1));
    tokio::time::sleep(Duration::from_secs(2)).await;
    send_to(&lookup, "/hooks/acme").await.assert_handled();
    assert_eq!(loads.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_name_is_rejected_like_a_wrong_signature() {
    let (lookup, loads) = cached(|name| async move { Ok((name == "acme").then(endpoint)) });
    send_to(&lookup, "/hooks/acme").await.assert_handled();
    for path in ["/hooks/unknown", "/hooks/unknown", "/elsewhere"] {
        send_to(&lookup, path).await.assert_rejected(RejectionKind::UnknownEndpoint);
    }
    assert_eq!(loads.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_delivery_keeps_its_endpoint_when_the_lookup_evicts_it() {
    let (lookup, _) = cached(|_| async { Ok(Some(endpoint().scope("acme"))) });
    let layer = WebhookLayer::with_lookup(lookup.clone()).clock(TokioClock::start());
    let handler = Handler::default();
    handler.under(&layer).send(shared("/hooks/acme")).await.assert_handled();
    lookup.invalidate("acme");
    drop((lookup, layer));
    let delivery: Delivery = handler.last();
    assert_eq!(delivery.item_key("1").unwrap().scope(), "standard-webhooks-acme#item");
    assert!(delivery.claim_item("1").await.is_ok());
}
