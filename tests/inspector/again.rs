//! Received requests, sent again from the page and as `curl` commands.

use std::process::{Command, Output};

use serde_json::{Value, json};

use super::{page::details, *};

pub fn act(inspector: &Inspector, number: u64, action: &str, body: &Value) -> Answer {
    let path = format!("/page/requests/{number}/{action}");
    inspector.post(&path, body)
}

fn send_again(inspector: &Inspector, number: u64, how: &str) -> Value {
    let sent = act(inspector, number, "send", &json!({ "how": how })).json();
    assert_eq!(sent["from"].as_array().unwrap().len(), 1);
    inspector.line()
}

/// Runs the commands in a POSIX shell.
pub fn shell(commands: &str) -> Output {
    Command::new("sh").args(["-c", commands]).env("no_proxy", "*").output().unwrap()
}

fn copied(inspector: &Inspector, number: u64, how: &str) -> String {
    let answer = act(inspector, number, "curl", &json!({ "how": how }));
    assert_eq!(answer.status(), Some(200), "{}", answer.0);
    answer.body().to_owned()
}

#[test]
fn a_request_sent_again_is_a_duplicate_or_new() {
    let inspector = Inspector::start(&["--secret", SECRET]);
    let first = Request::delivery("first", r#"{"type": "a", "n": 1.50}"#);
    assert_line!(inspector.receive(&first, 200), outcome: "accepted", id: "first");
    assert_line!(send_again(&inspector, 1, "as_received"), outcome: "duplicate", id: "first");
    assert_line!(send_again(&inspector, 1, "signed"), outcome: "duplicate", id: "first");
    let new = send_again(&inspector, 1, "signed_as_new");
    assert_line!(new.clone(), outcome: "accepted", payload: {"type": "a", "n": 1.50});
    assert_ne!(new["id"], "first");
    assert_eq!(
        new["id"].as_str().unwrap().len(),
        "first".len() + 4,
        "letters are replaced, and a short id is extended"
    );
}

#[test]
fn a_request_with_a_wrong_signature_can_be_signed_anew() {
    for (provider, secret, request) in [
        (
            "github",
            "s3cret",
            Request::github("another", "72d3162e-cc78-11e3-81ab-4c9367dc0958", r#"{"zen": "a"}"#),
        ),
        (
            "svix",
            SECRET,
            Request::delivery("msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", r#"{"type": "a"}"#).header("x-more", "1"),
        ),
    ] {
        let inspector = Inspector::start(&["--provider", provider, "--secret", secret]);
        request.query("status=202").send(inspector.address());
        let first = inspector.line();
        let signed = send_again(&inspector, 1, "signed");
        let is_duplicate = first["outcome"] == "accepted";
        assert_eq!(signed["outcome"], if is_duplicate { "duplicate" } else { "accepted" }, "{signed}");
        let new = send_again(&inspector, 1, "signed_as_new");
        assert_line!(new.clone(), outcome: "accepted", status: 202, handler: "completed");
        let (old, new) = (signed["id"].as_str().unwrap(), new["id"].as_str().unwrap());
        assert!(old != new && old.len() == new.len(), "{old} {new}");
        assert_eq!(
            old.split('-').map(str::len).collect::<Vec<_>>(),
            new.split('-').map(str::len).collect::<Vec<_>>()
        );
        let target = details(&inspector, 3)["request"]["target"].clone();
        assert_eq!(target, "/webhook?status=202");
    }
}

#[test]
fn ids_and_times_in_the_body_are_replaced_in_place() {
    let inspector = Inspector::start(&["--provider", "telegram", "--secret", "token"]);
    let body = "{ \"message\": {\"text\": \"a\", \"n\": 1.50},\n \"update_id\": 10000 }";
    let request = Request::unsigned(body).header("x-telegram-bot-api-secret-token", "token");
    assert_line!(inspector.receive(&request, 200), outcome: "accepted", id: "10000");
    let new = send_again(&inspector, 1, "signed_as_new");
    assert_line!(new.clone(), outcome: "accepted", status: 200);
    let id = new["payload"]["update_id"].as_u64().expect("the id is still a number");
    assert_ne!(id, 10000);
    let curl = copied(&inspector, 1, "signed_as_new");
    assert!(curl.contains("{ \"message\": {\"text\": \"a\", \"n\": 1.50},\n \"update_id\": "), "{curl}");

    let inspector = Inspector::start(&["--provider", "linear", "--secret", "a secret"]);
    let body = r#"{"webhookTimestamp": 1000, "type": "Issue", "webhookId": "a", "n": 1.50}"#;
    let request = Request::unsigned(body).header("linear-signature", &"00".repeat(32));
    assert_line!(inspector.receive(&request, 401), outcome: "rejected");
    assert_line!(send_again(&inspector, 1, "signed"), outcome: "accepted");
}

#[test]
fn curl_sends_any_body_and_any_header() {
    let inspector = Inspector::start(&["--secret", SECRET]);
    let every_byte: Vec<_> = (0..=255).cycle().take(64 * 1024).collect();
    let bodies: [&[u8]; 10] = [
        b"",
        b"@/etc/passwd",
        b"it's \\ $HOME `id` \"%s\" !! \n\n",
        "{\"é\": \"日本\"}  ".as_bytes(),
        b"tab\there, return\r\n",
        // Ends the paste mode of a terminal.
        b"\x1b[201~ id\n",
        "\u{202e}right to left".as_bytes(),
        b"\0",
        b"\xff\xfe",
        &every_byte,
    ];
    let mut number = 0;
    for body in bodies {
        number += 1;
        let id = format!("id-{number}");
        let request = Request::delivery(&id, body)
            .header("x-quotes", "it's \\n `id` $HOME %s")
            .header("x-empty", "")
            .header("x-control", "a\tb")
            .header("user-agent", "a sender");
        let request = request.query("q=[1-9]{a,b}'&r=%20");
        assert_line!(inspector.receive(&request, 200), outcome: "accepted");
        let curl = copied(&inspector, number, "as_received");
        assert!(!curl.contains('\x1b') && !curl.contains('\u{202e}') && !curl.contains('\t'), "{curl:?}");
        let output = shell(&curl);
        assert!(output.status.success(), "{curl}: {}", String::from_utf8_lossy(&output.stderr));
        let line = inspector.line();
        assert!(line["outcome"] == "duplicate" && line["id"] == id.as_str(), "{line} of {curl}");
        number += 1;
        // curl sends the same headers, apart from those that it adds.
        let headers = |number| {
            let headers = details(&inspector, number)["headers"].as_array().unwrap().clone();
            let is_of_curl = |header: &Value| {
                ["connection", "accept", "content-length"].contains(&header[0].as_str().unwrap())
            };
            let mut headers: Vec<_> = headers.into_iter().filter(|header| !is_of_curl(header)).collect();
            headers.sort_by_key(Value::to_string);
            headers
        };
        assert_eq!(headers(number), headers(number - 1));
        assert_eq!(details(&inspector, number)["request"], details(&inspector, number - 1)["request"]);
    }
}

#[test]
fn curl_sends_headers_that_are_not_text() {
    let inspector = Inspector::start(&["--secret", SECRET]);
    let mut connection = Connection::open(inspector.address());
    connection.write(b"OPTIONS /webhook HTTP/1.1\r\nhost: test\r\nconnection: close\r\nx-latin: caf\xe9 100% 'a' \\\r\n\r\n");
    connection.answer();
    inspector.line();
    let curl = copied(&inspector, 1, "as_received");
    assert!(curl.contains(r#"-X 'OPTIONS'"#) && !curl.contains("--data"), "{curl}");
    assert!(shell(&curl).status.success(), "{curl}");
    assert_line!(inspector.line(), outcome: "rejected", kind: "missing_signature");
    let latin = |number| {
        let headers = details(&inspector, number)["headers"].as_array().unwrap().clone();
        headers.into_iter().find(|header| header[0] == "x-latin").unwrap()
    };
    assert_eq!(latin(2), latin(1));
}

#[test]
fn requests_that_are_not_kept_say_why() {
    let inspector = Inspector::start(&["--secret", SECRET]);
    inspector.receive(&Request::delivery("large", " ".repeat(64 * 1024 + 1)), 200);
    inspector.receive(&Request::delivery("fits", " ".repeat(64 * 1024)), 200);
    inspector.receive(&Request::unsigned("{}"), 401);
    let again = json!({ "how": "as_received" });
    for action in ["send", "curl"] {
        for (number, reason) in [
            (1, "The body exceeds 64 KiB and was not kept."),
            (3, "The body was not read: the headers were sufficient."),
        ] {
            assert_eq!(details(&inspector, number)["not_kept"], reason);
            let answer = act(&inspector, number, action, &again);
            assert_eq!((answer.status(), answer.body().trim_end()), (Some(422), reason));
        }
        assert_eq!(act(&inspector, 99, action, &again).status(), Some(404));
    }
    assert_eq!(details(&inspector, 2)["not_kept"], Value::Null);
    assert_line!(send_again(&inspector, 2, "as_received"), outcome: "duplicate", id: "fits");
}

#[test]
fn only_an_action_returns_a_token_unmasked() {
    let token = "a-token-of-some-length-0123456789";
    let inspector = Inspector::start(&["--provider", "gitlab-token", "--secret", token]);
    inspector.receive(&Request::unsigned("{}").header("x-gitlab-token", token), 200);
    assert!(!details(&inspector, 1).to_string().contains(token));
    assert!(copied(&inspector, 1, "as_received").contains(token));
    // A form of another site can post text but not JSON.
    let form = Request::unsigned(r#"{"how": "as_received"}"#).header("content-type", "text/plain");
    let form = form.addressed(inspector.address(), "/page/requests/1/curl").send(inspector.address());
    assert_eq!(form.status(), Some(415));
    assert!(!form.0.contains(token));
}
