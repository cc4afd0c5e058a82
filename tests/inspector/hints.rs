//! The likely causes of rejections, as the page shows them.

use data_encoding::{BASE64, HEXLOWER};
use serde_json::Value;

use super::{
    http::mac,
    page::{details, step},
    *,
};

/// Sends a request that is rejected, and returns its details.
fn rejected(inspector: &Inspector, number: u64, request: &Request) -> Value {
    inspector.receive(request, 401);
    details(inspector, number)
}

fn github(header: &str, value: &str) -> Request {
    Request::unsigned("{}").header("x-github-delivery", "id").header(header, value)
}

fn stripe(value: &str) -> Request {
    Request::unsigned("{}").header("stripe-signature", value)
}

#[track_caller]
fn assert_found(details: &Value, finding: &str, says: &str) {
    assert_eq!(details["finding"], finding, "{details}");
    let hints = details["hints"].as_array().unwrap();
    assert_eq!(hints.len(), 1, "{details}");
    let text = format!("{}: {}", hints[0]["cause"].as_str().unwrap(), hints[0]["cure"].as_str().unwrap());
    assert!(text.starts_with("Found: ") && text.contains(says), "{text}");
}

#[test]
fn a_header_with_an_older_or_misspelt_name() {
    let inspector = Inspector::start(&["--provider", "github", "--secret", "secret"]);
    let old = rejected(&inspector, 1, &github("x-hub-signature", &format!("sha1={}", "a".repeat(40))));
    assert_found(
        &old,
        "SHA-1 header `x-hub-signature` instead of `x-hub-signature-256`",
        "You sent the old SHA-1 header `x-hub-signature`. GitHub signs SHA-256 in `x-hub-signature-256`.",
    );
    let empty = rejected(&inspector, 2, &github("x-hub-signature-256", ""));
    assert_found(&empty, "`x-hub-signature-256` header is empty", "variable");
    assert_eq!(empty["reason"], "`x-hub-signature-256` header is empty");
    assert!(step(&empty, "Head").1.contains("header is empty"), "{empty}");

    let inspector = Inspector::start(&["--provider", "stripe", "--secret", "whsec_secret"]);
    let request = Request::unsigned("{}").header("x-stripe-signature", "t=1,v1=00");
    assert_found(
        &rejected(&inspector, 1, &request),
        "header is named `x-stripe-signature`, not `stripe-signature`",
        "you sent `x-stripe-signature`; Stripe's header is `stripe-signature`",
    );
}

#[test]
fn another_header_of_the_provider_is_not_a_misspelt_one() {
    let scheme = r#"{
        "alg": "hmac-sha256", "sig": {"from": "x-acme-signature", "enc": "hex"}, "template": "{ts}.{body}",
        "ts": {"from": "header:x-acme-signature-t1", "unit": "s"}, "event_type": "header:x-acme-signatures"
    }"#;
    let inspector = Inspector::start(&["--scheme", scheme, "--secret", "secret"]);
    let request = Request::unsigned("{}")
        .header("x-acme-signature-t1", &now().to_string())
        .header("x-acme-signatures", "order")
        .header("x-acme-signature-input", "1");
    let details = rejected(&inspector, 1, &request);
    assert_eq!(details["reason"], "`x-acme-signature` header is missing");
    assert_eq!(details["finding"], Value::Null, "{details}");
}

#[test]
fn a_header_of_one_or_of_many_other_providers() {
    let inspector = Inspector::start(&["--provider", "github", "--secret", "secret"]);
    let one = rejected(&inspector, 1, &stripe("t=1,v1=00"));
    assert_found(&one, "signature of another provider: `stripe-signature`", "`--provider stripe`");
    let many = rejected(&inspector, 2, &Request::unsigned("{}").header("x-signature", "00"));
    assert_eq!(many["finding"], Value::Null);
    assert_eq!(many["hints"][0]["cause"], "Possible: a delivery of another provider");
    let both = rejected(&inspector, 3, &stripe("t=1,v1=00").header("x-signature", "00"));
    assert_found(&both, "signature of another provider: `stripe-signature`", "`--provider stripe`");
}

#[test]
fn a_timestamp_in_another_unit() {
    let inspector = Inspector::start(&["--provider", "stripe", "--secret", "whsec_secret"]);
    let signature = "a".repeat(64);
    let request = stripe(&format!("t={}123,v1={signature}", now()));
    assert_found(
        &rejected(&inspector, 1, &request),
        "timestamp in milliseconds, not seconds",
        "the timestamp is in milliseconds; Stripe expects seconds",
    );
    for (number, (text, finding)) in (2..).zip([
        (format!("{}.5", now()), "timestamp is a number with a decimal point, not whole seconds"),
        ("2026-11-22T09:21:00Z".to_owned(), "timestamp is a date in ISO 8601, not whole seconds"),
        (String::new(), "timestamp is empty, not whole seconds"),
    ]) {
        let request = stripe(&format!("t={text},v1={signature}"));
        assert_found(&rejected(&inspector, number, &request), finding, "Sign a Unix timestamp in seconds");
    }
}

#[test]
fn an_age_is_readable() {
    let inspector = Inspector::start(&["--provider", "stripe", "--secret", "whsec_secret"]);
    let signature = "a".repeat(64);
    for (number, (age, says, zone)) in (1..).zip([
        (2 * 3_600, "2 h old", true),
        (5_000, "1 h 23 min old", false),
        (2 * 86_400, "2 days old", false),
    ]) {
        let details = rejected(&inspector, number, &stripe(&format!("t={},v1={signature}", now() - age)));
        assert!(details["reason"].as_str().unwrap().contains(says), "{details}");
        assert_eq!(details["hints"].to_string().contains("time zone"), zone, "{details}");
    }
}

#[test]
fn a_signature_in_another_format() {
    let tag = mac(b"secret", b"{}");
    let (hex, base64) = (HEXLOWER.encode(&tag), BASE64.encode(&tag));
    let inspector = Inspector::start(&["--provider", "github", "--secret", "secret"]);
    for (number, (value, got)) in (1..).zip([
        (base64.clone(), "44 characters of base64 without the prefix"),
        (hex.clone(), "64 hex digits (the length of SHA-256) without the prefix"),
        (format!("sha256={base64}"), "44 characters of base64"),
        (format!("sha256={}", "a".repeat(40)), "40 hex digits (the length of SHA-1)"),
        (
            format!("sha512={}", "a".repeat(128)),
            "128 hex digits (the length of SHA-512) after the prefix `sha512=`",
        ),
        ("sha256=".to_owned(), "an empty value"),
    ]) {
        let details = rejected(&inspector, number, &github("x-hub-signature-256", &value));
        let says = format!("Expected `sha256=` and 64 hex digits in `x-hub-signature-256`; got {got}.");
        assert_found(&details, &format!("signature format: {got}"), &says);
        assert!(!details["hints"].to_string().contains(&base64), "{details}");
    }

    let inspector = Inspector::start(&["--provider", "stripe", "--secret", "whsec_secret"]);
    let details = rejected(&inspector, 1, &stripe(&format!("t={},v0={hex}", now())));
    assert_found(
        &details,
        "signature format: only `t=` and `v0=`",
        "Expected `v1=` and 64 hex digits in `stripe-signature`; got only `t=` and `v0=`.",
    );
}

#[test]
fn hints_on_the_secret_depend_on_the_provider() {
    for (provider, secret, says) in [
        ("stripe", "whsec_secret", Some("`whsec_`")),
        ("standard-webhooks", SECRET, Some("`whsec_`")),
        ("github", "secret", None),
        ("gitlab-token", "secret", None),
    ] {
        let inspector = Inspector::start(&["--provider", provider, "--secret", secret]);
        let at = now();
        let hex = "a".repeat(64);
        let request = Request::signed_by("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "id", at, "{}")
            .header("stripe-signature", &format!("t={at},v1={hex}"))
            .header("x-gitlab-token", "another")
            .header("x-hub-signature-256", &format!("sha256={hex}"));
        let details = rejected(&inspector, 1, &request);
        let hints = details["hints"].to_string();
        assert_eq!(details["hints"][0]["cause"], "The wrong secret");
        assert!(says.map_or(!hints.contains("whsec_"), |says| hints.contains(says)), "{hints}");
        assert_eq!(hints.contains("live mode"), provider == "stripe", "{hints}");
        assert_eq!(
            hints.contains("You signed other bytes than you sent"),
            provider != "gitlab-token",
            "{hints}"
        );
    }
}

#[test]
fn a_delivery_without_the_providers_id() {
    let inspector = Inspector::start(&["--provider", "github", "--secret", "secret"]);
    let request = Request::signed_by_github("secret", "{}", "{}");
    inspector.receive(&request, 200);
    let (_, claim) = step(&details(&inspector, 1), "Claim");
    assert!(claim.contains("This request has no `x-github-delivery` header."), "{claim}");
}

#[test]
fn a_secret_without_the_providers_prefix_is_reported_at_the_start() {
    for (provider, secret, warns) in [
        ("stripe", "a-secret-without-a-prefix", true),
        ("stripe", "whsec_a-secret", false),
        ("github", "a-secret-without-a-prefix", false),
    ] {
        let inspector = Inspector::start(&["--provider", provider, "--secret", secret]);
        let log = inspector.invitation().join("\n");
        let says = "warning: secrets of Stripe begin with `whsec_`, but one in --secret does not";
        assert_eq!(log.contains(says), warns, "{log}");
        assert!(!log.contains(secret), "{log}");
    }
}
