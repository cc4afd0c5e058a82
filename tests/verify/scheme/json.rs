//! Schemes as JSON, and the schemes of all providers.

use std::collections::HashSet;

use super::*;

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
