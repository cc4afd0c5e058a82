//! Locations of signatures, tokens, key ids, timestamps and ids.

use super::*;

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
async fn the_key_is_selected_by_the_requests_key_id() {
    let secrets = || [secret("other").with_key_id("a"), secret("secret").with_key_id("b")];
    let named = |name: &str| {
        let body = format!(r#"{{"key":"{name}"}}"#);
        post(&[("x-signature", &tag(&body)), ("x-key", name)], &body)
    };
    for place in ["header:x-key", "body:/key"] {
        let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex).key_id(place);
        assert_eq!(send(&scheme, secrets(), named("b")).await, Ok(String::new()), "{place}");
        for wrong in ["a", "c"] {
            assert_eq!(
                send(&scheme, secrets(), named(wrong)).await,
                Err(Kind::WrongSignature),
                "{place}: {wrong}"
            );
        }
        let unnamed = post(&[("x-signature", &tag("{}"))], "{}");
        assert_eq!(send(&scheme, secrets(), unnamed).await, Err(Kind::MissingSignature), "{place}");
    }
    let empty = Scheme::hmac_sha256("x-signature", Encoding::Hex).key_id("header:x-key");
    assert_eq!(send(&empty, secrets(), named("")).await, Err(Kind::WrongSignature));
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
async fn positional_items_can_hold_the_timestamp() {
    let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex)
        .list(",")
        .timestamp("item:0", TimeUnit::Milliseconds)
        .signs("{ts}.{body}");
    let header = |at: u64, signed: u64| format!("{at},{}", tag(format!("{signed}.{{}}")));
    let now = u64::from(NOW) * 1000;
    let send = async |signature: String| send_signature(&scheme, &signature).await;
    assert_eq!(send(header(now, now)).await, Ok(String::new()));
    assert_eq!(send(header(now + 1, now)).await, Err(Kind::WrongSignature));
    assert_eq!(send(header(now - 400_000, now - 400_000)).await, Err(Kind::StaleTimestamp));
}

#[tokio::test]
async fn a_repeated_signature_is_accepted() {
    let signature = tag("{}");
    let list = Scheme::hmac_sha256("x-signature", Encoding::Hex).list(",");
    let twice = format!("{signature},{signature}");
    assert_eq!(send_signature(&list, &twice).await, Ok(String::new()));
    let token = Scheme::token("x-token").signature_in(["header:x-token", "query:token"]);
    assert_eq!(send(&token, secret("x"), post(&[("x-token", "x")], "")).await, Ok(String::new()));
}

#[tokio::test]
async fn all_versions_may_share_a_template() {
    let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex)
        .list(",")
        .pairs("=", ["v1", "v0"])
        .prefer(["v1", "v0"])
        .signs("{body}.");
    let send = async |signature: String| send_signature(&scheme, &signature).await;
    let (right, wrong) = (tag("{}."), tag("{}"));
    assert_eq!(send(format!("v1={right}")).await, Ok(String::new()));
    assert_eq!(send(format!("v0={right}")).await, Ok(String::new()));
    assert_eq!(send(format!("v0={right},v1={wrong}")).await, Err(Kind::WrongSignature));
}

#[tokio::test]
async fn only_the_strongest_version_that_is_present_counts() {
    let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex)
        .list(",")
        .pairs("=", ["v2", "v1"])
        .prefer(["v2", "v1"])
        .signs_by_version([("v1", "{body}"), ("v2", "v2:{body}")]);
    let (v1, v2) = (tag("{}"), tag("v2:{}"));
    let send = async |signature: String| send_signature(&scheme, &signature).await;
    assert_eq!(send(format!("v1={v1}")).await, Ok(String::new()));
    assert_eq!(send(format!("v1={v1},v2={v2}")).await, Ok(String::new()));
    let wrong = "0".repeat(64);
    assert_eq!(send(format!("v1={v1},v2={wrong}")).await, Err(Kind::WrongSignature));
    assert_eq!(send(format!("v3={v2}")).await, Err(Kind::MalformedSignature));
    // The signed content of one version is not accepted as the body of another.
    let request = post(&[("x-signature", &format!("v1={v2}"))], "v2:{}");
    assert_eq!(self::send(&scheme, secret("secret"), request).await, Err(Kind::MalformedSignature));
}
