//! Signatures in headers: their encodings, lists, versions and repetitions.

use crate::{answers::answers, support::*};

#[tokio::test]
async fn undecodable_candidates_are_skipped_and_non_ascii_bytes_do_not_panic() {
    let good = format!("v1={}", hex(b"s", "{}"));
    for list in [format!("v1=not-hex-$$$,{good}"), format!(",v1=potato,{good},"), format!("v1=\u{e9},{good}")]
    {
        let headers = [("x-pagerduty-signature", &*list)];
        assert_eq!(judge_post("pagerduty", "s", &headers, "{}").await, Ok(()), "{list}");
    }
    let answers = answers();
    for provider in provider::all() {
        let Some(scheme) = provider.scheme() else { continue };
        let scheme = serde_json::to_value(scheme).unwrap();
        let from = scheme["sig"]["from"].as_str().filter(|from| !from.contains(':'));
        let Some(header) = from else { continue };
        // Arbitrary text is not a public key, so take the keys of the known answers.
        let known = answers.iter().find(|answer| answer["provider"] == provider.id);
        let key = known.map_or(SECRET, |answer| answer["secret"].as_str().unwrap());
        for bytes in ["\u{26a0}", "v1,\u{e9}", "sha256=\u{26a0}", "t=\u{e9},v1=\u{e9}"] {
            let refused = judge_post(provider.id, key, &[(header, bytes)], "{}").await;
            assert!(refused.is_err(), "{}", provider.id);
        }
    }
}

#[tokio::test]
async fn equal_length_in_base64_is_not_equal_length_in_bytes() {
    let (right, longer) = (base64(b"s", "{}"), "A".repeat(44));
    assert_eq!(right.len(), longer.len());
    for (signature, judged) in [(longer, Err(Kind::WrongSignature)), (right, Ok(()))] {
        let headers = [("x-shopify-hmac-sha256", &*signature)];
        assert_eq!(judge_post("shopify", "s", &headers, "{}").await, judged, "{signature}");
    }
}

#[tokio::test]
async fn a_weaker_signature_does_not_replace_a_stronger_one() {
    // GitHub's older header has a valid signature.
    let github = async |headers: &[(&str, &str)]| judge_post("github", "s", headers, "{}").await;
    let sha1 = format!("sha1={}", HEXLOWER.encode(&hmac_sha1(b"s", "{}")));
    assert_eq!(github(&[("x-hub-signature", &sha1)]).await, Err(Kind::MissingSignature));
    let both = [("x-hub-signature", &*sha1), ("x-hub-signature-256", &format!("sha256={}", "0".repeat(64)))];
    assert_eq!(github(&both).await, Err(Kind::WrongSignature));
    // Hook0's v0 is valid, but its v1 is wrong.
    let hook0 = async |signature: &str| {
        judge_post("hook0", "s", &[("x-hook0-signature", signature), ("x-a", "1")], "{}").await
    };
    let v0 = format!("t={NOW},v0={}", hex(b"s", format!("{NOW}.{{}}")));
    assert_eq!(hook0(&format!("{v0},h=x-a,v1={}", "0".repeat(64))).await, Err(Kind::WrongSignature));
    assert_eq!(hook0(&v0).await, Ok(()));
}

#[tokio::test]
async fn a_weaker_scheme_needs_its_own_constructor() {
    for (weaker, stronger, header) in [
        ("buildkite-token", "buildkite", "x-buildkite-token"),
        ("flutterwave", "flutterwave-v4", "verif-hash"),
    ] {
        let token = [(header, "secret")];
        assert_eq!(judge_post(weaker, "secret", &token, "{}").await, Ok(()));
        assert_eq!(judge_post(stronger, "secret", &token, "{}").await, Err(Kind::MissingSignature));
    }
}

#[tokio::test]
async fn one_header_has_different_schemes() {
    let sha1 = format!("sha1={}", HEXLOWER.encode(&hmac_sha1(b"s", "{}")));
    let sha256 = format!("sha256={}", hex(b"s", "{}"));
    for (provider, signature, right) in [
        ("bitbucket", &sha256, true),
        ("bitbucket", &sha1, false),
        ("github-sha1", &sha1, true),
        ("github-sha1", &sha256, false),
    ] {
        let judged = judge_post(provider, "s", &[("x-hub-signature", signature)], "{}").await;
        assert_eq!(judged, if right { Ok(()) } else { Err(Kind::MalformedSignature) }, "{provider}");
    }
}

#[tokio::test]
async fn the_bytes_are_signed_not_their_meaning() {
    for (escaped, plain) in
        [(r#"{"a":"\u00e4"}"#, "{\"a\":\"\u{e4}\"}"), ("[]\r\n", "[]"), ("payload=%7b%7d", "payload=%7B%7D")]
    {
        let signature = format!("sha256={}", hex(b"s", escaped));
        let headers = [("x-hub-signature-256", &*signature)];
        assert_eq!(judge_post("meta", "s", &headers, escaped).await, Ok(()));
        assert_eq!(judge_post("meta", "s", &headers, plain).await, Err(Kind::WrongSignature));
    }
}

#[test]
fn the_profile_says_what_the_signature_covers() {
    let profile = |id: &str| {
        let secret: Secret = "user:password".parse().unwrap();
        provider::find(id).unwrap().verifier(secret).unwrap().profile().clone()
    };
    for id in ["github", "stripe", "slack", "square"] {
        assert!(profile(id).body_signed(), "{id}");
    }
    for id in ["gitlab-token", "okta", "basic-auth"] {
        assert!(!profile(id).body_signed(), "{id}");
    }
    // A form whose signed text can be split in other places is not covered.
    for id in ["twilio", "mandrill", "plivo-v1", "plivo-v2", "plivo-v3", "braintree", "vonage-params"] {
        assert!(!profile(id).body_signed(), "{id}");
    }
    for id in ["plivo-v1", "plivo-v2", "plivo-v3"] {
        assert!(!profile(id).event_type_signed(), "{id}");
    }
}

#[tokio::test]
async fn at_most_32_headers_may_be_signed() {
    let hook0 = async |times: usize| {
        let (names, values) = (vec!["x-a"; times].join(" "), vec!["1"; times].join("."));
        let tag = hex(b"s", format!("{NOW}.{names}.{values}.{{}}"));
        let signature = format!("t={NOW},h={names},v1={tag}");
        judge_post("hook0", "s", &[("x-hook0-signature", &signature), ("x-a", "1")], "{}").await
    };
    assert_eq!(hook0(32).await, Ok(()));
    assert_eq!(hook0(33).await, Err(Kind::MalformedSignature));

    let tag = "0".repeat(64);
    let contentful = async |times: usize| {
        let own = "x-contentful-timestamp,x-contentful-signed-headers".to_owned();
        let headers = [
            ("x-contentful-signature", &*tag),
            ("x-contentful-timestamp", &format!("{NOW}000")),
            ("x-contentful-signed-headers", &(own + &",x-a".repeat(times - 2))),
            ("x-a", "1"),
        ];
        judge_post("contentful", "s", &headers, "{}").await
    };
    assert_eq!(contentful(32).await, Err(Kind::WrongSignature));
    assert_eq!(contentful(33).await, Err(Kind::MalformedSignature));
}

#[tokio::test]
async fn a_header_may_be_repeated_only_without_contradictions() {
    let layer = layer("stripe", "secret").without_dedupe();
    let signed = |at: u32| format!("t={at},v1={}", hex(b"secret", format!("{at}.{{}}")));
    let junk = format!("t={NOW},v1={}", "0".repeat(64));
    let (now, other) = (signed(NOW), signed(NOW + 1));
    for lines in [[&*junk, &*now], [&*now, &*junk], [&*now, &*now]] {
        let headers = lines.map(|line| ("stripe-signature", line));
        accepts(&layer, post(&headers, "{}")).await;
    }
    let headers = [("stripe-signature", &*other), ("stripe-signature", &*now)];
    assert_eq!(send(&layer, post(&headers, "{}")).await.err(), Some(Kind::MalformedSignature));
}

#[tokio::test]
async fn a_group_of_fields_for_either_secret_suffices() {
    let layer = layer("persona", "secret").without_dedupe();
    let ours = format!("t={NOW},v1={}", hex(b"secret", format!("{NOW}.{{}}")));
    let theirs = format!("t={NOW},v1={}", "0".repeat(64));
    for value in [format!("{ours} {theirs}"), format!("{theirs} {ours}"), ours.clone()] {
        accepts(&layer, post(&[("persona-signature", &value)], "{}")).await;
    }
    let later = format!("t={},v1={}", NOW + 1, "0".repeat(64));
    let contradiction = format!("{later} {ours}");
    let rejected = send(&layer, post(&[("persona-signature", &contradiction)], "{}")).await.err();
    assert_eq!(rejected, Some(Kind::MalformedSignature));
}

#[tokio::test]
async fn more_than_32_groups_are_rejected() {
    let group = format!("t={NOW},v1={}", "0".repeat(64));
    let many: Vec<String> = (0..40).map(|n| group.replace("00", &format!("{n:02}"))).collect();
    let value = many.join(" ");
    let judged = judge_post("persona", "secret", &[("persona-signature", &value)], "{}").await;
    assert_eq!(judged, Err(Kind::MalformedSignature));
}

#[tokio::test]
async fn xero_gets_rejections_without_a_body() {
    for (provider, header, is_empty) in
        [("xero", "x-xero-signature", true), ("shopify", "x-shopify-hmac-sha256", false)]
    {
        for layer in [layer(provider, "secret"), layer(provider, "secret").rejections_as_problem_json()] {
            let wrong = BASE64.encode(&[0; 32]);
            let response = answer(&layer, post(&[(header, &wrong)], "{}")).await;
            assert_eq!(response.status(), 401);
            assert_eq!(response.headers().contains_key("content-type"), !is_empty, "{provider}");
            assert_eq!(response.body().is_empty(), is_empty, "{provider}: {response:?}");
        }
    }
}

#[tokio::test]
async fn contentfuls_headers_can_be_split_in_only_one_way() {
    let names = "x-contentful-signed-headers,x-contentful-timestamp,x-one,x-two";
    let text = format!(
        "POST\n/in\nx-contentful-signed-headers:{names};x-contentful-timestamp:{NOW}000;x-one:1;x-two:2;x-two:3\n{{}}"
    );
    let signature = hex(b"secret", &text);
    let sent = async |one: &str, two: &str| {
        let timestamp = format!("{NOW}000");
        let headers = [
            ("x-contentful-signature", &*signature),
            ("x-contentful-signed-headers", names),
            ("x-contentful-timestamp", &timestamp),
            ("x-one", one),
            ("x-two", two),
        ];
        judge(&layer("contentful", "secret"), post_to(URL, &headers, "{}")).await
    };
    assert_eq!(sent("1", "2;x-two:3").await, Err(Kind::MalformedSignature));
    assert_eq!(sent("1;x-two:2", "3").await, Err(Kind::MalformedSignature));
    assert_eq!(sent("1", "2; x-two:3").await, Err(Kind::WrongSignature));
}
