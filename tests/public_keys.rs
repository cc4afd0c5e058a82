//! Public-key signatures and JWTs: properties that the known answers do not cover.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use tower_webhook::{
    Secret,
    verify::{Algorithm, Encoding, Scheme},
};

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

#[cfg(not(feature = "asymmetric"))]
#[test]
fn without_the_feature_the_error_names_it() {
    for (algorithm, _) in ALGORITHMS {
        let secret: Secret = "bm90IGEga2V5".parse().unwrap();
        let scheme = Scheme::new(algorithm, "x-sig", Encoding::Hex).key_encoding(Encoding::Base64);
        let error = scheme.verifier("acme", secret).unwrap_err().to_string();
        assert!(error.contains("requires the feature `asymmetric`"), "{error}");
    }
}

#[cfg(feature = "asymmetric")]
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

#[cfg(feature = "jwt")]
mod requests {
    use std::{
        convert::Infallible,
        pin::Pin,
        task::{Context, Poll},
        time::{Duration, SystemTime},
    };

    use bytes::Bytes;
    use http::{Request, Response};
    use http_body::Frame;
    use http_body_util::Full;
    use serde_json::{Value, json};
    use tower::{Layer, ServiceExt, service_fn};
    use tower_webhook::{
        Body, BoxError, Delivery, ManualClock, Rejection, RejectionKind, Secret, WebhookLayer, provider,
        testing,
        verify::{Algorithm, Encoding, RequestContext, Scheme, Verifier},
    };

    /// The facts about a delivery that the handler sees.
    #[derive(Clone, Debug, Default)]
    struct Seen {
        id: Option<String>,
        timestamp: Option<SystemTime>,
        event_type: Option<String>,
        secret_index: usize,
    }

    /// A body in frames of one byte.
    struct ByteByByte(Bytes);

    impl http_body::Body for ByteByByte {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let next = (!self.0.is_empty()).then(|| self.0.split_to(1));
            Poll::Ready(next.map(|byte| Ok(Frame::data(byte))))
        }
    }

    fn known(id: &str) -> Value {
        let files = [include_str!("vectors/asymmetric.json"), include_str!("vectors/jwt.json")];
        let all = files.iter().flat_map(|file| serde_json::from_str::<Vec<Value>>(file).unwrap());
        all.into_iter().find(|vector| vector["id"] == id).unwrap()
    }

    fn secret(vector: &Value) -> Secret {
        vector["secret"].as_str().unwrap().parse().unwrap()
    }

    fn provider_of(vector: &Value) -> WebhookLayer {
        let provider = provider::find(vector["scheme"].as_str().unwrap()).unwrap();
        layer_of(provider.verifier(secret(vector)).unwrap(), vector)
    }

    /// Returns a layer whose clock is set to the vector's time.
    fn layer_of(verifier: impl Verifier, vector: &Value) -> WebhookLayer {
        let clock = ManualClock::at_unix(vector["now_unix"].as_u64().unwrap_or(1_700_000_000) as u32);
        WebhookLayer::with_verifier(verifier).clock(clock)
    }

    /// Returns a vector's request without its body.
    fn request(vector: &Value) -> Request<()> {
        let headers = vector["headers"].as_object().unwrap();
        let request = Request::post(vector["url"].as_str().unwrap());
        let request = headers
            .iter()
            .fold(request, |request, (name, value)| request.header(name, value.as_str().unwrap()));
        request.body(()).unwrap()
    }

    async fn send(layer: WebhookLayer, vector: &Value, request: Request<()>) -> Result<Seen, RejectionKind> {
        let service = layer.layer(service_fn(async |request: Request<Body>| {
            let delivery = request.extensions().get::<Delivery>().unwrap();
            let mut response = Response::new(Full::<Bytes>::default());
            response.extensions_mut().insert(Seen {
                id: delivery.id().map(Into::into),
                timestamp: delivery.timestamp(),
                event_type: delivery.event_type().map(Into::into),
                secret_index: delivery.secret_index(),
            });
            Ok::<_, BoxError>(response)
        }));
        let body = Bytes::copy_from_slice(vector["body_utf8"].as_str().unwrap().as_bytes());
        let request = request.map(|()| ByteByByte(body));
        let response = service.oneshot(request).await.unwrap();
        match response.extensions().get::<Rejection>() {
            Some(rejection) => Err(rejection.kind()),
            // The layer answers a duplicate without the handler.
            None => Ok(response.extensions().get::<Seen>().cloned().unwrap_or_default()),
        }
    }

    fn at(seconds: u64) -> Option<SystemTime> {
        Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
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
        let seen = send(provider_of(&vector), &vector, request(&vector)).await.unwrap();
        assert_eq!(seen.id.as_deref(), Some("0ccc7b54-4df3-4bca-a65a-3da1ecc777f0"));
        assert_eq!(seen.event_type.as_deref(), Some("call.ai_gather.ended"));
        assert_eq!(seen.timestamp, at(1_700_000_000));
    }

    #[tokio::test]
    async fn a_delivery_has_the_tokens_id_and_timestamp() {
        let vector = known("messagebird-jwt-61");
        let seen = send(provider_of(&vector), &vector, request(&vector)).await.unwrap();
        assert_eq!(seen.id.as_deref(), Some("a-1"));
        assert_eq!(seen.timestamp, at(1_700_000_000));
    }

    #[tokio::test]
    async fn the_secret_index_is_that_of_the_key_set_with_the_signing_key() {
        let mut vector = known("fusionauth-74");
        let [old, set] = [known("plaid-01")["secret"].clone(), vector["secret"].clone()];
        vector["secret"] = old;
        let secrets = [secret(&vector), set.as_str().unwrap().parse().unwrap()];
        let layer = layer_of(provider::fusionauth(secrets).unwrap(), &vector);
        assert_eq!(send(layer, &vector, request(&vector)).await.unwrap().secret_index, 1);
    }

    #[tokio::test]
    async fn a_scheme_selects_the_public_key_by_the_requests_key_id() {
        let vector = known("telnyx-01");
        let scheme = Scheme::new(Algorithm::Ed25519, "telnyx-signature-ed25519", Encoding::Base64)
            .key_encoding(Encoding::Base64)
            .key_id("header:x-key")
            .signs("{header:telnyx-timestamp}|{body}");
        let layer = || {
            let key = secret(&vector).with_key_id("one");
            layer_of(scheme.verifier("acme", key).unwrap(), &vector)
        };
        let naming = |name: &'static str| {
            let mut request = request(&vector);
            request.headers_mut().insert("x-key", name.parse().unwrap());
            request
        };
        assert!(send(layer(), &vector, naming("one")).await.is_ok());
        assert_eq!(send(layer(), &vector, naming("two")).await.unwrap_err(), RejectionKind::WrongSignature);
        assert_eq!(
            send(layer(), &vector, request(&vector)).await.unwrap_err(),
            RejectionKind::MissingSignature
        );
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
        let first = send(layer.clone(), &one, named(&one, "msg_1")).await.unwrap();
        assert_eq!(first.id.as_deref(), Some("msg_1"));
        let again = send(layer, &other, named(&other, "msg_2")).await.unwrap();
        assert_eq!(again.id, None, "the replay reached the handler");
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
        let token = head.headers["authorization"].to_str().unwrap();
        let broken = token.replace("XVCJ9.", "XVCJ9.e");
        head.headers.insert("authorization", broken.parse().unwrap());
        let refused = provider.begin(&RequestContext::new(&head).at(now)).err().unwrap();
        assert_eq!(refused.kind(), RejectionKind::WrongSignature);
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
        let ed25519 =
            HEXLOWER.decode(format!("302a300506032b6570032100{}", "5a".repeat(32)).as_bytes()).unwrap();
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
    async fn odd_tokens_are_rejected_as_malformed() {
        let layer = provider_of(&known("livekit-61"));
        let vector = known("livekit-61");
        let deep = data_encoding::BASE64URL_NOPAD.encode("[".repeat(4000).as_bytes());
        let odd =
            ["", ".", "..", "...", "a.b.c", "\u{80}.b.c", "e30.e30.", "bnVsbA.e30.AA", "Bearer ", &deep];
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
}
