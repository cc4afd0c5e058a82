//! `Scheme`: supported settings, and settings that are refused when a verifier is created.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    collections::{HashMap, HashSet},
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use serde_json::json;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{
    Body, BoxError, Delivery, ManualClock, Rejection, RejectionKind as Kind, Secret, Secrets, WebhookLayer,
    provider,
    store::MokaStore,
    verify::{Algorithm, Encoding, Location, Locations, Scheme, TimeUnit, Verifier},
};

const NOW: u32 = 1_700_000_000;

fn secret(text: &str) -> Secret {
    text.parse().unwrap()
}

/// Returns the HMAC-SHA256 of `text` with the key `secret`, in hex.
fn tag(text: impl AsRef<[u8]>) -> String {
    use hmac::{KeyInit, Mac};
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(b"secret").unwrap();
    mac.update(text.as_ref());
    data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes())
}

/// Sends a request. Returns the delivery's id, empty if it has none, or the kind of the rejection.
async fn send(
    scheme: &Scheme,
    secrets: impl Into<Secrets>,
    request: Request<Full<Bytes>>,
) -> Result<String, Kind> {
    let layer = WebhookLayer::with_verifier(scheme.verifier("acme", secrets).unwrap());
    send_through(layer, request).await
}

async fn send_through(layer: WebhookLayer, request: Request<Full<Bytes>>) -> Result<String, Kind> {
    let service = layer.clock(ManualClock::at_unix(NOW)).layer(service_fn(async |request: Request<Body>| {
        let id = request.extensions().get::<Delivery>().unwrap().id().unwrap_or_default().to_owned();
        Ok::<_, BoxError>(Response::builder().header("x-id", id).body(Full::<Bytes>::default()).unwrap())
    }));
    let response = service.oneshot(request).await.unwrap();
    match response.extensions().get::<Rejection>() {
        Some(rejection) => Err(rejection.kind()),
        None => Ok(response.headers()["x-id"].to_str().unwrap().to_owned()),
    }
}

fn post(headers: &[(&str, &str)], body: &str) -> Request<Full<Bytes>> {
    let request = Request::post("https://hooks.example/in?order=7&token=x");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(Full::from(body.to_owned())).unwrap()
}

#[test]
fn every_providers_scheme_round_trips_through_json() {
    for scheme in provider::all().filter_map(|provider| provider.scheme()) {
        let json = serde_json::to_string(&scheme).unwrap();
        assert_eq!(serde_json::from_str::<Scheme>(&json).unwrap(), scheme, "{json}");
    }
}

#[test]
fn providers_are_found_by_unique_ids() {
    let ids: HashSet<_> = provider::all().map(|provider| provider.id).collect();
    assert_eq!(ids.len(), provider::all().count());
    for id in ids {
        assert!(
            id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
            "{id}"
        );
        let provider = provider::find(id).unwrap();
        assert!(provider.source.starts_with("https://"), "{id}");
        // A secret that is valid in every encoding of a shared secret.
        match provider.verifier(secret("00112233445566778899aabbccddeeff")) {
            Ok(verifier) => assert_eq!(verifier.profile().provider(), id),
            // The provider fetches its keys, or it needs a public key, credentials, a key id or two secrets.
            Err(error) => {
                let error = error.to_string();
                let expected = [
                    "public key",
                    "`user:password`",
                    "provider fetches its keys",
                    "no key id",
                    "needs a token",
                ];
                assert!(expected.iter().any(|text| error.contains(text)), "{id}: {error}");
            }
        }
    }
    assert!(provider::find("nobody").is_none());
}

#[test]
fn an_invalid_scheme_is_refused_when_it_is_built() {
    let scheme = || Scheme::hmac_sha256("x-signature", Encoding::Hex);
    let sent = "`token` and `basic` do not support";
    let no_secret = "template of a plain hash does not contain `{secret}`";
    let two_key_ids = "`key_id` of `sig` cannot be combined with `kv` or with `select_by` of `key`";
    let by_key_id = || scheme().list(",").key_id_in_signature("/");
    let own_field = "must omit `form:sign`, which contains the signature";
    let cases = [
        (scheme().signs("{body"), "an unclosed brace"),
        (scheme().signs("body}"), "an unopened brace"),
        (scheme().signs("{nothing}"), "unknown placeholder `{nothing}`"),
        (scheme().signs("{header:}"), "`` is not a header name"),
        (scheme().signs("{body}{body}"), "contains the body twice"),
        (scheme().signs("{json:body}{body}"), "contains the body twice"),
        (scheme().signs("{body}.{sha256hex:body}"), "contains the body twice"),
        (scheme().signs("{ts}.{body}"), "but the scheme has no `ts`"),
        (Scheme::new(Algorithm::Sha256, "x", Encoding::Hex), no_secret),
        (Scheme::new(Algorithm::Sha512, "x", Encoding::Hex).signs("{form:a}"), no_secret),
        (
            Scheme::new(Algorithm::RsaSha256, "x", Encoding::Base64).signs("{secret}{body}"),
            "template contains `{secret}`, but the secret is a public key",
        ),
        (by_key_id().pairs("=", ["v1"]), two_key_ids),
        (by_key_id().key_id("header:x-key"), two_key_ids),
        (by_key_id().key_id_in_signature("a"), "and not a letter or digit"),
        (by_key_id().groups(" "), "`groups` requires `kv`"),
        (by_key_id().signature_in(["query:x"]), "pairs require a signature in a header"),
        (scheme().signs("{sorted_pairs:}"), "unknown placeholder `{sorted_pairs:}`"),
        (scheme().signs("{sorted_pairs:a,}"), "unknown placeholder `{sorted_pairs:a,}`"),
        (scheme().signs("{sorted_pairs}&{sorted_form}"), "contains the body twice"),
        (scheme().signature_in(["form:sign"]).signs("{sorted_pairs}"), own_field),
        (scheme().signature_in(["header:x", "form:sign"]).signs("{sorted_pairs:a,b}"), own_field),
        (scheme().signs("{url}{sorted_pairs}"), "is ambiguous"),
        (scheme().timestamp("header:x-time", TimeUnit::Seconds), "the timestamp is not signed"),
        (scheme().timestamp("field:t", TimeUnit::Seconds).signs("{header:t}{body}"), "is not signed"),
        (scheme().timestamp("query:t", TimeUnit::Seconds).signs("{method}{body}"), "is not signed"),
        (scheme().timestamp("query:t", TimeUnit::Seconds).signs("{url}{sorted_form}"), "is not signed"),
        (scheme().timestamp("body:/t", TimeUnit::Seconds).signs("{header:x}"), "is not signed"),
        (scheme().timestamp("nowhere", TimeUnit::Seconds), "location `nowhere` does not begin with"),
        (scheme().timestamp("item:first", TimeUnit::Seconds), "location `item:first` has no index"),
        (scheme().timestamp("body:no/slash", TimeUnit::Seconds), "`no/slash` is not a JSON pointer"),
        (scheme().key_id("query:"), "location `query:` has no name"),
        (scheme().id("nowhere").event_type("elsewhere").id("header:x-id"), "location `nowhere` does not"),
        (scheme().event_type(["header:x-type", "type"]), "location `type` does not begin with"),
        (Scheme::hmac_sha256("bad header", Encoding::Hex), "`bad header` is not a header name"),
        (scheme().list(", "), "separator must be one ASCII character"),
        (scheme().list("é"), "separator must be one ASCII character"),
        (scheme().list("2"), "and not a letter or digit"),
        (scheme().pairs("v", ["v1"]), "and not a letter or digit"),
        (Scheme::hmac_sha256("x", Encoding::Base64).list("/"), "occurs in the signature's encoding"),
        (Scheme::hmac_sha256("x", Encoding::Base64).list("+"), "occurs in the signature's encoding"),
        (Scheme::hmac_sha256("x", Encoding::Base64Url).list("-"), "occurs in the signature's encoding"),
        (Scheme::hmac_sha256("x", Encoding::Base64Url).list("_"), "occurs in the signature's encoding"),
        (scheme().pairs("=", []), "`kv` and `keys` must be set together"),
        (scheme().pairs("=", ["v1"]).prefer(["v2"]), "names a key that is not in `keys`"),
        (scheme().signs_by_version([("v1", "{body}")]), "require `prefer`"),
        (
            scheme().pairs("=", ["v1", "v0"]).prefer(["v1", "v0"]).signs_by_version([("v1", "{body}")]),
            "without a template",
        ),
        (scheme().signature_in(Locations::default()), "`from` is empty"),
        (scheme().signature_in(["field:x"]), "is a field or item of the signature itself"),
        (scheme().signature_in(["body:/x"]).pairs("=", ["v1"]), "require a signature in a header"),
        (
            scheme()
                .signature_in(["query:x"])
                .list(",")
                .timestamp("item:0", TimeUnit::Seconds)
                .signs("{ts}{body}"),
            "require a signature in a header",
        ),
        (
            scheme().signature_in(["header:x", "form:x"]).list(",").signs("{item:1}.{body}"),
            "require a signature in a header",
        ),
        (scheme().signature_in(["query:x"]).list(",").key_id("item:0"), "require a signature in a header"),
        (
            scheme().signature_in(["query:x"]).list(",").signs("{field:h}.{headers_named_by:h}.{body}"),
            "require a signature in a header",
        ),
        (
            scheme().list(",").pairs("=", ["v1"]).signs("{headers_named_by:h}.{body}"),
            "does not contain `{field:h}`",
        ),
        (scheme().signature_in("header:bad header"), "`bad header` is not a header name"),
        (scheme().signature_in(["x-signature"]), "location `x-signature` does not begin with"),
        (Scheme::token("x").list(","), sent),
        (Scheme::token("x").pairs("=", ["v1"]), sent),
        (Scheme::token("x").key_id_in_signature("/"), sent),
        (Scheme::token("x").timestamp("header:x-time", TimeUnit::Seconds), sent),
        (Scheme::basic().signs("{body}."), sent),
        (scheme().id("field:id"), "cannot be the location of an id"),
        (
            scheme().event_type(["header:x-type", "item:0"]),
            "`item:0` cannot be the location of an id or an event type",
        ),
        (scheme().require("x", "\n"), "is not a header value"),
        (scheme().require("x y", "1"), "`x y` is not a header name"),
    ];
    for (scheme, why) in cases {
        let error = scheme.verifier("acme", secret("secret")).expect_err(why).to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn a_wrongly_encoded_key_is_refused_and_not_shown() {
    for encoding in [Encoding::Hex, Encoding::Base64, Encoding::Base64Url] {
        let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex).key_encoding(encoding);
        let error = scheme.verifier("acme", secret("not! encoded!")).expect_err("not encoded");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(!format!("{error} {error:?} {cause}").contains("not! encoded!"));
    }
}

#[test]
fn the_name_of_a_verifiers_provider_may_be_borrowed() {
    let scheme = Scheme::hmac_sha256("x", Encoding::Hex);
    let verifier = |name: &str| scheme.verifier(name, secret("secret")).unwrap();
    assert_eq!(verifier(&"acme".repeat(2)).profile().provider(), "acmeacme");
    let owned = scheme.verifier("acme".to_owned(), secret("secret")).unwrap();
    assert_eq!(owned.profile().provider(), "acme");
}

#[test]
fn unknown_keys_in_json_are_refused() {
    for json in [
        json!({"alg": "hmac-sha256", "sig": {"from": "x", "enc": "hex"}, "sigg": 1}),
        json!({"alg": "hmac-sha256", "sig": {"from": "x", "enc": "hex", "itmes": ","}}),
        json!({"alg": "hmac-md4", "sig": {"from": "x", "enc": "hex"}}),
        json!({"alg": "hmac-sha256", "sig": {"from": "x", "enc": "hex"}, "ts": {"from": "header:x", "unit": "days"}}),
        json!({"alg": "hmac-sha256", "sig": {"from": "x", "enc": "hex"}, "key": "rot13"}),
        json!({"sig": {"from": "x", "enc": "hex"}}),
    ] {
        assert!(serde_json::from_value::<Scheme>(json.clone()).is_err(), "{json}");
    }
}

#[test]
fn an_invalid_location_in_json_is_refused_when_it_is_read() {
    for (member, value) in [
        ("id", json!("x-id")),
        ("event_type", json!(["body:/type", "x-id"])),
        ("ts", json!({"from": "x-id", "unit": "s"})),
        ("key", json!({"select_by": "x-id"})),
        ("sig", json!({"from": ["x-id", "x-id:"], "enc": "hex"})),
    ] {
        let mut json = json!({"alg": "hmac-sha256", "sig": {"from": "x", "enc": "hex"}});
        json[member] = value;
        let error = serde_json::from_value::<Scheme>(json).expect_err(member).to_string();
        let is_named = error.contains("location `x-id` does not begin") || error.contains("location `x-id:`");
        assert!(is_named, "{member}: {error}");
    }
}

#[test]
fn a_scheme_with_several_locations_round_trips_through_json() {
    let json = json!({
        "alg": "hmac-sha256",
        "key": {"enc": "utf8", "select_by": "header:x-key"},
        "sig": {"from": ["x-one", "query:sig"], "enc": "hex"},
        "ts": {"from": "header:x-time", "unit": "s", "past": 300, "future": 300},
        "template": "{ts}.{body}",
        "id": ["header:x-id", "body:/id"],
        "event_type": "body:/type",
    });
    let scheme: Scheme = serde_json::from_value(json.clone()).unwrap();
    let built = Scheme::hmac_sha256("x", Encoding::Hex)
        .key_id(Location::header("x-key"))
        .signature_in(["header:X-One", "query:sig"])
        .timestamp("header:x-time".to_owned(), TimeUnit::Seconds)
        .signs("{ts}.{body}")
        .id([Location::header("x-id"), Location::json("/id")])
        .event_type(Location::json("/type"));
    assert_eq!(scheme, built);
    assert_eq!(serde_json::to_value(built).unwrap(), json);
}

#[test]
fn a_scheme_with_an_invalid_location_is_not_serialized() {
    let scheme = Scheme::hmac_sha256("x", Encoding::Hex).id("nowhere");
    let error = serde_json::to_string(&scheme).unwrap_err().to_string();
    assert!(error.contains("location `nowhere` does not begin with"), "{error}");
}

#[tokio::test]
async fn the_first_location_with_a_value_is_used() {
    let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex);
    let scheme = scheme.id(["header:x-new-id", "body:/id", "header:x-id"]);
    let signature = tag(r#"{"id":"in body"}"#);
    let send = async |headers: &[(&str, &str)], body: &str| {
        let signature = if body == "{}" { tag("{}") } else { signature.clone() };
        let headers = [&[("x-signature", &*signature)], headers].concat();
        send(&scheme, secret("secret"), post(&headers, body)).await.unwrap()
    };
    let body = r#"{"id":"in body"}"#;
    assert_eq!(send(&[("x-new-id", "new"), ("x-id", "old")], body).await, "new");
    assert_eq!(send(&[("x-new-id", ""), ("x-id", "old")], body).await, "in body");
    assert_eq!(send(&[("x-id", "old")], "{}").await, "old");
    assert_eq!(send(&[], "{}").await, "");
}

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
    let send = async |tag: &str| send(&scheme, secret("secret"), post(&[("x-signature", tag)], "{}")).await;
    assert_eq!(send(right).await, Ok(String::new()));
    assert_eq!(send(&right.replace('0', "1")).await, Err(Kind::WrongSignature));
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
    let send = async |template: &str, tag: &str| {
        send(&scheme(template), secret("secret"), post(&[("x-signature", tag)], "{}")).await
    };
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

#[tokio::test]
async fn the_key_id_may_be_in_the_signature() {
    let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex)
        .list(",")
        .key_id_in_signature("/")
        .prefix("SHA256/");
    let (right, wrong) = (tag("{}"), tag("[]"));
    let send_with = async |secrets: Secrets, header: &str| {
        send(&scheme, secrets, post(&[("x-signature", header)], "{}")).await
    };
    let named = || Secrets::from([secret("other").with_key_id("1"), secret("secret").with_key_id("2")]);
    for header in [
        format!("2/SHA256/{right}"),
        format!("1/SHA256/{wrong},2/SHA256/{right}"),
        format!("2/SHA256/{right}, 1/SHA256/{wrong}"),
        format!("3/SHA256/{wrong},2/SHA256/{right}"),
        format!("2/MD5/00,2/SHA256/{right}"),
    ] {
        assert_eq!(send_with(named(), &header).await, Ok(String::new()), "{header}");
    }
    for header in [
        format!("2/SHA256/{wrong}"),
        format!("3/SHA256/{right}"),
        format!("3/SHA256/{right},2/SHA256/{wrong}"),
        format!("/SHA256/{right}"),
    ] {
        assert_eq!(send_with(named(), &header).await, Err(Kind::WrongSignature), "{header}");
    }
    for header in [right.clone(), format!("SHA256/{right}"), format!("2/{right}"), "2".into()] {
        let kind = send_with(named(), &header).await.unwrap_err();
        assert!(matches!(kind, Kind::MalformedSignature | Kind::WrongSignature), "{header}: {kind}");
    }
    // A secret without a key id matches any key id.
    let unnamed = || Secrets::from([secret("other").with_key_id("1"), secret("secret")]);
    for key_id in ["1", "3", ""] {
        let header = format!("{key_id}/SHA256/{right}");
        assert_eq!(send_with(unnamed(), &header).await, Ok(String::new()), "{header}");
    }
    let json = json!({
        "alg": "hmac-sha256",
        "key": "utf8",
        "sig": {"from": "x-signature", "enc": "hex", "prefix": "SHA256/", "items": ",", "key_id": "/"},
        "template": "{body}",
    });
    assert_eq!(serde_json::to_value(&scheme).unwrap(), json);
    assert_eq!(serde_json::from_value::<Scheme>(json).unwrap(), scheme);
}

#[tokio::test]
async fn fields_of_a_form_are_signed_as_sorted_pairs() {
    let scheme = Scheme::hmac_sha256("x", Encoding::Hex)
        .signature_in("form:sign")
        .signs("{sorted_pairs:sign,sign_type}")
        .id("form:id");
    let send = async |fields: &str, text: &str| {
        let body = format!("{fields}&sign={}", tag(text));
        send(&scheme, secret("secret"), post(&[], &body)).await
    };
    let text = "amount=1.50&id=7&name=H&M=";
    assert_eq!(send("id=7&name=x&amount=1.50", "amount=1.50&id=7&name=x").await, Ok("7".to_owned()));
    assert_eq!(send("%69d=%37&sign_type=RSA2&b=+%2B", "b= +&id=7").await, Ok("7".to_owned()));
    assert_eq!(send("id=7&b=&c", "b=&c=&id=7").await, Ok("7".to_owned()));
    assert_eq!(send("id=7&a=x%3Dy%3D", "a=x=y=&id=7").await, Ok("7".to_owned()));
    assert_eq!(send("id=7&a=H%26M", "a=H&M&id=7").await, Ok("7".to_owned()));
    assert_eq!(send("id=7&a=1", "a=1&id=7&").await, Err(Kind::WrongSignature));
    // Bytes must not move between names and values, or between pairs.
    for fields in [
        "amount=1.50%26id%3D7&name=H%26M%3D",
        "amount=1.50&id=7%26name%3DH%26M%3D",
        "amount=1.50&id=7&name=H%26M%3D",
        "amount%3D1.50%26id=7&name=H&M=",
        "amount=1.50&id=7&name=H%26M=",
    ] {
        assert_eq!(send(fields, text).await, Err(Kind::MalformedSignature), "{fields}");
    }
    for repeated in ["id=7&id=7", "id=7&id=8", "id=7&sign_type=a&sign_type=b"] {
        assert_eq!(send(repeated, "id=7").await, Err(Kind::MalformedSignature), "{repeated}");
    }
    let fields = (0..1025).map(|n| format!("a{n}=1")).collect::<Vec<_>>().join("&");
    assert_eq!(send(&fields, "").await, Err(Kind::MalformedSignature));

    // The pairs may be hashed together with the secret.
    let scheme =
        Scheme::new(Algorithm::Sha256, "x-signature", Encoding::Hex).signs("{sorted_pairs}&key={secret}");
    let hash = data_encoding::HEXLOWER.encode(&<sha2::Sha256 as sha2::Digest>::digest("a=1&b=2&key=secret"));
    let request = post(&[("x-signature", &hash)], "b=2&a=1");
    assert_eq!(self::send(&scheme, secret("secret"), request).await, Ok(String::new()));
}

#[tokio::test]
async fn a_repeated_signature_is_accepted() {
    let signature = tag("{}");
    let list = Scheme::hmac_sha256("x-signature", Encoding::Hex).list(",");
    let twice = format!("{signature},{signature}");
    let request = post(&[("x-signature", &twice)], "{}");
    assert_eq!(send(&list, secret("secret"), request).await, Ok(String::new()));
    let token = Scheme::token("x-token").signature_in(["header:x-token", "query:token"]);
    assert_eq!(send(&token, secret("x"), post(&[("x-token", "x")], "")).await, Ok(String::new()));
}

#[tokio::test]
async fn a_form_has_at_most_1024_fields() {
    let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex).signs("{sorted_form}");
    let send = async |fields: usize| {
        let signature = tag((0..fields).map(|n| format!("a{n:04}")).collect::<String>());
        let form: Vec<_> = (0..fields).map(|n| format!("a={n:04}")).collect();
        send(&scheme, secret("secret"), post(&[("x-signature", &signature)], &form.join("&"))).await
    };
    assert_eq!(send(1024).await, Ok(String::new()));
    assert_eq!(send(1025).await, Err(Kind::MalformedSignature));
}

#[tokio::test]
async fn a_form_signed_with_the_url_or_the_path_is_one_delivery_in_any_encoding() {
    for (template, signed) in [
        ("{url}{sorted_form}", "https://hooks.example/in?order=7&token=xa1b2"),
        ("{path_query}{sorted_form}", "/in?order=7&token=xa1b2"),
    ] {
        let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex).signs(template).id("header:x-id");
        let verifier = scheme.verifier("acme", secret("secret")).unwrap();
        let layer = WebhookLayer::with_verifier(verifier).replay_guard().dedupe(Arc::new(MokaStore::new(10)));
        let calls = Arc::new(AtomicUsize::new(0));
        for (id, form) in [("1", "a=1&b=2"), ("2", "b=2&a=1"), ("3", "%61=1&b=2")] {
            let counted = Arc::clone(&calls);
            let service =
                layer.clone().clock(ManualClock::at_unix(NOW)).layer(service_fn(move |_: Request<Body>| {
                    counted.fetch_add(1, Ordering::SeqCst);
                    ready(Ok::<_, BoxError>(Response::new(Full::<Bytes>::default())))
                }));
            let request =
                post(&[("x-signature", &tag(signed)), ("x-id", id), ("host", "hooks.example")], form);
            assert_eq!(service.oneshot(request).await.unwrap().status(), 200, "{template} {form}");
        }
        assert_eq!(calls.load(Ordering::SeqCst), 1, "{template}");
    }
}

#[tokio::test]
async fn signatures_may_be_in_the_query_or_the_body() {
    let scheme = Scheme::hmac_sha256("x", Encoding::Hex).signature_in(["query:sig"]);
    let mut request = post(&[], "{}");
    *request.uri_mut() = format!("/in?a=b&sig={}", tag("{}")).parse().unwrap();
    assert_eq!(send(&scheme, secret("secret"), request).await, Ok(String::new()));
    assert_eq!(send(&scheme, secret("secret"), post(&[], "{}")).await, Err(Kind::MissingSignature));

    let scheme = Scheme::hmac_sha256("x", Encoding::Hex)
        .signature_in(["body:/proof"])
        .signs("{body:/id}")
        .id("body:/id");
    let body = format!(r#"{{"id":"evt","proof":"{}"}}"#, tag("evt"));
    assert_eq!(send(&scheme, secret("secret"), post(&[], &body)).await, Ok("evt".to_owned()));
    let body = format!(r#"{{"id":"evil","proof":"{}"}}"#, tag("evt"));
    assert_eq!(send(&scheme, secret("secret"), post(&[], &body)).await, Err(Kind::WrongSignature));
}

#[tokio::test]
async fn tokens_may_be_in_the_query_or_the_body() {
    for (place, body, uri) in [
        ("form:proof", "a=b&proof=secret", "/in"),
        ("body:/proof", r#"{"proof":"secret"}"#, "/in"),
        ("query:proof", "", "/in?proof=secret"),
    ] {
        let scheme = Scheme::token("x").signature_in([place]);
        let request = |body: &str| {
            let mut request = post(&[], body);
            *request.uri_mut() = uri.parse().unwrap();
            request
        };
        assert_eq!(send(&scheme, secret("secret"), request(body)).await, Ok(String::new()), "{place}");
        assert_eq!(send(&scheme, secret("other"), request(body)).await, Err(Kind::WrongSignature), "{place}");
        assert_eq!(
            send(&scheme, secret("secret"), post(&[], "{}")).await,
            Err(Kind::MissingSignature),
            "{place}"
        );
    }
}

#[tokio::test]
async fn the_key_id_may_be_in_the_body() {
    let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex).key_id("body:/key");
    let secrets = || [secret("other").with_key_id("old"), secret("secret").with_key_id("new")];
    let request = |body: &str| post(&[("x-signature", &tag(body))], body);
    assert_eq!(send(&scheme, secrets(), request(r#"{"key":"new"}"#)).await, Ok(String::new()));
    assert_eq!(send(&scheme, secrets(), request(r#"{"key":"old"}"#)).await, Err(Kind::WrongSignature));
    assert_eq!(send(&scheme, secrets(), request("{}")).await, Err(Kind::MissingSignature));
}

#[tokio::test]
async fn positional_items_can_hold_the_timestamp() {
    let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex)
        .list(",")
        .timestamp("item:0", TimeUnit::Milliseconds)
        .signs("{ts}.{body}");
    let header = |at: u64, signed: u64| format!("{at},{}", tag(format!("{signed}.{{}}")));
    let now = u64::from(NOW) * 1000;
    let send =
        async |header: String| send(&scheme, secret("secret"), post(&[("x-signature", &header)], "{}")).await;
    assert_eq!(send(header(now, now)).await, Ok(String::new()));
    assert_eq!(send(header(now + 1, now)).await, Err(Kind::WrongSignature));
    assert_eq!(send(header(now - 400_000, now - 400_000)).await, Err(Kind::StaleTimestamp));
}

#[tokio::test]
async fn all_versions_may_share_a_template() {
    let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex)
        .list(",")
        .pairs("=", ["v1", "v0"])
        .prefer(["v1", "v0"])
        .signs("{body}.");
    let send =
        async |header: String| send(&scheme, secret("secret"), post(&[("x-signature", &header)], "{}")).await;
    let (right, wrong) = (tag("{}."), tag("{}"));
    assert_eq!(send(format!("v1={right}")).await, Ok(String::new()));
    assert_eq!(send(format!("v0={right}")).await, Ok(String::new()));
    assert_eq!(send(format!("v0={right},v1={wrong}")).await, Err(Kind::WrongSignature));
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
async fn only_the_strongest_version_that_is_present_counts() {
    let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex)
        .list(",")
        .pairs("=", ["v2", "v1"])
        .prefer(["v2", "v1"])
        .signs_by_version([("v1", "{body}"), ("v2", "v2:{body}")]);
    let (v1, v2) = (tag("{}"), tag("v2:{}"));
    let send =
        async |header: String| send(&scheme, secret("secret"), post(&[("x-signature", &header)], "{}")).await;
    assert_eq!(send(format!("v1={v1}")).await, Ok(String::new()));
    assert_eq!(send(format!("v1={v1},v2={v2}")).await, Ok(String::new()));
    let wrong = "0".repeat(64);
    assert_eq!(send(format!("v1={v1},v2={wrong}")).await, Err(Kind::WrongSignature));
    assert_eq!(send(format!("v3={v2}")).await, Err(Kind::MalformedSignature));
    // The signed content of one version is not accepted as the body of another.
    let request = post(&[("x-signature", &format!("v1={v2}"))], "v2:{}");
    assert_eq!(self::send(&scheme, secret("secret"), request).await, Err(Kind::MalformedSignature));
}

#[tokio::test]
async fn the_key_is_selected_by_the_requests_key_id() {
    let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex).key_id("header:x-key");
    let secrets = || [secret("other").with_key_id("a"), secret("secret").with_key_id("b")];
    let with_key = |key: &str| post(&[("x-signature", &tag("{}")), ("x-key", key)], "{}");
    assert_eq!(send(&scheme, secrets(), with_key("b")).await, Ok(String::new()));
    for wrong in ["a", "c", ""] {
        assert_eq!(send(&scheme, secrets(), with_key(wrong)).await, Err(Kind::WrongSignature), "{wrong:?}");
    }
}

#[tokio::test]
async fn a_token_is_compared_as_a_whole() {
    let scheme = Scheme::token("x-token").prefix("Bearer ");
    let send = async |token: &str| {
        send(&scheme, [secret("one"), secret("two")], post(&[("x-token", token)], "")).await
    };
    assert_eq!(send("Bearer one").await, Ok(String::new()));
    assert_eq!(send("Bearer two").await, Ok(String::new()));
    for wrong in ["one", "Bearer on", "Bearer onee", "Bearer  one", "bearer one", "Bearer one,two"] {
        assert_eq!(send(wrong).await, Err(Kind::WrongSignature), "{wrong}");
    }
    assert_eq!(send("").await, Err(Kind::MissingSignature));
}

#[tokio::test]
async fn the_public_url_is_the_one_that_is_signed() {
    let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex).signs("{url}{body}");
    let layer = || WebhookLayer::with_verifier(scheme.verifier("acme", secret("secret")).unwrap());
    let request = |signed: &str| post(&[("x-signature", &tag(format!("{signed}{{}}")))], "{}");
    // The signed URL has the request's query, which must contain all parameters of the public URL.
    let given = layer().public_url("https://shop.example/hooks");
    assert_eq!(
        send_through(given, request("https://shop.example/hooks?order=7&token=x")).await,
        Ok(String::new())
    );
    let given = layer().public_url("https://shop.example/hooks?order=7");
    assert_eq!(
        send_through(given, request("https://shop.example/hooks?order=7&token=x")).await,
        Ok(String::new())
    );
    let given = layer().public_url("https://shop.example/hooks?a=b");
    assert_eq!(
        send_through(given, request("https://shop.example/hooks?a=b")).await,
        Err(Kind::WrongSignature)
    );
    // Over HTTP/1 the request has only a path.
    let mut relative = request("https://hooks.example/in?order=7");
    *relative.uri_mut() = "/in?order=7".parse().unwrap();
    relative.headers_mut().insert("host", "hooks.example".parse().unwrap());
    assert_eq!(send_through(layer(), relative).await, Ok(String::new()));
    // Without `trust_forwarded`, forwarded headers are ignored.
    let mut forwarded = request("https://shop.example/hooks?order=7&token=x");
    forwarded.headers_mut().insert("x-forwarded-host", "shop.example".parse().unwrap());
    assert_eq!(send_through(layer(), forwarded).await, Err(Kind::WrongSignature));
}

#[tokio::test]
async fn forwarded_headers_are_trusted_only_from_the_listed_proxies() {
    use std::net::{IpAddr, Ipv4Addr};

    let proxy = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7));
    let stranger = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 8));
    let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex).signs("{url}{body}");
    let layer = WebhookLayer::with_verifier(scheme.verifier("acme", secret("secret")).unwrap())
        .trust_forwarded([proxy], |head| head.extensions.get::<IpAddr>().copied());
    let from = |peer: Option<IpAddr>, forwarded: &[(&str, &str)]| {
        let mut request =
            post(&[("x-signature", &tag("https://shop.example/in?order=7{}")), ("host", "10.0.0.1")], "{}");
        *request.uri_mut() = "/in?order=7".parse().unwrap();
        for (name, value) in forwarded {
            let name: http::HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        request.extensions_mut().extend(
            peer.map(|peer| {
                let mut extensions = http::Extensions::new();
                extensions.insert(peer);
                extensions
            })
            .unwrap_or_default(),
        );
        request
    };
    let said: &[(&str, &str)] = &[("x-forwarded-host", "shop.example"), ("x-forwarded-proto", "https")];
    let send = async |request| send_through(layer.clone(), request).await;
    assert_eq!(send(from(Some(proxy), said)).await, Ok(String::new()));
    // The address as a dual-stack socket reports it.
    let mapped = Ipv4Addr::new(10, 0, 0, 7).to_ipv6_mapped().into();
    assert_eq!(send(from(Some(mapped), said)).await, Ok(String::new()));
    assert_eq!(send(from(Some(stranger), said)).await, Err(Kind::WrongSignature));
    assert_eq!(send(from(None, said)).await, Err(Kind::WrongSignature));
    // The proxy appends its value to the client's, so only the last value counts.
    let both = &[("x-forwarded-host", "evil.example, shop.example")];
    assert_eq!(send(from(Some(proxy), both)).await, Ok(String::new()));
    let both = &[("x-forwarded-host", "shop.example"), ("x-forwarded-host", "other.example")];
    assert_eq!(send(from(Some(proxy), both)).await, Err(Kind::WrongSignature));
    let in_part = &[("x-forwarded-host", "shop.example/i"), ("x-forwarded-proto", "https")];
    assert_eq!(send(from(Some(proxy), in_part)).await, Err(Kind::MalformedSignature));
    let in_part = &[("x-forwarded-host", "shop.example"), ("x-forwarded-proto", "https://shop.example")];
    assert_eq!(send(from(Some(proxy), in_part)).await, Err(Kind::MalformedSignature));
}

#[tokio::test]
async fn id_signed_follows_from_the_scheme() {
    let scheme = || Scheme::hmac_sha256("x-signature", Encoding::Hex);
    let signed = |scheme: Scheme| scheme.verifier("acme", secret("secret")).unwrap().profile().id_signed();
    assert!(!signed(scheme().id("header:x-id")));
    assert!(signed(scheme().id("header:x-id").signs("{header:x-id}.{body}")));
    assert!(signed(scheme().id("body:/id")));
    assert!(signed(scheme().id("body:/id").signs("{sha256hex:body}")));
    assert!(!signed(scheme().id("body:/id").signs("{url}")));
    assert!(signed(scheme().id("form:id")));
    assert!(!signed(scheme().id("form:id").signs("{sorted_form}")));
    assert!(signed(scheme().id("form:id").signs("{form:id}")));
    assert!(!signed(scheme().id("query:id")));
    assert!(signed(scheme().id("query:id").signs("{url}{body}")));
    assert!(signed(scheme().id("query:id").signs("{path_query}{body}")));
    assert!(signed(scheme().id("query:id").signs("{query:id}.{body}")));
    assert!(!signed(scheme().id(["body:/id", "header:x-id"])));
    assert!(signed(scheme().id(["body:/id", "header:x-id"]).signs("{header:x-id}.{body}")));
    assert!(!signed(Scheme::token("x").id("body:/id")));
    assert!(signed(scheme().id("header:x-id").id_signed(true)));
}

#[test]
fn the_profile_of_a_scheme_says_what_is_covered() {
    let profile = |scheme: Scheme| scheme.verifier("acme", secret("secret")).unwrap().profile().clone();
    let by = |template: &'static str| Scheme::hmac_sha256("x-signature", Encoding::Hex).signs(template);
    for (place, template, covered) in [
        ("header:x-type", "{body}", false),
        ("header:x-type", "{header:x-type}.{body}", true),
        ("query:type", "{body}", false),
        ("query:type", "{url}{body}", true),
        ("query:type", "{path_query}.{body}", true),
        ("query:type", "{query:type}.{body}", true),
        ("body:/type", "{body}", true),
        ("body:/type", "{sha256hex:body}", true),
        ("body:/type", "{body:/type}", true),
        ("body:/type", "{url}", false),
        ("form:type", "{body}", true),
        // Sorted parameters have no separators, so they can be split in other places.
        ("form:type", "{sorted_form}", false),
        ("form:type", "{sorted_pairs}", true),
        ("form:type", "{sorted_pairs:sign}", true),
        ("form:type", "{sorted_pairs:sign,type}", false),
        ("body:/type", "{sorted_pairs}", false),
        // The end of the query can be moved into the form.
        ("query:type", "{url}{sorted_form}", false),
        ("query:type", "{path_query}{sorted_form}", false),
        ("query:type", "{url} {sorted_form}", true),
        ("query:type", "{query:type}|{url}{sorted_form}", true),
    ] {
        assert_eq!(
            profile(by(template).event_type(place)).event_type_signed(),
            covered,
            "{place} {template}"
        );
        assert_eq!(profile(by(template).id(place)).id_signed(), covered, "{place} {template}");
    }
    for (template, covered) in [
        ("{body}", true),
        ("{sha256hex:body}", true),
        ("{url}", false),
        ("{sorted_form}", false),
        ("{sorted_pairs}", false),
    ] {
        assert_eq!(profile(by(template)).body_signed(), covered, "{template}");
    }
    let token = profile(Scheme::token("x").id("body:/id").event_type("body:/type"));
    assert!(!token.body_signed() && !token.id_signed() && !token.event_type_signed());
}

#[tokio::test]
async fn an_ambiguous_value_is_rejected() {
    let scheme =
        Scheme::hmac_sha256("x-signature", Encoding::Hex).signs("{header:x-id}.{query:order}.{body}");
    let send = async |id: &str, text: &str| {
        send(&scheme, secret("secret"), post(&[("x-signature", &tag(text)), ("x-id", id)], "{}")).await
    };
    assert_eq!(send("id", "id.7.{}").await, Ok(String::new()));
    assert_eq!(send("id.7", "id.7.7.{}").await, Err(Kind::MalformedSignature));
    assert_eq!(send("", ".7.{}").await, Err(Kind::MalformedSignature));

    // If a value follows the body, its end is the end of the signed content. Its beginning is unambiguous only if the
    // value does not contain the separator.
    let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex).signs("{body}.{header:x-id}");
    let send = async |id: &str, body: &str| {
        let signature = tag("a=1.5.7");
        self::send(&scheme, secret("secret"), post(&[("x-signature", &signature), ("x-id", id)], body)).await
    };
    assert_eq!(send("7", "a=1.5").await, Ok(String::new()));
    assert_eq!(send("5.7", "a=1").await, Err(Kind::MalformedSignature));
}

#[tokio::test]
async fn a_body_without_a_separator_from_a_value_must_be_json() {
    let send = async |template: &str, text: &str, id: &str, body: &str| {
        let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex).signs(template);
        send(&scheme, secret("secret"), post(&[("x-signature", &tag(text)), ("x-id", id)], body)).await
    };
    let before = "{header:x-id}{body}";
    let signed = r#"7{"close":true}"#;
    assert_eq!(send(before, signed, "7", r#"{"close":true}"#).await, Ok(String::new()));
    assert_eq!(send(before, signed, signed, "").await, Err(Kind::MalformedSignature));
    assert_eq!(send(before, signed, r#"7{"close":"#, "true}").await, Err(Kind::MalformedSignature));
    assert_eq!(send(before, "7", "7", "").await, Ok(String::new()));
    assert_eq!(send(before, "7[1]", "7", "[1]").await, Ok(String::new()));
    for (id, form) in [("7", "close=true&id=1"), ("7close=true&", "id=1")] {
        assert_eq!(send(before, "7close=true&id=1", id, form).await, Err(Kind::MalformedSignature));
    }
    let after = "{body}{header:x-id}";
    assert_eq!(send(after, r#"{"close":true}7"#, "7", r#"{"close":true}"#).await, Ok(String::new()));
    assert_eq!(send(after, r#"{"a":{}}7"#, "}7", r#"{"a":{}"#).await, Err(Kind::MalformedSignature));
    assert_eq!(send(after, "close=true7", "7", "close=true").await, Err(Kind::MalformedSignature));
}

#[test]
fn an_ambiguous_template_is_refused() {
    let verifier = |template: &str| {
        Scheme::hmac_sha256("x-signature", Encoding::Hex)
            .list(",")
            .pairs("=", ["v1"])
            .timestamp("header:x-time", TimeUnit::Seconds)
            .signs(&format!("{{ts}}|{template}"))
            .verifier("acme", secret("secret"))
    };
    for template in [
        "{header:x-a}{header:x-b}",
        "{header:x-a}{header:x-b}.{body}",
        "{header:x-a}{query:b}{body}",
        "{body}{header:x-a}{header:x-b}",
        "{header:x-a}{body}{header:x-b}",
        "{header:x-a}{sha256hex:body}{header:x-b}",
        "{header:x-a}{url}{body}",
        "{url}{header:x-a}",
        "{url}{path_query}{body}",
        "{url}{sorted_form}.{header:x-a}",
        "{header:x-a}{sorted_form}",
        "{method}{header:x-a}{body}",
        "{field:h}{headers_named_by:h}{body}",
        "{field:h}.{headers_named_by:h}{header:x-a}",
    ] {
        let error = verifier(template).expect_err(template).to_string();
        assert!(error.contains("is ambiguous"), "{template}: {error}");
    }
    for template in [
        "{header:x-a}.{header:x-b}.{body}",
        "{header:x-a}{ts}{body}",
        "{body}{ts}{header:x-a}",
        "{body}.{header:x-a}.{ts}",
        "{header:x-a}{sha256hex:body}",
        "{header:x-a}{ts}{sha256hex:body}{ts}",
        "{method}{url}{body}{ts}",
        "{method}{path_query} {body}",
        "{url}\n{body}",
        "{url}.{body}",
        "{url}{sorted_form}",
        "{method} {path_query}|{sha256hex:body}.{header:x-a}",
        "{url}.{header:x-a}",
        "{field:h}.{headers_named_by:h}.{body}",
        "{body}.{field:h}.{headers_named_by:h}",
    ] {
        verifier(template).expect(template);
    }
}

/// For each valid short template, the layer accepts at most one of the short requests with the same signed content.
#[tokio::test]
async fn no_two_accepted_requests_have_the_same_signed_content() {
    const PARTS: [&str; 8] =
        ["{header:x-a}", "{header:x-b}", "{ts}", "{method}", "{path_query}", "{body}", ".", "1"];
    let texts = ["1", ".", "{", "1.", ".1", "1{", "{}", "[1]", "7.1", "17.1", "1.{}", "71", "1700000000"];
    let bodies = [
        "",
        "1",
        ".",
        "{}",
        "1.",
        "[1]",
        "7.1",
        "1.{}",
        ".{}",
        "{}1",
        "00000.1",
        "1700000000{}",
        "{}1700000000",
    ];
    let choices = |part: &'static str| -> Vec<&'static str> {
        match part {
            "{header:x-a}" | "{header:x-b}" => texts.to_vec(),
            "{ts}" => vec!["1700000000", "1170000000", "170000000", "17000000001", "11700000000"],
            "{method}" => vec!["GET", "GE", "G1"],
            "{path_query}" => vec!["/", "/1", "/.", "/1.", "/{}", "/1{}", "/1700000000"],
            "{body}" => bodies.to_vec(),
            literal => vec![literal],
        }
    };
    let mut templates: Vec<Vec<&str>> = vec![vec![]];
    let mut all = Vec::new();
    for _ in 0..3 {
        let longer = |template: &Vec<&'static str>| {
            let parts = PARTS.into_iter().filter(|part| !template.contains(part));
            parts.map(|part| [template.as_slice(), &[part]].concat()).collect::<Vec<_>>()
        };
        templates = templates.iter().flat_map(longer).collect();
        all.extend(templates.clone());
    }

    let (mut built, mut ambiguous) = (0, 0);
    for template in &all {
        let mut scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex).signs(&template.concat());
        if template.contains(&"{ts}") {
            scheme = scheme.timestamp("header:x-ts", TimeUnit::Seconds).tolerance(None, 300);
        }
        let Ok(verifier) = scheme.verifier("acme", secret("secret")) else { continue };
        built += 1;
        let mut requests: Vec<Vec<&str>> = vec![vec![]];
        for part in template {
            let choices = choices(part);
            let with = |request: &Vec<&'static str>| {
                choices.iter().map(|choice| [request.as_slice(), &[*choice]].concat()).collect::<Vec<_>>()
            };
            requests = requests.iter().flat_map(with).collect();
        }
        let mut by_text: HashMap<String, Vec<Vec<&str>>> = HashMap::new();
        for request in requests {
            by_text.entry(request.concat()).or_default().push(request);
        }
        let layer = WebhookLayer::with_verifier(verifier).without_dedupe();
        for (text, requests) in by_text.iter().filter(|(_, requests)| requests.len() > 1).take(60) {
            ambiguous += 1;
            let mut accepted = Vec::new();
            for values in requests {
                let value = |name: &str| template.iter().position(|part| *part == name).map(|at| values[at]);
                let mut request = Request::builder()
                    .method(value("{method}").unwrap_or("POST"))
                    .uri(value("{path_query}").unwrap_or("/"))
                    .header("x-signature", tag(text));
                for (name, part) in [("x-a", "{header:x-a}"), ("x-b", "{header:x-b}"), ("x-ts", "{ts}")] {
                    request = request.header(name, value(part).unwrap_or("1700000000"));
                }
                let request =
                    request.body(Full::from(value("{body}").unwrap_or_default().to_owned())).unwrap();
                match send_through(layer.clone(), request).await {
                    Ok(_) => accepted.push(values),
                    // A timestamp of eleven digits is far in the future, and therefore stale.
                    Err(Kind::MalformedSignature | Kind::StaleTimestamp) => {}
                    Err(kind) => panic!("{kind:?}: {template:?} {values:?}"),
                }
            }
            assert!(accepted.len() < 2, "`{text}` of {template:?} is accepted as {accepted:?}");
        }
    }
    assert!(built > 200 && ambiguous > 1_000, "{built} templates, {ambiguous} texts");
}

#[tokio::test]
async fn only_the_last_of_the_named_headers_may_contain_dots() {
    let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex)
        .list(",")
        .pairs("=", ["v1"])
        .signs("{field:h}.{headers_named_by:h}.{body}");
    let send = async |text: &str, id: &str, kind: &str, body: &str| {
        let signature = format!("h=x-id x-kind,v1={}", tag(format!("x-id x-kind.{text}")));
        let headers = [("x-signature", &*signature), ("x-id", id), ("x-kind", kind)];
        send(&scheme, secret("secret"), post(&headers, body)).await
    };
    let text = r#"7.user.created.{"a":1.5}"#;
    assert_eq!(send(text, "7", "user.created", r#"{"a":1.5}"#).await, Ok(String::new()));
    for (id, kind, body) in [
        ("7.user", "created", r#"{"a":1.5}"#),
        ("7", r#"user.created.{"a":1"#, "5}"),
        ("7", "user", r#"created.{"a":1.5}"#),
    ] {
        assert_eq!(send(text, id, kind, body).await, Err(Kind::MalformedSignature), "{id} {kind} {body}");
    }
    assert_eq!(send("7.user.created.text", "7", "user.created", "text").await, Err(Kind::MalformedSignature));
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

#[test]
fn a_secret_that_begins_or_ends_with_another_is_refused_for_a_plain_hash() {
    let scheme = Scheme::new(Algorithm::Sha256, "x", Encoding::Hex).signs("{secret}{body}");
    for other in ["secret7", "7secret"] {
        let error = scheme.verifier("acme", [secret("secret"), secret(other)]).expect_err(other).to_string();
        assert!(error.contains("begins or ends with another"), "{error}");
    }
    scheme.verifier("acme", [secret("secret"), secret("secret")]).unwrap();
    Scheme::hmac_sha256("x", Encoding::Hex).verifier("acme", [secret("secret"), secret("secret7")]).unwrap();
}

#[test]
fn a_timestamp_may_be_signed_in_any_location() {
    let scheme = |place, template| {
        Scheme::hmac_sha256("x-signature", Encoding::Hex).timestamp(place, TimeUnit::Seconds).signs(template)
    };
    for scheme in [
        scheme("header:x-time", "{ts}.{body}"),
        scheme("header:x-time", "{header:x-time}.{body}"),
        scheme("body:/time", "{body}"),
        scheme("query:time", "{url}{body}"),
        scheme("query:time", "{path_query}{body}"),
        scheme("query:time", "{query:time}{body}"),
    ] {
        scheme.verifier("acme", secret("secret")).unwrap();
    }
    // Concatenated parameters can be split so that they contain another timestamp.
    let scheme = scheme("form:time", "{sorted_form}");
    let error = scheme.verifier("acme", secret("secret")).expect_err("concatenated").to_string();
    assert!(error.contains("is not signed"), "{error}");
}

#[test]
fn a_timestamp_always_has_a_limit_in_the_future() {
    let json = json!({"alg": "hmac-sha256", "sig": {"from": "x", "enc": "hex"}, "template": "{ts}.{body}",
        "ts": {"from": "header:x-time", "unit": "ms"}});
    let scheme: Scheme = serde_json::from_value(json).unwrap();
    let tolerance = scheme.verifier("acme", secret("secret")).unwrap().profile().tolerance();
    assert_eq!((tolerance.past(), tolerance.future().as_secs()), (None, 300));
}
