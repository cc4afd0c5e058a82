//! Signatures of draft-cavage-http-signatures: known answers, the builder, and signing for tests.

use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderValue, Request};
use serde_json::Value;
use tower_webhook::{
    RejectionKind, Secret, testing,
    verify::{
        Algorithm, CavageAlgorithm, CavageSignature, CavageSignatureVerifier, InvalidScheme, Location,
        Profile,
    },
};

use crate::judge::{
    assert_body_is_signed, assert_headers_are_signed, assert_outcomes, assert_url_is_signed, changes, judge,
    named, now, profile, request, signed, text, verdict,
};

const ALGORITHMS: [CavageAlgorithm; 7] = [
    CavageAlgorithm::HmacSha256,
    CavageAlgorithm::HmacSha512,
    CavageAlgorithm::RsaSha256,
    CavageAlgorithm::RsaSha512,
    CavageAlgorithm::RsaPssSha512,
    CavageAlgorithm::EcdsaP256Sha256,
    CavageAlgorithm::Ed25519,
];

const COMPONENTS: [&str; 4] = ["(request-target)", "host", "date", "digest"];

fn vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("cavage_signatures.json")).unwrap()
}

fn vector(id: &str) -> Value {
    vectors().into_iter().find(|vector| vector["id"] == id).unwrap()
}

fn algorithm(vector: &Value) -> CavageAlgorithm {
    ALGORITHMS.into_iter().find(|known| known.as_str() == text(&vector["algorithm"])).unwrap()
}

fn key(vector: &Value) -> Secret {
    named(text(&vector["key"]).parse().unwrap(), vector)
}

fn required(vector: &Value) -> Vec<&str> {
    vector["covers"].as_array().map_or(COMPONENTS.to_vec(), |covers| covers.iter().map(text).collect())
}

fn builder(vector: &Value) -> CavageSignature {
    let mut builder = match vector["covers"].is_array() {
        true => CavageSignature::covering(required(vector)),
        false => CavageSignature::new(),
    };
    let is_set = |name: &str| vector[name].as_bool().unwrap_or_default();
    if is_set("without_body") {
        builder = builder.without_body();
    }
    if is_set("in_authorization") {
        builder = builder.in_authorization();
    }
    builder
}

fn verifier(vector: &Value) -> CavageSignatureVerifier {
    builder(vector).key(algorithm(vector), key(vector)).verifier(Profile::new("acme")).unwrap()
}

#[tokio::test]
async fn the_known_answers_are_judged_correctly() {
    assert_eq!(assert_outcomes(vectors(), verifier, request).await, 3);
}

/// Each valid request is rejected if a signed part changes or is repeated.
#[tokio::test]
async fn no_signed_part_can_be_changed() {
    for vector in vectors().iter().filter(|vector| vector["expect"] == "valid") {
        let (verifier, id) = (verifier(vector), &vector["id"]);
        let required = required(vector);
        let headers = required.iter().copied().filter(|name| !name.starts_with('('));
        assert_headers_are_signed(&verifier, vector, headers).await;
        if vector["without_body"].is_null() {
            assert_body_is_signed(&verifier, vector).await;
        }
        if required.contains(&"(request-target)") {
            let mut changed = request(vector);
            *changed.uri_mut() = format!("{}x", changed.uri()).parse().unwrap();
            assert!(verdict(&verifier, changed, vector).await.is_err(), "{id}");
            let mut changed = request(vector);
            *changed.method_mut() = changed.method().as_str().to_lowercase().parse().unwrap();
            let verdict = verdict(&verifier, changed, vector).await;
            assert_eq!(verdict, Err(RejectionKind::MalformedSignature), "{id}");
        }
    }
}

/// A value cannot move from one signed header to another, or become two headers.
#[tokio::test]
async fn signed_values_cannot_move() {
    let secret: Secret = "a secret".parse().unwrap();
    let verifier = CavageSignature::covering([&COMPONENTS[..], &["x-a", "x-b"]].concat())
        .key(CavageAlgorithm::HmacSha256, secret)
        .verifier(Profile::new("acme"))
        .unwrap();
    let unsigned = Request::post("/in").header("host", "a.example").header("x-a", "1, 2").header("x-b", "");
    let signed = testing::sign(&verifier, unsigned.body(Bytes::from_static(b"{}")).unwrap()).unwrap();
    let judged = |a: &'static [&str], b: &'static str| {
        let mut request = signed.clone();
        request.headers_mut().remove("x-a");
        for value in a {
            request.headers_mut().append("x-a", HeaderValue::from_static(value));
        }
        request.headers_mut().insert("x-b", HeaderValue::from_static(b));
        judge(&verifier, request, SystemTime::now())
    };
    assert!(judged(&["1, 2"], "").await.is_ok());
    assert!(judged(&["1", "2"], "").await.is_err());
    assert!(judged(&["1, 2", ""], "").await.is_err());
    assert!(judged(&["1, 2 x-b:"], "").await.is_err());
    assert!(judged(&["1"], ", 2").await.is_err());
    assert!(judged(&["1, "], "2").await.is_err());
    assert!(judged(&[], "1, 2").await.is_err());
}

#[tokio::test]
async fn a_second_signature_is_rejected() {
    let vector = vector("own-ed25519");
    let mut twice = request(&vector);
    twice.headers_mut().append("signature", HeaderValue::from_static("keyId=\"k2\",signature=\"AAAA\""));
    let repeated = verdict(&verifier(&vector), twice, &vector).await;
    assert_eq!(repeated, Err(RejectionKind::MalformedSignature));

    // Only the configured header counts.
    let mut other = request(&vector);
    let signature = other.headers_mut().remove("signature").unwrap();
    let authorization = format!("Signature {}", signature.to_str().unwrap());
    other.headers_mut().insert("authorization", authorization.parse().unwrap());
    let missing = verdict(&verifier(&vector), other, &vector).await;
    assert_eq!(missing, Err(RejectionKind::MissingSignature));
}

#[tokio::test]
async fn long_headers_are_rejected() {
    let vector = vector("own-ed25519");
    let value = |name: &str| text(&vector["headers"][name]).to_owned();
    let parameters: Vec<_> = (0..16).map(|index| format!("a{index}=1")).collect();
    let names: Vec<_> = (0..65).map(|index| format!("x-{index}")).collect();
    for (name, long) in [
        ("signature", format!("{},a=\"{}\"", value("Signature"), "A".repeat(8 * 1024))),
        ("signature", format!("{},{}", value("Signature"), parameters.join(","))),
        ("signature", value("Signature").replace("headers=\"", &format!("headers=\"{} ", names.join(" ")))),
        ("digest", format!("{},a={}", value("Digest"), "A".repeat(8 * 1024))),
        ("digest", format!("{},{}", value("Digest"), parameters.join(","))),
    ] {
        let mut request = request(&vector);
        request.headers_mut().insert(name, long.parse().unwrap());
        let verdict = verdict(&verifier(&vector), request, &vector).await;
        assert_eq!(verdict, Err(RejectionKind::MalformedSignature), "{long}");
    }
}

/// No change of the signature's header makes the verifier panic, or accept another key.
#[tokio::test]
async fn changed_signature_headers_are_handled() {
    const BYTES: &[u8] = b"\0\t \"\\=,;().aAkK0-\x7f\x80\xff";
    let vector = vector("created");
    let (verifier, now) = (verifier(&vector), now(&vector));
    let valid = text(&vector["headers"]["Signature"]).as_bytes();
    for value in changes(valid, BYTES) {
        let mut request = request(&vector);
        request.headers_mut().insert("signature", value.clone());
        if judge(&verifier, request, now).await.is_ok() {
            let changed = value.to_str().unwrap();
            // Only the case of names, white space, and parameters that are not signed may change.
            let plain = |text: &str| text.to_ascii_lowercase().replace([' ', '\t', '"', '\\'], "");
            let is_same = plain(changed) == plain(std::str::from_utf8(valid).unwrap());
            let is_unsigned =
                changed.contains("created=1703066390") && changed.contains("expires=1703066700");
            assert!(is_same || is_unsigned, "{changed}");
        }
    }
}

#[tokio::test]
async fn the_url_is_that_of_the_sender() {
    let vector = vector("own-ed25519");
    assert_url_is_signed(&verifier(&vector), &vector).await;
}

#[tokio::test]
async fn the_key_id_selects_the_key() {
    let (ed, hmac) = (vector("own-ed25519"), vector("own-hmac-sha256"));
    let other: Secret = "another secret".parse().unwrap();
    let build = |key_id: &str| {
        CavageSignature::new()
            .key(
                CavageAlgorithm::HmacSha256,
                [other.clone().with_key_id("other"), key(&hmac).with_key_id(key_id)],
            )
            .key(CavageAlgorithm::Ed25519, key(&ed))
            .verifier(Profile::new("acme"))
            .unwrap()
    };
    assert_eq!(judge(&build("k1"), request(&ed), now(&ed)).await.unwrap().secret_index(), 2);
    assert_eq!(judge(&build("k1"), request(&hmac), now(&hmac)).await.unwrap().secret_index(), 1);
    let unknown = verdict(&build("k2"), request(&hmac), &hmac).await;
    assert_eq!(unknown, Err(RejectionKind::WrongSignature));
    // Without key ids, `keyId` is ignored.
    let unnamed = CavageSignature::new()
        .key(CavageAlgorithm::HmacSha256, [other, text(&hmac["key"]).parse().unwrap()])
        .verifier(Profile::new("acme"))
        .unwrap();
    assert_eq!(judge(&unnamed, request(&hmac), now(&hmac)).await.unwrap().secret_index(), 1);
}

#[test]
fn the_profile_says_what_the_required_components_cover() {
    let built = |components: &[&str], profile: Profile, without_body: bool| {
        let mut builder = CavageSignature::covering(components.iter().copied());
        if without_body {
            builder = builder.without_body();
        }
        let secret: Secret = "a secret".parse().unwrap();
        signed(&builder.key(CavageAlgorithm::HmacSha256, secret).verifier(profile).unwrap())
    };
    let body = profile("body:/id", "form:type");
    assert_eq!(built(&["date", "digest"], body.clone(), false), (true, true, true));
    assert_eq!(built(&["date", "digest"], body, true), (false, false, false));
    let headers = profile("header:x-id", "header:x-type");
    assert_eq!(built(&["date", "digest", "x-id"], headers, false), (true, true, false));
    let query = profile("query:id", "header:host");
    assert_eq!(built(&["date", "(request-target)", "host"], query.clone(), true), (false, true, false));
    assert_eq!(built(&["(created)"], query, true), (false, false, false));
}

#[test]
fn invalid_settings_are_refused() {
    let secret = || "a secret".parse::<Secret>().unwrap();
    let build = |builder: CavageSignature| builder.verifier(Profile::new("acme"));
    let refused = |components: &[&str]| -> InvalidScheme {
        let builder = CavageSignature::covering(components.iter().copied());
        build(builder.key(CavageAlgorithm::HmacSha256, secret())).unwrap_err()
    };
    for component in ["", "(status)", "(Created)", "@method", "Content-Type", "a b", "\"a\""] {
        let error = refused(&["date", "digest", component]).to_string();
        assert_eq!(error, format!("scheme cannot be used: component `{component}` is unknown"));
    }
    assert!(refused(&["date", "digest", "date"]).to_string().contains("repeated"));
    assert!(refused(&["date"]).to_string().contains("`content-digest`"));
    assert!(refused(&["digest"]).to_string().contains("`(created)`"));
    assert!(build(CavageSignature::default()).is_err());
    for algorithm in ALGORITHMS.into_iter().skip(2) {
        assert!(build(CavageSignature::new().key(algorithm, secret())).is_err(), "{algorithm:?}");
    }
    // The key of the draft's examples.
    let short: Secret = "-----BEGIN PUBLIC KEY-----\n\
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCFENGw33yGihy92pDjZQhl0C3\n\
        6rPJj+CvfSC8+q28hxA161QFNUd13wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6\n\
        Z4UMR7EOcpfdUE9Hf3m/hs+FUR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJw\n\
        oYi+1hqp1fIekaxsyQIDAQAB\n\
        -----END PUBLIC KEY-----"
        .parse()
        .unwrap();
    let error = build(CavageSignature::new().key(CavageAlgorithm::RsaSha256, short)).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("2048"), "{source}");
}

#[test]
fn debug_does_not_show_the_key() {
    let builder =
        CavageSignature::new().key(CavageAlgorithm::HmacSha256, "hunter2".parse::<Secret>().unwrap());
    let verifier = builder.clone().verifier(Profile::new("acme")).unwrap();
    assert!(!format!("{builder:?} {verifier:?}").contains("hunter2"));
}

#[tokio::test]
async fn the_test_kit_signs_requests() {
    let pair = |algorithm| testing::key_pair(algorithm).unwrap().with_key_id("k1");
    let keys = [
        (CavageAlgorithm::HmacSha256, "a secret".parse::<Secret>().unwrap().with_key_id("k\"1\\")),
        (CavageAlgorithm::HmacSha512, "a secret".parse::<Secret>().unwrap()),
        (CavageAlgorithm::Ed25519, pair(Algorithm::Ed25519)),
        (CavageAlgorithm::EcdsaP256Sha256, pair(Algorithm::EcdsaP256Sha256)),
        (CavageAlgorithm::RsaSha256, pair(Algorithm::RsaSha256)),
        (CavageAlgorithm::RsaSha512, pair(Algorithm::RsaSha512)),
    ];
    for (algorithm, key) in keys {
        let builders = [
            CavageSignature::covering([&COMPONENTS[..], &["x-id"]].concat()).in_authorization(),
            CavageSignature::covering([
                "(request-target)",
                "(created)",
                "(expires)",
                "host",
                "content-digest",
                "x-id",
            ]),
        ];
        for builder in builders {
            let profile = Profile::new("acme").with_id(Location::header("x-id"));
            let verifier = builder.key(algorithm, key.clone()).verifier(profile).unwrap();
            for url in ["https://shop.example/in?a=b", "/in"] {
                let unsigned = Request::post(url).header("x-id", "1").body("{}").unwrap();
                let signed = testing::sign(&verifier, unsigned).unwrap();
                let verified = judge(&verifier, signed, SystemTime::now()).await.unwrap();
                assert_eq!(verified.id(), Some("1"), "{algorithm:?}");
            }
        }
    }
}
