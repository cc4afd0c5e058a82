//! Public-key signatures: properties that the known answers do not cover.

use tower_webhook::{
    RejectionKind, Secret,
    verify::{Algorithm, Encoding, RequestContext, Scheme, Verifier},
};

use crate::known::{at, known, provider_of, request, secret, send};

const ALGORITHMS: [(Algorithm, &str); 5] = [
    (Algorithm::Ed25519, "ed25519"),
    (Algorithm::EcdsaP256Sha256, "ecdsa-p256-sha256"),
    (Algorithm::RsaSha1, "rsa-sha1"),
    (Algorithm::RsaSha256, "rsa-sha256"),
    (Algorithm::RsaSha512, "rsa-sha512"),
];

#[test]
fn algorithms_have_their_catalogue_names_in_json() {
    for (algorithm, name) in ALGORITHMS {
        assert_eq!(serde_json::to_value(algorithm).unwrap(), name);
        let json =
            format!(r#"{{"alg": "{name}", "key": "base64", "sig": {{"from": "x-sig", "enc": "hex"}}}}"#);
        let scheme: Scheme = serde_json::from_str(&json).unwrap();
        assert_eq!(scheme, Scheme::new(algorithm, "x-sig", Encoding::Hex).key_encoding(Encoding::Base64));
    }
}

#[test]
fn a_key_that_does_not_fit_the_algorithm_is_refused() {
    // The public key of RFC 8032, 7.1, test 1.
    const KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let scheme = |algorithm| {
        Scheme::new(algorithm, "x-sig", Encoding::Hex).key_encoding(Encoding::Hex).signs("{body}")
    };
    let secret = |text: &str| text.parse::<Secret>().unwrap();
    assert!(scheme(Algorithm::Ed25519).verifier("acme", secret(KEY)).is_ok());
    for (algorithm, name) in &ALGORITHMS[1..] {
        assert!(scheme(*algorithm).verifier("acme", secret(KEY)).is_err(), "{name}");
    }
    for wrong in [
        "d75a",
        "zz",
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----",
    ] {
        assert!(scheme(Algorithm::Ed25519).verifier("acme", secret(wrong)).is_err(), "{wrong}");
    }
    // A public key is not a secret, so it cannot be part of the signed content.
    let with_secret = scheme(Algorithm::Ed25519).signs("{secret}{body}");
    assert!(with_secret.verifier("acme", secret(KEY)).unwrap_err().to_string().contains("{secret}"));
}

#[tokio::test]
async fn a_body_in_many_frames_is_the_same_body() {
    for id in ["telnyx-01", "sendgrid-02", "fal-01", "wise-01", "livekit-61", "saleor-01", "plaid-01"] {
        let vector = known(id);
        send(provider_of(&vector), &vector, request(&vector)).await.expect(id);
    }
}

#[tokio::test]
async fn a_delivery_has_the_signed_id_event_type_and_timestamp() {
    let vector = known("telnyx-01");
    let seen = send(provider_of(&vector), &vector, request(&vector)).await.unwrap().unwrap();
    assert_eq!(seen.id(), Some("0ccc7b54-4df3-4bca-a65a-3da1ecc777f0"));
    assert_eq!(seen.event_type(), Some("call.ai_gather.ended"));
    assert_eq!(seen.timestamp(), at(1_700_000_000));
}

#[tokio::test]
async fn a_signature_that_no_key_can_have_made_is_rejected_before_the_body_is_read() {
    let vector = known("telnyx-01");
    let scheme = Scheme::new(Algorithm::Ed25519, "telnyx-signature-ed25519", Encoding::Base64)
        .key_encoding(Encoding::Base64)
        .key_id("header:x-key")
        .signs("{body}");
    let verifier = scheme.verifier("acme", secret(&vector).with_key_id("one")).unwrap();
    let sent = request(&vector);
    let right = sent.headers()["telnyx-signature-ed25519"].to_str().unwrap();
    let begin = |key: &str, signature: &str| {
        let (mut head, ()) = request(&vector).into_parts();
        head.headers.insert("x-key", key.parse().unwrap());
        head.headers.insert("telnyx-signature-ed25519", signature.parse().unwrap());
        verifier
            .begin(&RequestContext::new(&head).at(at(1_700_000_000).unwrap()))
            .map(drop)
            .map_err(|error| error.kind())
    };
    assert_eq!(begin("one", right), Ok(()));
    assert_eq!(begin("two", right), Err(RejectionKind::WrongSignature));
    // Texts of these lengths decode to 63 and 66 bytes; a signature has 64.
    for length in [84, 88] {
        let other = "A".repeat(length);
        assert_eq!(begin("one", &other), Err(RejectionKind::WrongSignature), "{length}");
    }
}
