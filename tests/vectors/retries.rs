//! Retries that the provider signs anew. The signature and the timestamp of such a retry differ from those of the first
//! attempt, but the layer must recognize it as a duplicate. Conversely, deliveries with different bodies are different
//! even if all other values are equal.

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, header};
use serde_json::Value;
use tower_webhook::{
    Delivery, ManualClock, Rejection, Secret, WebhookLayer,
    provider::{self, Provider, ProviderVerifier},
    store::MokaStore,
    testing,
    verify::{Location, Verifier},
};

use super::{
    Vector, send,
    signing::{Sent, bare, take_from_query, valid},
    vectors,
};

/// Providers whose retries are not recognized, even with the replay guard.
const RUN_AGAIN: &[(&str, &str)] = &[
    ("messagebird-jwt", "the signed id is the token's `jti`, and the test kit generates another"),
    ("plivo-v2", "the signed id is the nonce, and the test kit generates another"),
    ("vonage-jwt", "the signed id is the token's `jti`, and the test kit generates another"),
    ("vonage-params-md5", "without a `messageId`, all parameters count, and the timestamp is one of them"),
];

/// Providers whose deliveries with different bodies count as duplicates.
const SAME_DESPITE_BODY: &[(&str, &str)] = &[
    ("braintree", "only the signed field of the form counts"),
    ("dropbox-sign", "only the JSON in the form counts"),
    ("mailgun", "the signed id is the timestamp and the token, which the second delivery repeats"),
];

/// Providers that the test kit cannot sign for with a key pair of its own.
const WITH_PRIVATE_KEYS: &[(&str, &str)] = &[
    ("apple-app-store", TOKEN),
    ("apple-app-store-sandbox", TOKEN),
    ("plaid", TOKEN),
    ("postal-sha1", "signatures with SHA-1 can only be verified"),
    ("saleor", TOKEN),
    ("wechat-pay", "the verifier needs a public key and a secret"),
    ("wix", TOKEN),
];

const TOKEN: &str = "the test kit generates no key pairs for JSON Web Tokens";

const BODY: &str = r#"{"id":"1"}"#;

/// A request to sign, without a signature, a timestamp and a nonce.
struct Unsigned {
    provider: &'static str,
    /// The vector's id, for failures.
    name: String,
    verifier: ProviderVerifier,
    request: Request<Bytes>,
    at: SystemTime,
    id: Option<String>,
}

impl Unsigned {
    /// Returns the vectors, and a request of each provider without vectors.
    async fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for vector in &valid() {
            all.extend(Self::of(vector).await);
        }
        let known: BTreeSet<_> = all.iter().map(|unsigned| unsigned.provider).collect();
        let unknown = providers().filter(|provider| !known.contains(provider.id));
        all.extend(unknown.filter_map(Self::of_provider));
        all
    }

    /// Returns `None` if the test kit cannot sign for the provider.
    async fn of(vector: &Vector) -> Option<Self> {
        let provider = vectors::provider(vector);
        let sent = Sent::of(vector).await;
        let mut request = bare(vector);
        for name in ["timestamp", "nonce"] {
            take_from_query(&mut request, name);
        }
        match &sent.delivery {
            None => *request.body_mut() = BODY.into(), // instead of a handshake
            // The test kit encrypts the payload.
            Some(delivery) if ["feishu", "wecom"].contains(&provider.id) => {
                *request.body_mut() = Bytes::copy_from_slice(delivery.payload());
            }
            Some(_) => {}
        }
        let verifier = sent.verifier();
        let verifier = match testing::sign_at(&verifier, request.clone(), sent.at) {
            Ok(_) => verifier,
            Err(_) => with_key_pair(provider)?,
        };
        Some(Self {
            provider: provider.id,
            name: vector.id.clone(),
            verifier,
            request,
            at: sent.at,
            id: sent.delivery.as_ref().and_then(Delivery::id).map(str::to_owned),
        })
    }

    /// Returns a request of a provider without vectors.
    fn of_provider(provider: &'static Provider) -> Option<Self> {
        let secret = || "a secret".parse::<Secret>().unwrap();
        let request = Request::post("https://receiver.example/webhook").body(BODY.into()).unwrap();
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let verifier = with_key_pair(provider).or_else(|| provider.verifier(secret()).ok())?;
        testing::sign_at(&verifier, request.clone(), at).ok()?;
        Some(Self { provider: provider.id, name: provider.id.to_owned(), verifier, request, at, id: None })
    }

    /// Signs the request, `delay` after the first attempt.
    fn sign(&self, ids: Option<HeaderMap>, delay: Duration) -> Request<Bytes> {
        let mut request = self.request.clone();
        request.headers_mut().extend(ids.unwrap_or_default());
        testing::sign_at(&self.verifier, request, self.at + delay).unwrap()
    }

    /// Returns the headers that contain the delivery id.
    fn ids(&self, request: &Request<Bytes>) -> HeaderMap {
        let headers = self.verifier.profile().id().iter().filter_map(|place| match place {
            Location::Header(name) => Some((name.clone(), request.headers().get(name)?.clone())),
            _ => None,
        });
        headers.collect()
    }

    /// Signs another body with the values of `first`, apart from the delivery id. Returns `None` if there is no body.
    fn with_another_body(&self, first: &Request<Bytes>) -> Option<Request<Bytes>> {
        let mut request = first.clone();
        for name in self.ids(first).keys() {
            request.headers_mut().insert(name, HeaderValue::from_static("another"));
        }
        *request.body_mut() = self.another_body()?;
        Some(testing::sign_at(&self.verifier, request, self.at).unwrap())
    }

    /// Returns the body with another member or parameter, and with another id. `None` if the body is empty.
    fn another_body(&self) -> Option<Bytes> {
        let (request, places) = (&self.request, self.verifier.profile().id());
        let body = match self.id.as_deref().filter(|_| places.is_empty()) {
            // An id without a location is made of several values, which are separated with colons.
            Some(id) => {
                let first = id.split(':').next().unwrap();
                std::str::from_utf8(request.body()).unwrap().replace(first, &"7".repeat(first.len())).into()
            }
            None => request.body().clone(),
        };
        if body.is_empty() {
            return None;
        }
        if let Ok(mut json) = serde_json::from_slice::<Value>(&body) {
            match &mut json {
                Value::Object(object) => drop(object.insert("unrelated".to_owned(), "other".into())),
                Value::Array(list) => list.push(serde_json::json!({"unrelated": "other"})),
                _ => return None,
            }
            for place in places {
                let Location::Json(pointer) = place else { continue };
                if let Some(value) = json.pointer_mut(pointer) {
                    *value = if value.is_number() { 77.into() } else { "another".into() };
                }
            }
            return Some(json.to_string().into());
        }
        let content_type = request.headers().get(header::CONTENT_TYPE);
        if content_type
            .is_some_and(|value| value.as_bytes().starts_with(b"application/x-www-form-urlencoded"))
        {
            let mut pairs: Vec<_> = form_urlencoded::parse(&body).into_owned().collect();
            for place in places {
                let Location::Form(name) = place else { continue };
                pairs
                    .iter_mut()
                    .filter(|(found, _)| found == name)
                    .for_each(|pair| pair.1 = "another".to_owned());
            }
            pairs.push(("unrelated".to_owned(), "other".to_owned()));
            return Some(form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().into());
        }
        Some([&body, &b" "[..]].concat().into())
    }
}

/// Returns a layer and its clock.
fn endpoint(unsigned: &Unsigned, has_guard: bool) -> (WebhookLayer, ManualClock) {
    let clock = ManualClock::new(unsigned.at);
    let layer = WebhookLayer::with_verifier(unsigned.verifier.clone())
        .clock(clock.clone())
        .dedupe(MokaStore::new(16).clock(clock.clone()));
    (if has_guard { layer.replay_guard() } else { layer }, clock)
}

/// Sends a request, and returns the delivery that the handler got; `None` for a duplicate.
async fn run(layer: &WebhookLayer, request: &Request<Bytes>) -> Option<Delivery> {
    let mut response = send(layer.clone(), request.clone()).await;
    let rejection = response.extensions().get::<Rejection>();
    assert!(rejection.is_none(), "{rejection:?} of {request:?}");
    response.extensions_mut().remove()
}

#[tokio::test]
async fn a_retry_that_is_signed_anew_is_a_duplicate() {
    const DELAY: Duration = Duration::from_secs(40);
    let (mut run_again, mut signed, mut anew) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for unsigned in &Unsigned::all().await {
        let (id, name) = (unsigned.provider, &unsigned.name);
        signed.insert(id);
        let first = unsigned.sign(None, Duration::ZERO);
        let retry = unsigned.sign(Some(unsigned.ids(&first)), DELAY);
        if first.headers() != retry.headers() {
            anew.insert(id);
        }
        for has_guard in [false, true] {
            let (layer, clock) = endpoint(unsigned, has_guard);
            let ran = run(&layer, &first).await.expect(name);
            clock.advance(DELAY);
            let is_known = ran.id().is_some() || unsigned.verifier.profile().equal_bodies();
            match (run(&layer, &retry).await, has_guard || is_known) {
                (Some(again), true) => {
                    // Without the same id, the first attempt and the retry are two deliveries.
                    assert!(again.id() != ran.id() || !is_known, "{name}");
                    run_again.insert((id, name.clone(), has_guard));
                }
                (again, is_duplicate) => assert_eq!(again.is_none(), is_duplicate, "{name}"),
            }
        }
    }
    let found: BTreeSet<_> = run_again.iter().map(|(id, ..)| *id).collect();
    assert_eq!(found, listed(RUN_AGAIN), "{run_again:?}");
    let missing: BTreeSet<_> =
        providers().map(|provider| provider.id).filter(|id| !signed.contains(id)).collect();
    assert_eq!(missing, listed(WITH_PRIVATE_KEYS));
    assert!(anew.len() >= 100, "only {anew:?} have another signature");
}

#[tokio::test]
async fn deliveries_with_different_bodies_are_different() {
    let mut same = BTreeSet::new();
    let mut judged = BTreeSet::new();
    for unsigned in &Unsigned::all().await {
        let (id, name) = (unsigned.provider, &unsigned.name);
        let first = unsigned.sign(None, Duration::ZERO);
        let Some(other) = unsigned.with_another_body(&first) else { continue };
        judged.insert(id);
        for has_guard in [false, true] {
            let (layer, _) = endpoint(unsigned, has_guard);
            assert!(run(&layer, &first).await.is_some(), "{name}");
            if run(&layer, &other).await.is_none() {
                same.insert((id, name.clone(), has_guard));
            }
        }
    }
    let found: BTreeSet<_> = same.iter().map(|(id, ..)| *id).collect();
    assert_eq!(found, listed(SAME_DESPITE_BODY), "{same:?}");
    assert!(judged.len() >= 280, "only {judged:?}");
}

/// Returns the providers whose requests the test kit may sign, apart from aliases.
fn providers() -> impl Iterator<Item = &'static Provider> {
    provider::all().filter(|provider| provider.alias_of().is_none() && !provider.fetches_keys())
}

fn listed(table: &[(&'static str, &str)]) -> BTreeSet<&'static str> {
    table.iter().map(|(id, _)| *id).collect()
}

/// Returns a verifier with a key pair, if the provider signs with a private key.
fn with_key_pair(provider: &Provider) -> Option<ProviderVerifier> {
    let scheme = serde_json::to_value(provider.scheme()?).unwrap();
    let pair = testing::key_pair(serde_json::from_value(scheme["alg"].clone()).unwrap()).ok()?;
    provider.verifier(pair.with_key_id("key")).ok()
}
