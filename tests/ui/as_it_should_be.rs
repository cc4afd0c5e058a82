// The correct version of everything that the other files get wrong. It compiles.
use std::{collections::HashMap, convert::Infallible, sync::Arc};

use axum::{
    Router,
    handler::{Handler, HandlerWithoutStateExt},
    routing::post,
};
use http::{Request, Response, request::Parts};
use tower::{Layer, Service, service_fn};
use tower_webhook::{
    Body, BoxError, Event, EventRouter, Payload, Secret, Secrets, SystemClock, WebhookLayer, provider,
    store::{AnyStore, CachedStore, MokaStore},
    verify::{
        self, CachedLookup, Encoding, Endpoint, InvalidScheme, Scheme, SchemeVerifier, Verified, Verifier,
        VerifyError,
    },
};

#[derive(serde::Deserialize)]
struct Order {
    number: u32,
}

/// A type of the application.
struct Settings(HashMap<String, Secret>);

impl From<Settings> for Secrets {
    fn from(Settings(mut settings): Settings) -> Self {
        settings.remove("github").unwrap().into()
    }
}

fn of_any(secrets: impl Into<Secrets>) -> WebhookLayer {
    WebhookLayer::new(secrets)
}

/// Returns a verifier whose type is not known before run time.
fn by_name(name: &str, secret: Secret) -> Result<Box<dyn Verifier>, BoxError> {
    Ok(match name {
        "acme" => Box::new(named(name, secret)?),
        "svix" => Box::new(provider::svix(secret)?),
        other => Box::new(provider::find(other).ok_or("no such provider")?.verifier(secret)?),
    })
}

/// Returns a store whose type is not known before run time.
fn store_of(is_cached: bool) -> AnyStore {
    let memory = MokaStore::new(100);
    if is_cached { CachedStore::new(memory, 1).into() } else { memory.into() }
}

/// Returns a verifier with a borrowed provider name.
fn named(name: &str, secret: Secret) -> Result<SchemeVerifier, InvalidScheme> {
    Scheme::hmac_sha256("x-signature", Encoding::Hex).verifier(name, secret)
}

async fn on_order(order: Event<Order>) -> String {
    order.number.to_string()
}

#[derive(serde::Deserialize)]
struct Configured {
    _secrets: Secrets,
    _token: Option<Secret>,
}

async fn on_order_by_pattern(Event(order): Event<Order>) -> String {
    order.number.to_string()
}

/// Routes events to a service that is known only by its bounds.
fn on_push<S>(service: S) -> EventRouter<axum::body::Body, Infallible>
where
    S: Service<Request<Body>, Response = axum::response::Response, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send,
{
    EventRouter::new().on("push", service.clone()).fallback(service)
}

async fn on_payload(Payload(order): Payload<Order>) -> String {
    order.number.to_string()
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let secret: Secret = "a secret".parse()?;
    let _ = provider::github(Settings(HashMap::from([("github".to_owned(), secret.clone())])));
    let _ = of_any([secret.clone(), secret.clone()]);
    let _ = provider::github(Secrets::try_from(vec![secret.clone()])?);
    let _ = provider::github(Secrets::try_from(vec!["new".to_owned(), "old".to_owned()])?);
    let _ = provider::github(Secret::from_env("SECRET")?);
    let _ = provider::github(Secret::try_from(std::env::var("SECRET")?)?);
    let _ = WebhookLayer::with_verifier(verify::from_fn(|request, _| match request.head().headers.contains_key("x") {
        true => Ok(Verified::new()),
        false => Err(VerifyError::missing("`x` header is missing")),
    }));

    let boxed: Box<dyn Verifier> = by_name("github", secret.clone())?;
    let shared: Arc<dyn Verifier> = Arc::from(by_name("acme", secret.clone())?);
    let table = HashMap::from([("/hooks/acme", shared.clone())]);
    let _ = WebhookLayer::with_verifier(boxed).verifier(shared);
    let _ = WebhookLayer::with_lookup(move |head: &Parts| {
        let verifier = table.get(head.uri.path()).cloned();
        async move { Ok(verifier) }
    });

    // A verifier in place of an endpoint, and an `async` closure that captures nothing.
    let github = provider::github(secret.clone());
    let _ = WebhookLayer::with_lookup(move |_: &Parts| {
        let github = github.clone();
        async move { Ok(Some(github)) }
    });
    let _ = WebhookLayer::with_lookup(async |head: &Parts| Ok(head.extensions.get::<Endpoint>().cloned()));
    let (capacity, ttl) = (10, std::time::Duration::from_secs(60));
    let _ = WebhookLayer::with_lookup(CachedLookup::new(
        capacity,
        ttl,
        |head| head.uri.path().rsplit('/').next().map(str::to_owned),
        async |name: String| Ok(Some(provider::github(name.parse::<Secret>()?))),
    ));

    let layer = WebhookLayer::with_verifier(provider::github(secret))
        .json::<Order>()
        .clock(SystemClock)
        .on_rejection(|rejection, response| response.map(|_| rejection.to_string().into()))
        .dedupe(Arc::new(MokaStore::new(100)));
    let _: Router = Router::new()
        .route("/orders", post(on_order).layer(layer.clone()))
        .route("/patterns", post(on_order_by_pattern).layer(layer.clone()))
        .route("/payloads", post(on_payload).layer(layer.clone()));
    let _ = layer.clone().dedupe(store_of(true));
    let _ = on_order(Event(Arc::new(Order { number: 17 })));
    let handler =
        service_fn(async |_: Request<Body>| Ok::<_, Infallible>(Response::new("handled".to_owned())));
    let events = on_push(on_payload.with_state(())).on("issues", on_payload.into_service());
    let _: Router = Router::new().route_service("/events", layer.layer(EventRouter::new().fallback(events)));
    let _: Router = Router::new().route_service("/hyper", layer.layer(handler));
    Ok(())
}
