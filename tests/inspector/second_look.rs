//! What is found out about a wrong signature, beyond that it is wrong.

use std::{thread, time::Duration};

use data_encoding::{BASE64, HEXLOWER};
use serde_json::Value;

use super::{http::mac, page::told, *};

/// Waits for what is found out of the request of this number.
fn found(inspector: &Inspector, number: u64) -> String {
    for _ in 0..6_000 {
        let hint: Value = told(inspector, number)["hints"][0].clone();
        let cause = hint["cause"].as_str().unwrap();
        if cause.starts_with("Found: ") {
            return format!("{cause}: {}", hint["cure"].as_str().unwrap());
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("nothing was found out about request {number}: {}", told(inspector, number));
}

/// GitHub's headers for one body, on another.
fn changed(secret: &str, signed: &str, sent: &str) -> Request {
    let tag = HEXLOWER.encode(&mac(secret.as_bytes(), signed.as_bytes()));
    Request::unsigned(sent)
        .header("x-hub-signature-256", &format!("sha256={tag}"))
        .header("x-github-delivery", "id")
}

fn refuse(inspector: &Inspector, request: &Request, kind: &str) {
    assert_eq!(request.send(inspector.address()).status(), Some(401));
    assert_line!(inspector.line(), outcome: "rejected", kind: kind, payload: null);
}

#[test]
fn a_body_that_was_changed_on_its_way() {
    let inspector = Inspector::start(&["--provider", "github", "--secret", "s"]);
    // What came has nothing to do with what was signed.
    refuse(&inspector, &changed("s", "{}", r#"{"a":1}"#), "wrong_signature");
    let compact = r#"{"a":[1,2.50],"b":"x/y: z, é"}"#;
    let spaced = r#"{"a": [1, 2.50], "b": "x/y: z, é"}"#;
    let changes = [
        ("{\"a\": 1}\n", "{\"a\": 1}", "with a line break at its end"),
        ("{\"a\": 1}", "{\"a\": 1}\n", "without the line break at its end"),
        ("{\"a\": 1}", "{\"a\": 1}\r\n", "without the white space at its ends"),
        ("a=1\r\nb=2", "a=1\nb=2", "CRLF, not LF"),
        ("a=1\nb=2", "a=1\r\nb=2", "LF, not CRLF"),
        ("a=x+y", "a=x%20y", "“+”"),
        (compact, spaced, "without white space between its tokens"),
        (spaced, compact, "with a space after each comma and colon"),
        (r#"{"a":"x\/y"}"#, r#"{"a": "x/y"}"#, "as PHP does"),
        (r#"{"a":"\u00e9","b":1}"#, r#"{"a": "é", "b": 1}"#, "with all but ASCII escaped"),
        (r#"{"a": "\u00e9\ud83d\ude00"}"#, r#"{"a":"é😀"}"#, "as Python does"),
        ("{\n  \"a\": 1\n}", r#"{"a":1}"#, "with a line for each member"),
    ];
    for (number, (signed, sent, says)) in (2..).zip(changes) {
        refuse(&inspector, &changed("s", signed, sent), "wrong_signature");
        let found = found(&inspector, number);
        assert!(found.contains("the body was changed on its way") && found.contains(says), "{found}");
    }
    assert!(!told(&inspector, 1)["hints"].to_string().contains("Found"), "{}", told(&inspector, 1));
    inspector.stop();
}

#[test]
fn a_secret_that_was_not_copied_as_it_is() {
    for (given, meant, says) in [
        ("\"secret\"", "secret", "without the spaces and quotes around it"),
        ("whsec_secret", "secret", "without the `whsec_` before it"),
        ("secret", "whsec_secret", "with `whsec_` before it"),
    ] {
        let inspector = Inspector::start(&["--provider", "github", "--secret", given]);
        refuse(&inspector, &changed(meant, "{}", "{}"), "wrong_signature");
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
    refuse(&inspector, &request, "wrong_signature");
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
    refuse(&inspector, &Request::github("s", "id", "{}"), "missing_signature");
    let found = found(&inspector, 1);
    assert!(found.contains("x-hub-signature-256") && found.contains("`--provider github`"), "{found}");
    // The header is there, and it is another that is missing.
    let signature = format!("v1,{}", BASE64.encode(&[0; 32]));
    refuse(&inspector, &Request::unsigned("{}").header("webhook-signature", &signature), "missing_signature");
    assert!(!told(&inspector, 2)["hints"].to_string().contains("Found"), "{}", told(&inspector, 2));
    inspector.stop();
}
