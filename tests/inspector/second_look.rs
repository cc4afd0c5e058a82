//! The diagnosis of signature mismatches.

use std::{io::Write, thread, time::Duration};

use data_encoding::{BASE64, HEXLOWER};
use flate2::{Compression, write::GzEncoder};
use serde_json::Value;

use super::{http::mac, page::details, *};

/// Waits for the diagnosis of a request, and returns it with its short form in the list.
fn found(inspector: &Inspector, number: u64) -> String {
    for _ in 0..6_000 {
        let details = details(inspector, number);
        let hint: &Value = &details["hints"][0];
        let cause = hint["cause"].as_str().unwrap();
        if cause.starts_with("Found: ") {
            let finding = details["finding"].as_str().unwrap();
            return format!("{finding}; {cause}: {}", hint["cure"].as_str().unwrap());
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("no diagnosis of request {number}: {}", details(inspector, number));
}

#[track_caller]
fn assert_rejected(inspector: &Inspector, request: &Request, kind: &str) {
    assert_line!(inspector.receive(request, 401), outcome: "rejected", kind: kind, payload: null);
}

#[test]
fn a_body_that_was_changed_in_transit() {
    let inspector = Inspector::start(&["--provider", "github", "--secret", "s"]);
    // This body has no relation to the signed one.
    assert_rejected(&inspector, &Request::signed_by_github("s", "{}", r#"{"a":1}"#), "wrong_signature");
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
        ("{\n  \"a\": 1\n}", r#"{"a":1}"#, "indented by 2 spaces"),
        (r#"{"b": 1, "a": [{}, []]}"#, "{\"b\":1,\"a\":[{},[]]}", "with a space after each comma and colon"),
        (
            "{\n    \"b\": \"x: [y, {\",\n    \"a\": [\n        {},\n        []\n    ]\n}",
            "{\"b\":\"x: [y, {\",\"a\":[{},[]]}",
            "indented by 4 spaces",
        ),
        ("{\n  \"a\": 1,\n  \"b\": 2\n}", r#"{"b":2,"a":1}"#, "pretty-printed, with sorted keys"),
        (
            r#"{"a":"é😀\n\\u00e9"}"#,
            r#"{"a":"\u00e9\ud83d\ude00\n\\u00e9"}"#,
            "non-ASCII characters as UTF-8",
        ),
        (r#"{"a": "\u00e9",  "b": 1}"#, r#"{"a": "é",  "b": 1}"#, "with non-ASCII characters escaped"),
        ("\u{feff}{}", "{}", "with a byte order mark"),
        ("{}", "\u{feff}{}", "without the byte order mark"),
        ("", "{}", "an empty body"),
        (r#"{"a": 1}"#, "payload=%7B%22a%22%3A+1%7D", "the form's `payload` field"),
    ];
    for (number, (signed, sent, says)) in (2..).zip(changes) {
        assert_rejected(&inspector, &Request::signed_by_github("s", signed, sent), "wrong_signature");
        let found = found(&inspector, number);
        assert!(found.contains("the body is not the one that was signed") && found.contains(says), "{found}");
        assert!(found.starts_with("body changed: "), "{found}");
        let cure = "You signed other bytes than you sent, or the body was changed on the way";
        assert!(found.contains(cure), "{found}");
    }
    assert!(!details(&inspector, 1)["hints"].to_string().contains("Found"), "{}", details(&inspector, 1));
}

#[test]
fn a_secret_with_added_or_missing_characters() {
    for (given, meant, says) in [
        ("\"secret\"", "secret", "without the spaces and quotes around it"),
        ("whsec_secret", "secret", "without the `whsec_` prefix"),
        ("secret", "whsec_secret", "with the `whsec_` prefix"),
        ("secret", "secret\n", "followed by a line break"),
        ("secret", "secret ", "followed by a space"),
        ("secret", "\"secret\"", "in double quotes"),
    ] {
        let inspector = Inspector::start(&["--provider", "github", "--secret", given]);
        assert_rejected(&inspector, &Request::signed_by_github(meant, "{}", "{}"), "wrong_signature");
        let found = found(&inspector, 1);
        assert!(found.contains(says) && found.starts_with("secret not exact: "), "{found}");
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
    assert!(found.starts_with(&format!("URL changed: signed for `{url}`; ")), "{found}");

    let inspector = Inspector::start(&["--provider", "square", "--secret", "s", "--public-url", url]);
    inspector.receive(&request, 200);
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
}

#[test]
fn another_template_than_the_providers() {
    let inspector = Inspector::start(&["--provider", "stripe", "--secret", "whsec_secret"]);
    for (number, (signed, says)) in (1..).zip([
        ("{body}", "the body alone"),
        ("{ts}{body}", "the timestamp and the body without a separator"),
        ("{ts}000.{body}", "the timestamp in milliseconds"),
        ("{body}{ts}", "the body and the timestamp without a separator"),
    ]) {
        let (at, body) = (now(), r#"{"id":"evt_1"}"#);
        let signed = signed.replace("{ts}", &at.to_string()).replace("{body}", body);
        let tag = HEXLOWER.encode(&mac(b"whsec_secret", signed.as_bytes()));
        let request = Request::unsigned(body).header("stripe-signature", &format!("t={at},v1={tag}"));
        assert_rejected(&inspector, &request, "wrong_signature");
        let found = found(&inspector, number);
        assert!(found.starts_with(&format!("signed content: {says}; ")), "{found}");
        assert!(found.contains("Stripe signs `{ts}.{body}`"), "{found}");
    }

    let inspector = Inspector::start(&["--secret", SECRET]);
    let (at, body) = (now(), "{}");
    let key = BASE64.decode(SECRET.trim_start_matches("whsec_").as_bytes()).unwrap();
    let tag = BASE64.encode(&mac(&key, format!("{at}.{body}").as_bytes()));
    let request = Request::unsigned(body)
        .header("webhook-id", "id")
        .header("webhook-timestamp", &at.to_string())
        .header("webhook-signature", &format!("v1,{tag}"));
    assert_rejected(&inspector, &request, "wrong_signature");
    let found = found(&inspector, 1);
    assert!(found.starts_with("signed content: the timestamp, a dot and the body; "), "{found}");
}

#[test]
fn a_body_that_was_compressed_after_signing() {
    let plain = r#"{"a":1}"#;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain.as_bytes()).unwrap();
    let inspector = Inspector::start(&["--provider", "github", "--secret", "s"]);
    let request =
        Request::signed_by_github("s", plain, encoder.finish().unwrap()).header("content-encoding", "gzip");
    assert_rejected(&inspector, &request, "wrong_signature");
    let found = found(&inspector, 1);
    assert!(found.starts_with("body changed: compressed after signing; "), "{found}");
}
