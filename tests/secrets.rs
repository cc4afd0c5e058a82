//! Secrets for constructors: text, which is decoded, and raw keys, which are not.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Request, Response};
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{
    Body, BoxError, Delivery, InvalidSecret, Secret, Secrets, WebhookLayer,
    provider::{self, ProviderVerifier},
    store::MokaStore,
    testing,
    verify::{self, Location, Scheme, Verified, Verifier},
};

fn at() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

fn text(text: &str) -> Secret {
    text.parse().unwrap()
}

fn key(key: &[u8]) -> Secret {
    Secret::from_bytes(key).unwrap()
}

fn verifier(provider: &str, secrets: impl Into<Secrets>) -> Result<ProviderVerifier, InvalidSecret> {
    provider::find(provider).unwrap().verifier(secrets.into())
}

fn signed(provider: &str, secret: Secret) -> Request<Bytes> {
    let verifier = verifier(provider, secret).unwrap();
    let mut request = Request::post("https://receiver.example/webhook");
    // Without an id, the test kit would generate one, and no two requests would be equal.
    if let [Location::Header(name)] = verifier.profile().id() {
        request = request.header(name, "1");
    }
    let body = match provider {
        "braintree" => "bt_payload=PG5vdGlmaWNhdGlvbj48",
        _ => r#"{"value":[{}],"notificationItems":[{"NotificationRequestItem":{"success":true}}]}"#,
    };
    testing::sign_at(&verifier, request.body(body).unwrap(), at()).unwrap()
}

#[track_caller]
fn assert_sign_alike(provider: &str, one: Secret, other: Secret) {
    let (one, other) = (signed(provider, one), signed(provider, other));
    assert_eq!((one.headers(), one.body()), (other.headers(), other.body()), "{provider}");
}

/// Returns the scope of a delivery that a `from_fn` verifier accepts with the secret at `index`; `None` if the layer
/// rejects it.
async fn scope(secrets: &[&str], index: usize) -> Option<String> {
    let verifier = verify::from_fn(move |_, _| Ok(Verified::new().with_id("1").with_secret_index(index)));
    let verifier = secrets.iter().fold(verifier, |verifier, secret| verifier.secret(&text(secret)));
    let handler = service_fn(async |request: Request<Body>| {
        let key = request.extensions().get::<Delivery>().unwrap().dedupe_key().unwrap().clone();
        Ok::<_, BoxError>(Response::builder().header("x-scope", key.scope()).body(())?)
    });
    let layer = WebhookLayer::with_verifier(verifier).dedupe(MokaStore::new(10));
    let response = layer.layer(handler).oneshot(Request::new(Body::empty())).await.unwrap();
    let scope = response.headers().get("x-scope").map(|scope| scope.to_str().unwrap().to_owned());
    assert_eq!(response.status(), if scope.is_some() { 200 } else { 503 });
    scope
}

#[tokio::test]
async fn the_secrets_of_a_from_fn_verifier_separate_equal_ids() {
    let acme = scope(&["acme's"], 0).await;
    assert!(acme.is_some());
    assert_ne!(scope(&["mallory's"], 0).await, acme);
    // During a rotation the scope is that of the secret that matched.
    assert_eq!(scope(&["new", "acme's"], 1).await, acme);
    assert_eq!([scope(&["acme's"], 1).await, scope(&[], 0).await], [None, None]);
}

#[test]
fn accepts_any_secret_agrees_with_the_constructors() {
    // These secrets are invalid as hex, base64, credentials, PEM and JWK. A scheme with a plain hash refuses `?`
    // together with `??`, because one is a prefix of the other. `signkey-prod-` is a prefix without a key, and `{` is
    // invalid JSON.
    let odd = || [text("?"), text("??"), text("signkey-prod-"), text("{")];
    let disagrees =
        |provider: &&provider::Provider| provider.verifier(odd()).is_ok() != provider.accepts_any_secret();
    let disagree: Vec<_> = provider::all().filter(disagrees).map(|provider| provider.id).collect();
    assert!(disagree.is_empty(), "{disagree:?}");
}

#[test]
fn a_raw_key_signs_like_its_encoded_text() {
    const KEY: &[u8] = b"0123456789abcdef";
    for provider in ["standard-webhooks", "svix", "supabase-auth", "sinch-application", "airtable"] {
        assert_sign_alike(
            provider,
            text("MDEyMzQ1Njc4OWFiY2RlZg==").with_key_id("k"),
            key(KEY).with_key_id("k"),
        );
    }
    for provider in ["adyen-standard", "adyen-header", "close"] {
        assert_sign_alike(provider, text("30313233343536373839616263646566"), key(KEY));
    }
    for provider in ["github", "stripe", "twilio", "gitlab-token"] {
        assert_sign_alike(provider, text("0123456789abcdef"), key(KEY));
    }
    assert_sign_alike("basic-auth", text("user:password"), key(b"user:password"));
    // These keys are not UTF-8, so no text can express them for a provider that does not decode its secret.
    assert_ne!(signed("github", key(&[0xff; 16])).headers(), signed("github", key(&[0xfe; 16])).headers());
}

#[test]
fn a_key_is_not_decoded_even_if_it_could_be() {
    let (base64, hex) = ("MDEyMzQ1Njc4OWFiY2RlZg==", "30313233343536373839616263646566");
    for (provider, text_of) in [("svix", base64), ("standard-webhooks", base64), ("adyen-standard", hex)] {
        let (decoded, undecoded) =
            (signed(provider, text(text_of)), signed(provider, key(text_of.as_bytes())));
        let as_a_whole = |request: &Request<Bytes>| format!("{:?} {:?}", request.headers(), request.body());
        assert_ne!(as_a_whole(&decoded), as_a_whole(&undecoded), "{provider}");
    }
    // A prefix of a raw key is not removed either.
    assert_sign_alike("svix", key(b"whsec_a"), text("whsec_d2hzZWNfYQ=="));
    assert_sign_alike("inngest", text("a"), text("signkey-prod-a"));
    assert_ne!(signed("inngest", key(b"a")).headers(), signed("inngest", key(b"signkey-prod-a")).headers());
}

#[test]
fn braintree_takes_the_hash_of_the_private_key_as_a_key() {
    // The SHA-1 of `private`.
    let hash = b"\xe8\x07\x21\x79\x3c\x24\xae\x14\xed\xfc\xa9\xb2\x6a\xd4\x06\xa9\x81\x5c\xd3\xff";
    assert_sign_alike("braintree", text("private"), key(hash));
}

#[test]
fn the_error_names_the_rule_that_a_standard_webhooks_secret_breaks() {
    let error = WebhookLayer::try_new(text("hello")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "signing secret 0 cannot be used: text is not base64 (Standard Webhooks secrets are `whsec_` and base64)"
    );
    let error = verifier("airtable", text("not base64!")).err().unwrap().to_string();
    assert!(error.ends_with("text is not base64"), "{error}");
}

#[test]
fn duplicates_of_a_secret_are_accepted() -> Result<(), InvalidSecret> {
    verifier("stripe", [text("same"), text("same")])?;
    // A scheme with a plain hash refuses a secret that is a prefix of another.
    let scheme: Scheme = serde_json::from_str(
        r#"{"alg":"hash-sha256","sig":{"from":"x-sig","enc":"hex"},"template":"{body}{secret}"}"#,
    )
    .unwrap();
    scheme.verifier("acme", [text("same"), text("same")]).unwrap();
    assert!(scheme.verifier("acme", [text("same"), text("same again")]).is_err());
    Ok(())
}

mod public_keys {
    use tower_webhook::verify::{Algorithm, Encoding};

    use super::*;

    // The public key of RFC 8032, 7.1, test 1.
    const HEX: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    const PEM: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
";

    fn raw() -> Vec<u8> {
        (0..HEX.len()).step_by(2).map(|at| u8::from_str_radix(&HEX[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn ed25519_keys_are_hex_pem_or_32_bytes() -> Result<(), InvalidSecret> {
        for secret in [text(HEX), text(PEM), text(PEM.trim()), key(&raw())] {
            verifier("discord", secret)?;
        }
        // As raw bytes, neither an encoded key nor a key of another length is accepted.
        for wrong in [HEX.as_bytes(), PEM.as_bytes(), &raw()[1..]] {
            assert!(verifier("discord", key(wrong)).is_err(), "{wrong:?}");
        }
        Ok(())
    }

    #[test]
    fn a_scheme_whose_keys_are_pem_refuses_bytes() {
        let scheme = Scheme::new(Algorithm::Ed25519, "x-sig", Encoding::Hex).signs("{body}");
        assert!(scheme.verifier("acme", text(PEM)).is_ok());
        let error = scheme.verifier("acme", [text(PEM), key(&raw())]).unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, "signing secret 1 cannot be used: public key is not PEM");
    }

    #[test]
    fn constructors_that_need_a_jwk_or_pem_refuse_bytes() -> Result<(), InvalidSecret> {
        for id in ["plaid", "saleor"] {
            let error = verifier(id, key(&raw())).err().unwrap().to_string();
            assert_eq!(error, "signing secret 0 cannot be used: public key is not a JWK or PEM", "{id}");
        }
        // FusionAuth also accepts HMAC keys. A raw key of any length could be either kind, so it is refused.
        for bytes in [&b"a key"[..], &raw()] {
            let error = verifier("fusionauth", key(bytes)).err().unwrap().to_string();
            assert!(error.contains("raw key may be a public key or an HMAC key"), "{error}");
        }
        verifier("fusionauth", text("a key"))?;
        assert!(verifier("fusionauth", [text("a key"), text(PEM)]).is_err());
        Ok(())
    }
}
