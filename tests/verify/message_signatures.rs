//! HTTP Message Signatures (RFC 9421): known answers, the builder, and signing for tests.

use std::time::SystemTime;

use data_encoding::BASE64;
use http::Request;
use serde_json::Value;
use tower_webhook::{
    RejectionKind, Secret, testing,
    verify::{
        self, Algorithm, InvalidScheme, Location, MessageAlgorithm, MessageSignature,
        MessageSignatureVerifier, Profile, RequestContext,
    },
};

use crate::judge::{
    assert_body_is_signed, assert_headers_are_signed, assert_outcomes, assert_url_is_signed, judge, named,
    now, profile, request, signed, text, verdict,
};

const ALGORITHMS: [MessageAlgorithm; 6] = [
    MessageAlgorithm::HmacSha256,
    MessageAlgorithm::Ed25519,
    MessageAlgorithm::EcdsaP256Sha256,
    MessageAlgorithm::EcdsaP384Sha384,
    MessageAlgorithm::RsaPssSha512,
    MessageAlgorithm::RsaV15Sha256,
];

fn vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("message_signatures.json")).unwrap()
}

fn vector(id: &str) -> Value {
    vectors().into_iter().find(|vector| vector["id"] == id).unwrap()
}

fn algorithm(vector: &Value) -> MessageAlgorithm {
    ALGORITHMS.into_iter().find(|known| known.as_str() == text(&vector["algorithm"])).unwrap()
}

fn key(vector: &Value) -> Secret {
    let key = match algorithm(vector) {
        MessageAlgorithm::HmacSha256 => {
            Secret::from_bytes(BASE64.decode(text(&vector["key"]).as_bytes()).unwrap()).unwrap()
        }
        _ => text(&vector["key"]).parse().unwrap(),
    };
    named(key, vector)
}

fn builder(vector: &Value) -> MessageSignature {
    let mut builder = MessageSignature::covering(vector["covers"].as_array().unwrap().iter().map(text));
    if let Some(label) = vector["label"].as_str() {
        builder = builder.label(label);
    }
    if let Some(tag) = vector["tag"].as_str() {
        builder = builder.tag(tag);
    }
    let is_set = |name: &str| vector[name].as_bool().unwrap_or_default();
    if is_set("without_body") {
        builder = builder.without_body();
    }
    if is_set("require_expires") {
        builder = builder.require_expires();
    }
    if is_set("require_nonce") {
        builder = builder.require_nonce();
    }
    builder
}

fn verifier(vector: &Value) -> MessageSignatureVerifier {
    builder(vector).key(algorithm(vector), key(vector)).verifier(Profile::new("acme")).unwrap()
}

#[tokio::test]
async fn the_known_answers_are_judged_correctly() {
    assert_eq!(assert_outcomes(vectors(), verifier, request).await, 6);
}

/// Each valid request is rejected if a byte of a signed part changes.
#[tokio::test]
async fn no_signed_part_can_be_changed() {
    // In `tag-of-two`, the last signature is not the one that is verified.
    let is_valid = |vector: &&Value| vector["expect"] == "valid" && vector["id"] != "tag-of-two";
    for vector in vectors().iter().filter(is_valid) {
        let verifier = verifier(vector);
        let covers: Vec<_> = vector["covers"].as_array().unwrap().iter().map(text).collect();
        let headers = covers.iter().copied().filter(|name| !name.starts_with('@'));
        assert_headers_are_signed(&verifier, vector, headers).await;
        if covers.contains(&"content-digest") {
            assert_body_is_signed(&verifier, vector).await;
        }
        for (from, to) in
            [(";created=", ";created=1"), (";created=", ";tag=\"a\";created="), ("(", "(\"@method\" ")]
        {
            let mut changed = request(vector);
            let input = changed.headers()["signature-input"].to_str().unwrap().to_owned();
            let at = input.rfind(from).unwrap();
            let input = format!("{}{to}{}", &input[..at], &input[at + from.len()..]);
            changed.headers_mut().insert("signature-input", input.parse().unwrap());
            assert!(verdict(&verifier, changed, vector).await.is_err(), "{}: {input}", vector["id"]);
        }
    }
}

#[tokio::test]
async fn fields_may_be_split_into_several_headers() {
    let vector = vector("label");
    let mut split = request(&vector);
    for name in ["signature-input", "signature"] {
        let value = split.headers()[name].to_str().unwrap().to_owned();
        let (first, second) = value.split_once(", ").unwrap();
        split.headers_mut().insert(name, first.parse().unwrap());
        split.headers_mut().append(name, second.parse().unwrap());
    }
    assert_eq!(verdict(&verifier(&vector), split, &vector).await, Ok(()));
}

#[tokio::test]
async fn long_fields_are_rejected() {
    let vector = vector("own-ed25519");
    for name in ["signature-input", "signature", "content-digest"] {
        for lines in [1, 100] {
            let mut long = request(&vector);
            let member = |index: usize| format!("a{index}=:{}:", "A".repeat(8 * 1024 / lines));
            for line in 0..lines {
                long.headers_mut().append(name, member(line).parse().unwrap());
            }
            let verdict = verdict(&verifier(&vector), long, &vector).await;
            assert_eq!(verdict, Err(RejectionKind::MalformedSignature), "{name} in {lines} lines");
        }
    }
    let mut many = request(&vector);
    let members: Vec<_> = (0..16).map(|index| format!("a{index}=()")).collect();
    many.headers_mut().append("signature-input", members.join(", ").parse().unwrap());
    let verdict = verdict(&verifier(&vector), many, &vector).await;
    assert_eq!(verdict, Err(RejectionKind::MalformedSignature));
}

#[tokio::test]
async fn the_url_is_that_of_the_sender() {
    let vector = vector("all-derived");
    let verifier = verifier(&vector);
    assert_url_is_signed(&verifier, &vector).await;
    let (head, body) = request(&vector).into_parts();
    let context = RequestContext::new(&head).at(now(&vector)).public_url("http://example.com/foo");
    assert!(verify::verify_in(&verifier, &context, &body).await.is_err());
}

#[tokio::test]
async fn the_host_is_compared_in_lower_case_and_without_the_default_port() {
    let vector = vector("rfc-b22");
    let verifier = verifier(&vector);
    for (host, is_same) in [
        ("EXAMPLE.com", true),
        ("example.com:443", true),
        ("example.com:80", false),
        ("example.com:4443", false),
        ("example.com.", false),
    ] {
        let mut request = request(&vector);
        request.headers_mut().insert("host", host.parse().unwrap());
        assert_eq!(verdict(&verifier, request, &vector).await.is_ok(), is_same, "{host}");
    }
}

#[tokio::test]
async fn the_keyid_selects_the_key_and_its_algorithm() {
    let (ed, hmac) = (vector("rfc-b26"), vector("rfc-b25"));
    let other: Secret = "another secret".parse().unwrap();
    let build = |components: &Value| {
        let components = components.as_array().unwrap().iter().map(text);
        MessageSignature::covering(components)
            .without_body()
            .key(MessageAlgorithm::HmacSha256, [other.clone().with_key_id("other"), key(&hmac)])
            .key(MessageAlgorithm::Ed25519, key(&ed))
            .verifier(Profile::new("acme"))
            .unwrap()
    };
    let verified = judge(&build(&ed["covers"]), request(&ed), now(&ed)).await.unwrap();
    assert_eq!(verified.secret_index(), 2);
    let verified = judge(&build(&hmac["covers"]), request(&hmac), now(&hmac)).await.unwrap();
    assert_eq!(verified.secret_index(), 1);
    // The public key is not an HMAC key.
    let confused = MessageSignature::covering([""; 0])
        .without_body()
        .key(MessageAlgorithm::Ed25519, text(&ed["key"]).parse::<Secret>().unwrap())
        .verifier(Profile::new("acme"))
        .unwrap();
    let verdict = verdict(&confused, request(&hmac), &hmac).await;
    assert_eq!(verdict, Err(RejectionKind::WrongSignature));
}

#[test]
fn the_profile_says_what_the_required_components_cover() {
    let built = |components: &[&str], profile: Profile, without_body: bool| {
        let mut builder = MessageSignature::covering(components.iter().copied());
        if without_body {
            builder = builder.without_body();
        }
        let secret: Secret = "a secret".parse().unwrap();
        signed(&builder.key(MessageAlgorithm::HmacSha256, secret).verifier(profile).unwrap())
    };
    let body = profile("body:/id", "form:type");
    assert_eq!(built(&["content-digest"], body.clone(), false), (true, true, true));
    assert_eq!(built(&["content-digest"], body.clone(), true), (false, false, false));
    assert_eq!(built(&["@target-uri"], body, true), (false, false, false));
    let headers = profile("header:x-id", "header:x-type");
    assert_eq!(built(&["content-digest", "x-id"], headers.clone(), false), (true, true, false));
    assert_eq!(built(&["content-digest", "x-type"], headers, false), (true, false, true));
    let query = profile("query:id", "query:the type");
    for components in [&["@query"][..], &["@target-uri"], &["@request-target"]] {
        assert_eq!(built(components, query.clone(), true), (false, true, true));
    }
    assert_eq!(built(&["@path"], query.clone(), true), (false, false, false));
    assert_eq!(built(&["@query-param;name=\"id\""], query.clone(), true), (false, true, false));
    assert_eq!(built(&["@query-param;name=\"the%20type\""], query, true), (false, false, true));
    let several = Profile::new("acme").with_id([Location::json("/id"), Location::header("x-id")]);
    assert_eq!(built(&["content-digest"], several, false), (true, false, true));
}

#[test]
fn invalid_settings_are_refused() {
    let secret = || "a secret".parse::<Secret>().unwrap();
    let build = |builder: MessageSignature| builder.verifier(Profile::new("acme"));
    let refused = |components: &[&str]| -> InvalidScheme {
        let builder = MessageSignature::covering(components.iter().copied());
        build(builder.key(MessageAlgorithm::HmacSha256, secret())).unwrap_err()
    };
    for component in
        ["", "@status", "@signature-params", "@query-param", "@unknown", "Content-Type", "a b", "\"a\""]
    {
        let error = refused(&["content-digest", component]).to_string();
        assert_eq!(error, format!("scheme cannot be used: component `{component}` is unknown"));
    }
    for component in
        ["@query-param;name=\"%61\"", "@query-param;name=\"a b\"", "@query-param;name=a", "date;sf"]
    {
        refused(&["content-digest", component]);
    }
    assert!(refused(&["content-digest", "date", "date"]).to_string().contains("repeated"));
    assert!(refused(&["@method"]).to_string().contains("`content-digest`"));
    assert!(build(MessageSignature::covering(["content-digest"])).is_err());
    for algorithm in ALGORITHMS.into_iter().skip(1) {
        let builder = MessageSignature::covering(["content-digest"]).key(algorithm, secret());
        assert!(build(builder).is_err(), "{algorithm:?}");
    }
    let ed: Secret = text(&vector("rfc-b26")["key"]).parse().unwrap();
    assert!(
        build(MessageSignature::covering(["content-digest"]).key(MessageAlgorithm::RsaPssSha512, ed))
            .is_err()
    );
}

#[test]
fn debug_does_not_show_the_key() {
    let builder = MessageSignature::covering(["content-digest"])
        .key(MessageAlgorithm::HmacSha256, "hunter2".parse::<Secret>().unwrap());
    let verifier = builder.clone().verifier(Profile::new("acme")).unwrap();
    assert!(!format!("{builder:?} {verifier:?}").contains("hunter2"));
}

#[tokio::test]
async fn the_test_kit_signs_requests() {
    let keys = [
        (MessageAlgorithm::HmacSha256, "a secret".parse::<Secret>().unwrap().with_key_id("k\"1\\")),
        (MessageAlgorithm::Ed25519, testing::key_pair(Algorithm::Ed25519).unwrap()),
        (MessageAlgorithm::RsaV15Sha256, testing::key_pair(Algorithm::RsaSha256).unwrap().with_key_id("k1")),
    ];
    for (algorithm, key) in keys {
        let builder =
            MessageSignature::covering(["@method", "@target-uri", "@query", "content-digest", "x-id"]);
        let builder = builder.tag("acme").label("acme").require_expires().require_nonce().key(algorithm, key);
        let profile = Profile::new("acme").with_id(Location::header("x-id"));
        let verifier = builder.verifier(profile).unwrap();
        let unsigned =
            || Request::post("https://shop.example/in?a=b").header("x-id", "1").body("{}").unwrap();
        let signed = testing::sign(&verifier, unsigned()).unwrap();
        let verified = judge(&verifier, signed, SystemTime::now()).await.unwrap();
        assert_eq!(verified.id(), Some("1"), "{algorithm:?}");
        let mut without = unsigned();
        without.headers_mut().remove("x-id");
        // The layer's test kit adds the id.
        assert!(testing::sign(&verifier, without).is_ok());
    }
}
