//! The diagnosis of signature mismatches.

use std::{thread, time::Duration};

use data_encoding::{BASE64, HEXLOWER};
use serde_json::Value;

use super::{http::mac, page::details, *};

/// Waits for the diagnosis of a request.
fn found(inspector: &Inspector, number: u64) -> String {
    for _ in 0..6_000 {
        let hint: Value = details(inspector, number)["hints"][0].clone();
        let cause = hint["cause"].as_str().unwrap();
        if cause.starts_with("Found: ") {
            return format!("{cause}: {}", hint["cure"].as_str().unwrap());
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("no diagnosis of request {number}: {}", details(inspector, number));
}

/// Returns a request with the body `sent` and with GitHub's signature of the body `signed`.
fn changed(secret: &str, signed: &str, sent: &str) -> Request {
    let tag = HEXLOWER.encode(&mac(secret.as_bytes(), signed.as_bytes()));
    Request::unsigned(sent)
        .header("x-hub-signature-256", &format!("sha256={tag}"))
        .header("x-github-delivery", "id")
}

fn assert_rejected(inspector: &Inspector, request: &Request, kind: &str) {
    assert_eq!(request.send(inspector.address()).status(), Some(401));
    assert_line!(inspector.line(), outcome: "rejected", kind: kind, payload: null);
}

#[test]
fn a_body_that_was_changed_in_transit() {
    let inspector = Inspector::start(&["--provider", "github", "--secret", "s"]);
    // This body has no relation to the signed one.
    assert_rejected(&inspector, &changed("s", "{}", r#"{"a":1}"#), "wrong_signature");
    let compact = r#"{"a":[1,2.50],"b":"x/y: z, é"}"#;
    let spaced = r#"{"a": [1, 2.50], "b": "x/y: z, é"}"#;
    let changes = [
        ("{\"a\": 1}\n", "{\"a\": 1}", "with a line break at its end"),
        ("{\"a\": 1}", "{\"a\": 1}\n", "without the line break at its end"),
        ("{\"a\": 1}", "{\"a\": 1}\r\n", "without leading and trailing whitespace"),
        ("a=1\r\nb=2", "a=1\nb=2", "CRLF, not LF"),
        ("a=1\nb=2", "a=1\r\nb=2", "LF, not CRLF"),
        ("a=x+y", "a=x%20y", "“+”"),
        (compact, spaced, "without whitespace between tokens"),
        (spaced, compact, "with a space after each comma and colon"),
        (r#"{"a":"x\/y"}"#, r#"{"a": "x/y"}"#, "as PHP does"),
        (r#"{"a":"\u00e9","b":1}"#, r#"{"a": "é", "b": 1}"#, "with non-ASCII characters escaped"),
        (r#"{"a": "\u00e9\ud83d\ude00"}"#, r#"{"a":"é😀"}"#, "as Python does"),
        ("{\n  \"a\": 1\n}", r#"{"a":1}"#, "pretty-printed, with sorted keys"),
    ];
    for (number, (signed, sent, says)) in (2..).zip(changes) {
        assert_rejected(&inspector, &changed("s", signed, sent), "wrong_signature");
        let found = found(&inspector, number);
        assert!(found.contains("the body was modified in transit") && found.contains(says), "{found}");
    }
    assert!(!details(&inspector, 1)["hints"].to_string().contains("Found"), "{}", details(&inspector, 1));
    inspector.stop();
}

#[test]
fn a_secret_with_added_or_missing_characters() {
    for (given, meant, says) in [
        ("\"secret\"", "secret", "without the spaces and quotes around it"),
        ("whsec_secret", "secret", "without the `whsec_` prefix"),
        ("secret", "whsec_secret", "with the `whsec_` prefix"),
    ] {
        let inspector = Inspector::start(&["--provider", "github", "--secret", given]);
        assert_rejected(&inspector, &changed(meant, "{}", "{}"), "wrong_signature");
        let found = found(&inspector, 1);
        assert!(found.contains(says), "{found}");
        inspector.stop();
    }
}

#[test]
fn a_url_that_a_proxy_has_changed() {
    let inspector = Inspector::start(&["--provider", "square", "--secret", "s"]);
    let url = "https://hooks.example.com/webhook";
    let tag = BASE64.encode(&mac(b"s", format!("{url}{{}}").as_bytes()));
    let request = Request::unsigned("{}")
        .header("x-square-hmacsha256-signature", &tag)
        .header("x-forwarded-host", "hooks.example.com");
    assert_rejected(&inspector, &request, "wrong_signature");
    let found = found(&inspector, 1);
    assert!(found.contains(&format!("--public-url {url}")), "{found}");
    inspector.stop();

    let inspector = Inspector::start(&["--provider", "square", "--secret", "s", "--public-url", url]);
    assert_eq!(request.send(inspector.address()).status(), Some(200));
    inspector.line();
    inspector.stop();
}

#[test]
fn the_signature_of_another_provider() {
    let inspector = Inspector::start(&["--secret", SECRET]);
    assert_rejected(&inspector, &Request::github("s", "id", "{}"), "missing_signature");
    let found = found(&inspector, 1);
    assert!(found.contains("x-hub-signature-256") && found.contains("`--provider github`"), "{found}");
    // The signature header is present; other headers are missing.
    let signature = format!("v1,{}", BASE64.encode(&[0; 32]));
    assert_rejected(
        &inspector,
        &Request::unsigned("{}").header("webhook-signature", &signature),
        "missing_signature",
    );
    assert!(!details(&inspector, 2)["hints"].to_string().contains("Found"), "{}", details(&inspector, 2));
    inspector.stop();
}
