//! JSON Web Signatures with a detached payload: known answers, the builder, and signing for tests.

use std::time::SystemTime;

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use http::{HeaderValue, Request};
use serde_json::Value;
use tower_webhook::{
    RejectionKind, Secret, testing,
    verify::{
        Algorithm, DetachedJws, DetachedJwsVerifier, JwsAlgorithm, Location, Profile, RequestContext,
        Verifier,
    },
};

use crate::judge::{assert_outcomes, body, changes, judge, named, now, profile, signed, text, verdict};

const ALGORITHMS: [JwsAlgorithm; 12] = [
    JwsAlgorithm::Hs256,
    JwsAlgorithm::Hs384,
    JwsAlgorithm::Hs512,
    JwsAlgorithm::Rs256,
    JwsAlgorithm::Rs384,
    JwsAlgorithm::Rs512,
    JwsAlgorithm::Ps256,
    JwsAlgorithm::Ps384,
    JwsAlgorithm::Ps512,
    JwsAlgorithm::Es256,
    JwsAlgorithm::Es384,
    JwsAlgorithm::EdDsa,
];

const NAME: &str = "x-jws-signature";

fn vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("detached_jws.json")).unwrap()
}

fn vector(id: &str) -> Value {
    vectors().into_iter().find(|vector| vector["id"] == id).unwrap()
}

fn algorithm(vector: &Value) -> JwsAlgorithm {
    ALGORITHMS.into_iter().find(|known| known.as_str() == text(&vector["algorithm"])).unwrap()
}

fn key(vector: &Value) -> Secret {
    let key = match vector["raw_key"].is_boolean() {
        true => Secret::from_bytes(BASE64URL_NOPAD.decode(text(&vector["key"]).as_bytes()).unwrap()).unwrap(),
        false => text(&vector["key"]).parse().unwrap(),
    };
    named(key, vector)
}

fn verifier(vector: &Value) -> DetachedJwsVerifier {
    let mut builder = DetachedJws::in_header(NAME).key(algorithm(vector), key(vector));
    if let Some(name) = vector["timestamp"].as_str() {
        builder = builder.timestamp(name);
    }
    for (name, value) in vector["parameters"].as_object().into_iter().flatten() {
        builder = builder.parameter(name, text(value));
    }
    builder.verifier(Profile::new("acme")).unwrap()
}

fn request(vector: &Value) -> Request<Bytes> {
    let request = Request::post("/in").header(NAME, text(&vector["jws"]));
    request.body(body(vector)).unwrap()
}

#[tokio::test]
async fn the_known_answers_are_judged_correctly() {
    assert_eq!(assert_outcomes(vectors(), verifier, request).await, 5);
}

#[tokio::test]
async fn no_body_can_be_changed() {
    for vector in vectors().iter().filter(|vector| vector["expect"] == "valid") {
        let verifier = verifier(vector);
        let original = request(vector);
        let body = original.body();
        let encoded = BASE64URL_NOPAD.encode(body);
        let mut changed = vec![[body, &b" "[..]].concat(), [b".", &body[..]].concat()];
        if !body.is_empty() {
            changed.extend([Vec::new(), body[1..].to_vec(), encoded.into_bytes()]);
        }
        for body in changed {
            let changed = original.clone().map(|_| Bytes::from(body));
            let verdict = verdict(&verifier, changed, vector).await;
            assert_eq!(verdict, Err(RejectionKind::WrongSignature), "{}", vector["id"]);
        }
    }
}

/// No change of the header makes the verifier panic, and none is accepted.
#[tokio::test]
async fn changed_headers_are_rejected() {
    const BYTES: &[u8] = b"\t \"=,.aAkK0-_/+\x80\xff";
    let vector = vector("own-b64-EdDSA");
    let verifier = verifier(&vector);
    for value in changes(text(&vector["jws"]).as_bytes(), BYTES) {
        let mut request = request(&vector);
        request.headers_mut().insert(NAME, value.clone());
        assert!(verdict(&verifier, request, &vector).await.is_err(), "{value:?}");
    }
}

#[tokio::test]
async fn long_and_repeated_headers_are_rejected() {
    let vector = vector("own-EdDSA");
    let verifier = verifier(&vector);
    let mut long = request(&vector);
    let value = format!("{}{}", "A".repeat(8 * 1024), text(&vector["jws"]));
    long.headers_mut().insert(NAME, value.parse().unwrap());
    let error = judge(&verifier, long, now(&vector)).await.unwrap_err();
    assert_eq!(error.to_string(), "`x-jws-signature` header is longer than 8 KiB");
    let mut twice = request(&vector);
    twice.headers_mut().append(NAME, HeaderValue::from_static("e30..AAAA"));
    assert_eq!(verdict(&verifier, twice, &vector).await, Err(RejectionKind::MalformedSignature));
    let mut none = request(&vector);
    none.headers_mut().remove(NAME);
    assert_eq!(verdict(&verifier, none, &vector).await, Err(RejectionKind::MissingSignature));
}

#[tokio::test]
async fn the_error_for_a_mac_of_another_algorithm_has_both_lengths() {
    let vector = vector("own-HS256");
    let (signed, _) = text(&vector["jws"]).rsplit_once('.').unwrap();
    let value = format!("{signed}.{}", BASE64URL_NOPAD.encode(&[7; 20]));
    let mut request = request(&vector);
    request.headers_mut().insert(NAME, value.parse().unwrap());
    let error = judge(&verifier(&vector), request, now(&vector)).await.unwrap_err();
    assert_eq!(error.kind(), RejectionKind::WrongSignature);
    assert_eq!(error.to_string(), "signature has 20 bytes instead of 32");
}

#[tokio::test]
async fn the_kid_and_alg_select_the_key() {
    let (ed, hmac) = (vector("kid"), vector("own-HS256"));
    let set = format!(r#"{{"keys":[{},{}]}}"#, text(&vector("own-ES256")["key"]), text(&ed["key"]));
    let verifier = DetachedJws::in_header(NAME)
        .key(JwsAlgorithm::Hs256, ["another".parse::<Secret>().unwrap(), key(&hmac)])
        .key(JwsAlgorithm::EdDsa, set.parse::<Secret>().unwrap())
        .verifier(Profile::new("acme"))
        .unwrap();
    assert_eq!(judge(&verifier, request(&hmac), now(&hmac)).await.unwrap().secret_index(), 1);
    assert_eq!(judge(&verifier, request(&ed), now(&ed)).await.unwrap().secret_index(), 2);
    let unnamed = vector("own-EdDSA");
    let verdict = verdict(&verifier, request(&unnamed), &unnamed).await;
    assert_eq!(verdict, Err(RejectionKind::WrongSignature));
    // The body is not read.
    let (head, _) = request(&unnamed).into_parts();
    let error = verifier.begin(&RequestContext::new(&head)).err().unwrap();
    assert_eq!(error.to_string(), "no key matches the JWS's `kid` and `alg`");
}

#[test]
fn the_profile_says_what_is_signed() {
    let built = |id: &str, event_type: &str| {
        let builder = DetachedJws::in_header(NAME).key(JwsAlgorithm::Hs256, "a".parse::<Secret>().unwrap());
        signed(&builder.verifier(profile(id, event_type).with_body_signed(false)).unwrap())
    };
    assert_eq!(built("body:/id", "form:type"), (true, true, true));
    assert_eq!(built("header:x-id", "query:type"), (true, false, false));
}

#[test]
fn invalid_settings_are_refused() {
    let secret = || "a secret".parse::<Secret>().unwrap();
    let named = |name: &str| DetachedJws::in_header(name).key(JwsAlgorithm::Hs256, secret());
    let refused = |builder: DetachedJws| builder.verifier(Profile::new("acme")).unwrap_err().to_string();
    assert!(refused(named("a b")).contains("`a b` is not a header name"));
    for name in ["alg", "kid", "b64", "crit"] {
        assert!(refused(named(NAME).parameter(name, "x")).contains(name));
        assert!(refused(named(NAME).timestamp(name)).contains(name));
    }
    assert!(refused(named(NAME).parameter("iat", "x").timestamp("iat")).contains("`iat` is repeated"));
    assert!(refused(DetachedJws::in_header(NAME)).contains("no key"));
    for algorithm in ALGORITHMS.into_iter().skip(3) {
        refused(DetachedJws::in_header(NAME).key(algorithm, secret()));
        let other = if algorithm == JwsAlgorithm::EdDsa { "own-ES256" } else { "own-EdDSA" };
        refused(DetachedJws::in_header(NAME).key(algorithm, key(&vector(other))));
    }
}

#[test]
fn debug_does_not_show_the_key() {
    let builder = DetachedJws::in_header(NAME).key(JwsAlgorithm::Hs256, "hunter2".parse::<Secret>().unwrap());
    let verifier = builder.clone().verifier(Profile::new("acme")).unwrap();
    assert!(!format!("{builder:?} {verifier:?}").contains("hunter2"));
}

#[tokio::test]
async fn the_test_kit_signs_requests() {
    let pair = |algorithm| testing::key_pair(algorithm).unwrap().with_key_id("k1");
    for (algorithm, key) in [
        (JwsAlgorithm::Hs256, "a secret".parse::<Secret>().unwrap()),
        (JwsAlgorithm::Hs512, "a secret".parse::<Secret>().unwrap().with_key_id("k1")),
        (JwsAlgorithm::Rs256, pair(Algorithm::RsaSha256)),
        (JwsAlgorithm::Rs512, pair(Algorithm::RsaSha512)),
        (JwsAlgorithm::EdDsa, pair(Algorithm::Ed25519)),
    ] {
        let verifier = DetachedJws::in_header(NAME)
            .key(algorithm, key)
            .timestamp("iat")
            .parameter("typ", "JOSE")
            .parameter("http://openbanking.org.uk/iss", "acme")
            .verifier(Profile::new("acme").with_id(Location::json("/id")))
            .unwrap();
        let unsigned = Request::post("/in").body(r#"{"id":"1"}"#).unwrap();
        let signed = testing::sign(&verifier, unsigned).unwrap();
        let verified = judge(&verifier, signed, SystemTime::now()).await.unwrap();
        assert_eq!(verified.id(), Some("1"), "{algorithm:?}");
        assert!(verified.timestamp().is_some());
    }
}
