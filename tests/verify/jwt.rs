//! Providers that sign with a JSON Web Token: properties that the known answers do not cover.

use http::Request;
use serde_json::{Value, json};
use tower_webhook::{
    RejectionKind, Secret, provider, testing,
    verify::{RequestContext, Verifier},
};

use crate::known::{at, known, layer_of, provider_of, request, secret, send};

#[tokio::test]
async fn a_delivery_has_the_tokens_id_and_timestamp() {
    let vector = known("messagebird-jwt-61");
    let seen = send(provider_of(&vector), &vector, request(&vector)).await.unwrap().unwrap();
    assert_eq!(seen.id(), Some("a-1"));
    assert_eq!(seen.timestamp(), at(1_700_000_000));
}

#[tokio::test]
async fn the_secret_index_is_that_of_the_key_set_with_the_signing_key() {
    let mut vector = known("fusionauth-74");
    let [old, set] = [known("plaid-01")["secret"].clone(), vector["secret"].clone()];
    vector["secret"] = old;
    let secrets = [secret(&vector), set.as_str().unwrap().parse().unwrap()];
    let layer = layer_of(provider::fusionauth(secrets).unwrap(), &vector);
    assert_eq!(send(layer, &vector, request(&vector)).await.unwrap().unwrap().secret_index(), 1);
}

/// Each attempt has its own token, so the replay guard compares the digests of the bodies.
#[tokio::test]
async fn the_replay_guard_recognizes_a_body_under_another_token() {
    let [one, other] = [known("upstash-61"), known("upstash-75")];
    assert_eq!(one["body_utf8"], other["body_utf8"]);
    assert_ne!(one["headers"], other["headers"]);
    let layer = provider_of(&one).replay_guard();
    let named = |vector: &Value, id: &'static str| {
        let mut request = request(vector);
        request.headers_mut().insert("upstash-message-id", id.parse().unwrap());
        request
    };
    let first = send(layer.clone(), &one, named(&one, "msg_1")).await.unwrap().unwrap();
    assert_eq!(first.id(), Some("msg_1"));
    let again = send(layer, &other, named(&other, "msg_2")).await.unwrap();
    assert!(again.is_none(), "the replay reached the handler");
}

/// Over HTTP/1 the request has a path and a `host`. Behind a proxy, both may differ from the URL that the provider
/// called.
#[tokio::test]
async fn the_url_of_a_token_is_the_one_that_the_provider_called() {
    let vector = known("messagebird-jwt-61");
    let with_uri = |uri: &'static str, host: &'static str| {
        let mut request = request(&vector);
        *request.uri_mut() = uri.parse().unwrap();
        request.headers_mut().insert("host", host.parse().unwrap());
        request
    };
    let direct = with_uri("/webhook", "receiver.example");
    assert!(send(provider_of(&vector), &vector, direct).await.is_ok());
    let proxied = || with_uri("/inner", "10.0.0.1:8080");
    let refused = send(provider_of(&vector), &vector, proxied()).await.unwrap_err();
    assert_eq!(refused, RejectionKind::WrongSignature);
    let configured = provider_of(&vector).public_url("https://receiver.example/webhook");
    assert!(send(configured, &vector, proxied()).await.is_ok());
}

#[tokio::test]
async fn a_wrong_token_is_rejected_before_the_body_is_read() {
    let vector = known("livekit-61");
    let provider = provider::livekit(secret(&vector));
    let (mut head, ()) = request(&vector).into_parts();
    let now = at(1_700_000_000).unwrap();
    assert!(provider.begin(&RequestContext::new(&head).at(now)).is_ok());
    let token = head.headers["authorization"].to_str().unwrap().to_owned();
    let broken = token.replace("XVCJ9.", "XVCJ9.e");
    head.headers.insert("authorization", broken.parse().unwrap());
    let refused = provider.begin(&RequestContext::new(&head).at(now)).err().unwrap();
    assert_eq!(refused.kind(), RejectionKind::WrongSignature);
    let (signed, _) = token.rsplit_once('.').unwrap();
    head.headers.insert("authorization", format!("{signed}.{}", "A".repeat(27)).parse().unwrap());
    let refused = provider.begin(&RequestContext::new(&head).at(now)).err().unwrap();
    assert_eq!(refused.to_string(), "signature has 20 bytes instead of 32");
    for parts in ["e30.e30", "e30.e30.e30.AA", ".e30.AA"] {
        head.headers.insert("authorization", parts.parse().unwrap());
        let refused = provider.begin(&RequestContext::new(&head).at(now)).err().unwrap();
        assert_eq!(refused.to_string(), "token is not a JWT of three parts", "{parts}");
    }
}

#[tokio::test]
async fn the_timestamp_of_a_token_is_known_before_the_body_is_read() {
    for provider in ["vonage-jwt", "monday"] {
        let verifier = provider::find(provider).unwrap().verifier("a secret".parse::<Secret>().unwrap());
        let request = Request::post("https://receiver.example/webhook").body("{}").unwrap();
        let verifier = verifier.unwrap();
        let request = testing::sign_at(&verifier, request, at(1_700_000_000).unwrap()).unwrap();
        let (head, _) = request.into_parts();
        let check = verifier.begin(&RequestContext::new(&head).at(at(1_700_000_030).unwrap())).unwrap();
        assert_eq!(check.timestamp(), at(1_700_000_000), "{provider}");
    }
}

/// A token without a payload signs the body as it is, without base64url. `crit` must list `b64`, because a library
/// that ignores `b64` would take the wrong payload.
#[tokio::test]
async fn a_token_without_a_payload_must_declare_the_body_as_unencoded() {
    let vector = known("saleor-01");
    let (mut head, ()) = request(&vector).into_parts();
    let token = head.headers["saleor-signature"].to_str().unwrap().to_owned();
    let signature = token.rsplit_once('.').unwrap().1;
    let key = serde_json::from_str::<Value>(vector["secret"].as_str().unwrap()).unwrap();
    let mut begin = |mut header: Value| {
        header["kid"] = key["keys"][0]["kid"].clone();
        let header = data_encoding::BASE64URL_NOPAD.encode(header.to_string().as_bytes());
        head.headers.insert("saleor-signature", format!("{header}..{signature}").parse().unwrap());
        let verifier = provider::saleor(secret(&vector)).unwrap();
        verifier
            .begin(&RequestContext::new(&head).at(at(1_700_000_000).unwrap()))
            .map(drop)
            .map_err(|error| error.kind())
    };
    assert_eq!(begin(json!({"alg": "RS256", "b64": false, "crit": ["b64"]})), Ok(()));
    for header in [
        json!({"alg": "RS256", "b64": false}),
        json!({"alg": "RS256", "b64": true, "crit": ["b64"]}),
        json!({"alg": "RS256", "crit": ["b64"]}),
        json!({"alg": "RS256", "b64": false, "crit": ["b64", "exp"]}),
        json!({"alg": "RS256"}),
    ] {
        assert_eq!(begin(header.clone()), Err(RejectionKind::MalformedSignature), "{header}");
    }
}

/// With a public key as the HMAC key, anyone could sign.
#[test]
fn a_public_key_in_any_form_is_refused_as_an_hmac_key() {
    use aws_lc_rs::{
        encoding::{AsDer, PublicKeyX509Der},
        rsa::{KeyPair, KeySize},
        signature::KeyPair as _,
    };
    use data_encoding::{BASE64, BASE64_MIME, BASE64URL_NOPAD, HEXLOWER};

    let keys = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let spki: PublicKeyX509Der<'_> = keys.public_key().as_der().unwrap();
    let ed25519 = HEXLOWER.decode(format!("302a300506032b6570032100{}", "5a".repeat(32)).as_bytes()).unwrap();
    let mut forms = Vec::new();
    for der in [spki.as_ref(), keys.public_key().as_ref(), &ed25519] {
        let base64 = BASE64.encode(der);
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----");
        forms.extend([
            base64.trim_end_matches('=').to_owned(),
            base64,
            BASE64_MIME.encode(der).trim().to_owned(),
            BASE64URL_NOPAD.encode(der),
            HEXLOWER.encode(der),
            BASE64.encode(pem.as_bytes()),
            format!("\"{pem}\""),
            format!("key: {pem}"),
        ]);
    }
    let jwk = r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#;
    forms.extend([
        format!("[{jwk}]"),
        BASE64.encode(jwk.as_bytes()),
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA acme".to_owned(),
        "https://acme.example/.well-known/jwks.json".to_owned(),
    ]);
    for form in forms {
        let error = provider::fusionauth(form.parse::<Secret>().unwrap()).err();
        let error = error.unwrap_or_else(|| panic!("{form} was accepted")).to_string();
        assert!(error.ends_with("public key is neither PEM nor a JWK"), "{form}: {error}");
    }
    let random = <sha2::Sha256 as sha2::Digest>::digest("random");
    for secret in
        ["a key", "c2VjcmV0", "MDAwMA==", "00ff", &BASE64.encode(&random), &HEXLOWER.encode(&random)]
    {
        assert!(provider::fusionauth(secret.parse::<Secret>().unwrap()).is_ok(), "{secret}");
    }
}

#[tokio::test]
async fn rsa_keys_sign_tokens_with_every_hash() {
    use aws_lc_rs::{
        rand::SystemRandom,
        rsa::{KeyPair, KeySize},
        signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512},
    };
    use data_encoding::{BASE64, BASE64URL_NOPAD};

    let keys = KeyPair::generate(KeySize::Rsa2048).unwrap();
    // A DER sequence of the modulus, which has 256 bytes after a zero, and the exponent, which has 3.
    let der = keys.public_key().as_ref();
    let (modulus, exponent) = (&der[9..265], &der[der.len() - 3..]);
    let set = |algorithm: Option<&str>| {
        let (n, e) = (BASE64URL_NOPAD.encode(modulus), BASE64URL_NOPAD.encode(exponent));
        let mut key = json!({"kty": "RSA", "use": "sig", "n": n, "e": e});
        if let Some(algorithm) = algorithm {
            key["alg"] = algorithm.into();
        }
        json!({"keys": [key]}).to_string().parse::<Secret>().unwrap()
    };
    let vector = json!({"body_utf8": "{}"});
    for (name, algorithm) in
        [("RS256", &RSA_PKCS1_SHA256), ("RS384", &RSA_PKCS1_SHA384), ("RS512", &RSA_PKCS1_SHA512)]
    {
        let part = |part: Value| BASE64URL_NOPAD.encode(part.to_string().as_bytes());
        let digest = <sha2::Sha256 as sha2::Digest>::digest("{}");
        let claims = part(json!({"request_body_sha256": BASE64.encode(&digest)}));
        let signed = format!("{}.{claims}", part(json!({"alg": name})));
        let mut signature = vec![0; keys.public_modulus_len()];
        keys.sign(algorithm, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        let token = format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature));
        let judged = async |key: Secret| {
            let request = Request::post("https://receiver.example/webhook");
            let request = request.header("x-fusionauth-signature-jwt", &token).body(()).unwrap();
            send(layer_of(provider::fusionauth(key).unwrap(), &vector), &vector, request).await.map(drop)
        };
        assert_eq!(judged(set(None)).await, Ok(()), "{name}");
        assert_eq!(judged(set(Some(name))).await, Ok(()), "{name}");
        // A key whose `alg` is another algorithm is not used.
        let other = if name == "RS256" { "RS384" } else { "RS256" };
        assert_eq!(judged(set(Some(other))).await, Err(RejectionKind::WrongSignature), "{name}");
    }
}

#[tokio::test]
async fn a_token_has_at_most_8_kib() {
    use data_encoding::BASE64URL_NOPAD;
    use hmac::{KeyInit, Mac};

    let vonage = provider::vonage_jwt("a secret".parse::<Secret>().unwrap());
    let begin = |padding: usize| {
        let part = |part: Value| BASE64URL_NOPAD.encode(part.to_string().as_bytes());
        let claims = json!({"iat": 1_700_000_000, "padding": "x".repeat(padding)});
        let signed = format!("{}.{}", part(json!({"alg": "HS256"})), part(claims));
        let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(b"a secret").unwrap();
        mac.update(signed.as_bytes());
        let token = format!("{signed}.{}", BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()));
        let length = token.len();
        let request = Request::post("/").header("authorization", format!("Bearer {token}")).body(());
        let (head, ()) = request.unwrap().into_parts();
        let begun = vonage.begin(&RequestContext::new(&head).at(at(1_700_000_000).unwrap()));
        (length, begun.map(drop).map_err(|error| error.kind()))
    };
    let longest = (5900..6200).map(begin).take_while(|(length, _)| *length <= 8192).last().unwrap();
    assert_eq!(longest, (8192, Ok(())));
    assert_eq!(begin(9000).1, Err(RejectionKind::MalformedSignature));
}

#[tokio::test]
async fn malformed_tokens_are_rejected() {
    let layer = provider_of(&known("livekit-61"));
    let vector = known("livekit-61");
    let deep = data_encoding::BASE64URL_NOPAD.encode("[".repeat(4000).as_bytes());
    let odd = ["", ".", "..", "...", "a.b.c", "\u{80}.b.c", "e30.e30.", "bnVsbA.e30.AA", "Bearer ", &deep];
    for token in odd.into_iter().map(str::to_owned).chain([
        format!("{deep}.{deep}.{deep}"),
        "A".repeat(9000),
        format!("{}..", "A".repeat(8190)),
    ]) {
        let mut request = request(&vector);
        let value = http::HeaderValue::from_bytes(token.as_bytes()).unwrap();
        request.headers_mut().insert("authorization", value);
        let refused = send(layer.clone(), &vector, request).await.unwrap_err();
        assert_eq!(refused, RejectionKind::MalformedSignature, "{token}");
    }
}
