//! Algorithms, and the values that a template signs.

use super::*;

#[tokio::test]
async fn every_placeholder_of_a_template_is_replaced_with_its_value() {
    let sha256 = data_encoding::HEXLOWER.encode(&<sha2::Sha256 as sha2::Digest>::digest("b=2&a=1&a=0"));
    let signed = [
        ("{body}", "b=2&a=1&a=0".to_owned()),
        ("{method} {path_query}|{body}", "POST /in?order=7&token=x|b=2&a=1&a=0".to_owned()),
        ("{url} {body}", "https://hooks.example/in?order=7&token=x b=2&a=1&a=0".to_owned()),
        ("{header:x-one}-{query:order}.{body}", "uno-7.b=2&a=1&a=0".to_owned()),
        ("{sha256hex:body}", sha256),
        ("{url}{sorted_form}", "https://hooks.example/in?order=7&token=xa0a1b2".to_owned()),
        ("{secret}.{body}.{secret}", "secret.b=2&a=1&a=0.secret".to_owned()),
        ("{form:b}.{body}", "2.b=2&a=1&a=0".to_owned()),
        ("{header:x-one}", "uno".to_owned()),
    ];
    for (template, text) in signed {
        let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex).signs(template);
        let request = post(&[("x-signature", &tag(&text)), ("x-one", "uno")], "b=2&a=1&a=0");
        assert_eq!(send(&scheme, secret("secret"), request).await, Ok(String::new()), "{template}");
        let request = post(&[("x-signature", &tag(format!("{text}."))), ("x-one", "uno")], "b=2&a=1&a=0");
        assert_eq!(send(&scheme, secret("secret"), request).await, Err(Kind::WrongSignature), "{template}");
    }
}

#[tokio::test]
async fn hmac_sha384_matches_openssl() {
    // The output of `openssl dgst -sha384 -hmac secret` for `{}`.
    let right =
        "11d9a765a6c06b15cfa4a412a76a22919bc4692883768deeb03015fe162f09c8f73b47c13ef499e6b4eed2bdfdb057bc";
    let scheme = Scheme::new(Algorithm::HmacSha384, "x-signature", Encoding::Hex);
    assert_eq!(send_signature(&scheme, right).await, Ok(String::new()));
    assert_eq!(send_signature(&scheme, &right.replace('0', "1")).await, Err(Kind::WrongSignature));
}

#[tokio::test]
async fn hmac_md5_matches_rfc_2104() {
    let scheme = Scheme::new(Algorithm::HmacMd5, "x-signature", Encoding::Hex);
    let send = async |tag: &str| {
        let request = post(&[("x-signature", tag)], "what do ya want for nothing?");
        send(&scheme, secret("Jefe"), request).await
    };
    assert_eq!(send("750c783e6ab0b503eaa86e310a5db738").await, Ok(String::new()));
    assert_eq!(send("750C783E6AB0B503EAA86E310A5DB738").await, Ok(String::new()));
    assert_eq!(send("750c783e6ab0b503eaa86e310a5db739").await, Err(Kind::WrongSignature));
    assert_eq!(send("750c783e6ab0b503eaa86e310a5db7").await, Err(Kind::WrongSignature));
}

#[tokio::test]
async fn a_plain_sha512_matches_openssl() {
    // The output of `openssl dgst -sha512` for `secret|7|{}`, and for `7|{}|secret`.
    let first = "721adbab8c40f3b7f0e682734812863664993b63ca2d6ea28bd6abf8d037c31e2c266d74320fdcf75e9335d39ead61db6689a67dfaa972584f7c6cc15caf702c";
    let last = "f62474222e78cf5050dfa13e283d4a1eff3f87636ca103352f45ce92e49ad1b712946fb4a23df05c82e66865466c25cd31d8f4495ec55007bf024f2ea6f9d95f";
    let scheme =
        |template: &str| Scheme::new(Algorithm::Sha512, "x-signature", Encoding::Hex).signs(template);
    let send = async |template: &str, tag: &str| send_signature(&scheme(template), tag).await;
    assert_eq!(send("{secret}|{query:order}|{body}", first).await, Ok(String::new()));
    assert_eq!(send("{query:order}|{body}|{secret}", last).await, Ok(String::new()));
    assert_eq!(send("{query:order}|{body}|{secret}", first).await, Err(Kind::WrongSignature));
    // Length extension adds the padding, which contains NUL bytes.
    let extended =
        data_encoding::HEXLOWER.encode(&<sha2::Sha512 as sha2::Digest>::digest("secret|7|{}\0|more"));
    let request = post(&[("x-signature", &extended)], "{}\0|more");
    let extended = self::send(&scheme("{secret}|{query:order}|{body}"), secret("secret"), request).await;
    assert_eq!(extended, Err(Kind::MalformedSignature));
}

#[test]
fn the_error_for_a_mac_of_another_algorithm_has_both_lengths() {
    let lengths = [
        (Algorithm::HmacMd5, 16),
        (Algorithm::HmacSha1, 20),
        (Algorithm::Sha1, 20),
        (Algorithm::HmacSha256, 32),
        (Algorithm::Sha256, 32),
        (Algorithm::HmacSha384, 48),
        (Algorithm::HmacSha512, 64),
        (Algorithm::Sha512, 64),
    ];
    let encodings = [
        (Encoding::Hex, data_encoding::HEXLOWER),
        (Encoding::Base64, data_encoding::BASE64),
        (Encoding::Base64Url, data_encoding::BASE64URL),
    ];
    for (algorithm, expected) in lengths {
        for (encoding, encoder) in &encodings {
            let scheme = Scheme::new(algorithm, "x-signature", *encoding);
            let scheme = match algorithm {
                Algorithm::Sha1 | Algorithm::Sha256 | Algorithm::Sha512 => scheme.signs("{secret}.{body}"),
                _ => scheme,
            };
            let verifier = scheme.verifier("acme", secret("secret")).unwrap();
            for found in [16, 20, 32, 48, 64].into_iter().filter(|found| *found != expected) {
                let signature = encoder.encode(&[7; 64][..found]);
                let (head, _) = post(&[("x-signature", &signature)], "{}").into_parts();
                let error = verifier.begin(&RequestContext::new(&head)).err().unwrap();
                assert_eq!(error.kind(), Kind::WrongSignature, "{algorithm:?}, {encoding:?}");
                let text = format!("signature has {found} bytes instead of {expected}");
                assert_eq!(error.to_string(), text, "{algorithm:?}, {encoding:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_json_body_is_empty_or_an_object_or_an_array() {
    let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex).signs("{header:x-a}.{json:body}");
    let send = async |value: &str, body: &'static str| {
        let signature = tag(format!("{value}.{body}"));
        send(&scheme, secret("secret"), post(&[("x-signature", &signature), ("x-a", value)], body)).await
    };
    for body in ["", "{}", "[1]"] {
        assert_eq!(send("1", body).await, Ok(String::new()), "{body}");
        assert_eq!(send("{1", body).await, Err(Kind::MalformedSignature), "{body}");
    }
    for body in ["1", " {}", "x{}"] {
        assert_eq!(send("1", body).await, Err(Kind::MalformedSignature), "{body}");
    }
}

#[tokio::test]
async fn a_plain_hash_that_begins_with_the_secret_rejects_nul_bytes() {
    let scheme =
        Scheme::new(Algorithm::Sha256, "x-signature", Encoding::Hex).signs("{secret}{query:order}.{body}");
    let send = async |order: &str, body: &str| {
        let text = format!("secret{}.{body}", order.replace("%00", "\0"));
        let hash = data_encoding::HEXLOWER.encode(&<sha2::Sha256 as sha2::Digest>::digest(text));
        let mut request = post(&[("x-signature", &hash)], body);
        *request.uri_mut() = format!("/in?order={order}").parse().unwrap();
        send(&scheme, secret("secret"), request).await
    };
    assert_eq!(send("7", "\u{80} is text").await, Ok(String::new()));
    assert_eq!(send("7", "no\0text").await, Err(Kind::MalformedSignature));
    assert_eq!(send("7%00", "text").await, Err(Kind::MalformedSignature));
    // The hash of a text that ends with the secret cannot be extended.
    let scheme = Scheme::new(Algorithm::Sha256, "x-signature", Encoding::Hex).signs("{body}{secret}");
    let hash = data_encoding::HEXLOWER.encode(&<sha2::Sha256 as sha2::Digest>::digest("no\0textsecret"));
    let request = post(&[("x-signature", &hash)], "no\0text");
    assert_eq!(self::send(&scheme, secret("secret"), request).await, Ok(String::new()));
}
