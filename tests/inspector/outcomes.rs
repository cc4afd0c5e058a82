//! The line for each request, and the fields of the line.

use std::{thread, time::Instant};

use serde_json::{Value, json};

use super::{page::start, *};

#[test]
fn a_line_has_exactly_the_documented_fields() {
    let inspector = start(&["--log-start"]);
    let without_ms = |mut line: Value| {
        let ms = line.as_object_mut().unwrap().remove("ms").unwrap();
        assert!(ms.is_f64() && ms.as_f64() > Some(0.0), "{ms}");
        line
    };
    let at = now();
    let body = r#"{"type":"order.placed","n":1}"#;
    let delivery = Request::signed_by(SECRET, "msg_1", at, body);
    assert_eq!(inspector.receive(&delivery, 200), json!({"outcome": "started", "id": "msg_1"}));
    let expected = json!({
        "outcome": "accepted", "status": 200, "grpc_status": null, "kind": null,
        "provider": "standard-webhooks", "id": "msg_1", "timestamp": at, "event_type": "order.placed",
        "payload": {"type": "order.placed", "n": 1}, "handler": "completed",
    });
    assert_eq!(without_ms(inspector.line()), expected);

    let expected = json!({
        "outcome": "rejected", "status": 401, "grpc_status": null, "kind": "missing_signature",
        "provider": "standard-webhooks", "id": null, "timestamp": null, "event_type": null,
        "payload": null, "handler": null,
    });
    assert_eq!(without_ms(inspector.receive(&Request::unsigned(body), 401)), expected);
}

#[test]
fn a_line_has_no_characters_that_a_terminal_acts_on() {
    let inspector = start(&[]);
    let body = "{\"a\":\"\u{9b}31m\u{202e}\u{7f}\"}";
    Request::delivery("msg_1", body).send(inspector.address());
    let line = inspector.raw_line();
    assert!(line.contains(r#"{"a":"\u009b31m\u202e\u007f"}"#), "{line}");
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["payload"], serde_json::from_str::<Value>(body).unwrap());
}

#[test]
fn a_failed_delivery_can_be_retried_and_a_completed_one_cannot() {
    let inspector = start(&[]);
    let delivery = Request::delivery("id", "{}");
    for status in [500, 404, 301, 600] {
        let line = inspector.receive(&delivery.query(&format!("status={status}")), status);
        assert_line!(line, outcome: "accepted", handler: "failed", status: status, kind: null);
    }
    let line = inspector.receive(&delivery.query("status=202"), 202);
    assert_line!(line, outcome: "accepted", handler: "completed", status: 202);
    let again = delivery.query("status=500").send(inspector.address());
    assert_eq!((again.status(), again.header("x-webhook-duplicate")), (Some(200), Some("true")));
    assert_line!(inspector.line(), outcome: "duplicate", handler: null, status: 200, id: "id", payload: {});
}

#[test]
fn a_panic_only_closes_its_connection() {
    let inspector = start(&[]);
    let delivery = Request::delivery("id", "{}");
    for query in ["panic=1", "panic=1&delay_ms=1&status=200"] {
        assert_eq!(delivery.query(query).send(inspector.address()).0, "");
        assert_line!(inspector.line(), outcome: "accepted", handler: "panicked", status: null, kind: null);
    }
    assert_line!(inspector.receive(&delivery, 200), outcome: "accepted", handler: "completed");
}

#[test]
fn a_handler_that_times_out_gets_a_503() {
    let inspector = start(&["--handler-timeout", "0.2"]);
    let delivery = Request::delivery("id", "{}");
    let answer = delivery.query(FOR_EVER).send(inspector.address());
    assert_eq!((answer.status(), answer.header("retry-after")), (Some(503), Some("10")));
    assert_line!(inspector.line(), outcome: "accepted", handler: "timed_out", status: 503, kind: "handler_timeout");
    assert_line!(inspector.receive(&delivery, 200), outcome: "accepted", handler: "completed");
}

#[test]
fn a_duplicate_is_in_progress_while_the_first_runs_and_runs_after_its_cancellation() {
    let inspector = start(&["--log-start"]);
    let delivery = Request::delivery("id", "{}");
    let first = delivery.query(FOR_EVER).begin(inspector.address());
    assert_line!(inspector.line(), outcome: "started", id: "id");
    let answer = delivery.send(inspector.address());
    assert_eq!((answer.status(), answer.header("retry-after")), (Some(503), Some("5")));
    assert_line!(inspector.line(), outcome: "rejected", kind: "in_progress", status: 503, id: "id", handler: null);

    drop(first);
    assert_line!(inspector.line(), outcome: "accepted", handler: "cancelled", status: null, kind: null);
    assert_line!(inspector.receive(&delivery, 200), outcome: "started");
    assert_line!(inspector.line(), outcome: "accepted", handler: "completed");
}

#[test]
fn body_errors_are_logged() {
    let inspector = start(&["--body-limit", "64", "--body-timeout", "0.2"]);
    let too_large = Request::delivery("large", [b'x'; 65]);
    assert_line!(
        inspector.receive(&too_large, 413),
        outcome: "rejected", kind: "body_too_large", status: 413, id: null,
    );

    let too_slow = Request::delivery("slow", "{}").begin_without_end(inspector.address()).answer();
    assert_eq!(too_slow.status(), Some(408));
    assert_line!(inspector.line(), outcome: "rejected", kind: "body_too_slow", status: 408, id: null);
}

#[test]
fn an_interrupted_body_is_not_handled() {
    let inspector = start(&[]);
    let delivery = Request::delivery("id", r#"{"n":1}"#);
    let connection = delivery.begin_without_end(inspector.address());
    connection.finish_writing();
    assert_eq!(connection.answer().status(), Some(400));
    assert_line!(inspector.line(), outcome: "rejected", kind: "body_interrupted", status: 400, id: null);

    // A client that hangs up might not get the response, so only check the line.
    drop(delivery.begin_without_end(inspector.address()));
    assert_line!(inspector.line(), outcome: "rejected", kind: "body_interrupted", handler: null, payload: null);
    let details = page::details(&inspector, 1);
    assert_eq!(details["reason"].as_str().unwrap().matches("error reading").count(), 1, "{details}");
    assert_line!(inspector.receive(&delivery, 200), outcome: "accepted");
}

#[test]
fn every_method_reaches_the_layer() {
    let inspector = start(&[]);
    for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
        let line = inspector.receive(&Request::unsigned("").method(method), 401);
        assert_line!(line, outcome: "rejected", kind: "missing_signature");
    }
}

#[test]
fn a_grpc_request_gets_a_grpc_response() {
    let inspector = start(&[]);
    let request = Request::unsigned("").header("content-type", "application/grpc");
    let answer = request.send(inspector.address());
    assert_eq!((answer.status(), answer.header("grpc-status")), (Some(200), Some("16")));
    assert_line!(inspector.line(), outcome: "rejected", kind: "missing_signature", status: 200, grpc_status: 16);
}

#[test]
fn invalid_queries_do_not_break_the_inspector() {
    let inspector = start(&[]);
    let odd = [
        "status=",
        "status=abc",
        "status=99",
        "status=101",
        "status=1000",
        "status=-1",
        "delay_ms=",
        "delay_ms=-1",
        "delay_ms=1.5",
        "delay_ms=99999999999999999999999",
        "panic=",
        "panic",
        "panic=0",
        "panic=2",
        "%",
        "%ff=%ff",
        "&&==&",
        "status=200&status=x",
    ];
    for (number, query) in odd.into_iter().enumerate() {
        let delivery = Request::delivery(&number.to_string(), "{}");
        let answer = delivery.query(query).send(inspector.address());
        assert!([Some(200), Some(400)].contains(&answer.status()), "{query}: {}", answer.0);
        assert_line!(inspector.line(), outcome: "accepted");
    }
}

#[test]
fn both_secrets_are_accepted_during_a_rotation() {
    let old = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    let inspector = start(&["--secret", old]);
    for (secret, id) in [(SECRET, "with the new"), (old, "with the old")] {
        let delivery = Request::signed_by(secret, id, now(), "{}");
        assert_line!(inspector.receive(&delivery, 200), outcome: "accepted", id: id);
    }
}

#[test]
fn a_known_delivery_is_only_accepted_at_its_time() {
    // The example in the Standard Webhooks specification.
    let known = Request::unsigned(r#"{"test": 2432232314}"#)
        .header("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek")
        .header("webhook-timestamp", "1614265330")
        .header("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    for (now, status) in
        [("1614265330", 200), ("1614265630.5", 200), ("1614265631", 401), ("1614265029", 401)]
    {
        let inspector = start(&["--now", now]);
        let line = inspector.receive(&known, status);
        if status == 401 {
            assert_line!(line, outcome: "rejected", kind: "stale_timestamp", id: null);
            continue;
        }
        assert_line!(
            line,
            outcome: "accepted", id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330,
            payload: {"test": 2_432_232_314_u32},
        );
    }
}

#[test]
fn the_replay_guard_detects_a_body_under_another_id() {
    let secret = "It's a Secret to Everybody";
    for (guard, outcome) in [(None, "accepted"), (Some("--replay-guard"), "duplicate")] {
        let mut options = vec!["--provider", "github", "--secret", secret];
        options.extend(guard);
        let inspector = Inspector::start(&options);
        let line = |id, body| inspector.receive(&Request::github(secret, id, body), 200);
        let first = line("first", r#"{"ref":"main"}"#);
        assert_line!(first, outcome: "accepted", id: "first", event_type: "push", timestamp: null);
        assert_line!(line("second", r#"{"ref":"main"}"#), outcome: outcome, id: "second");
        assert_line!(line("third", r#"{"ref":"other"}"#), outcome: "accepted", id: "third");
    }
}

#[test]
fn a_delivery_is_forgotten_after_the_window() {
    let inspector = start(&["--window", "1"]);
    let delivery = Request::delivery("id", "{}");
    assert_line!(inspector.receive(&delivery, 200), outcome: "accepted");
    let begun = Instant::now();
    loop {
        let line = inspector.receive(&delivery, 200);
        if line["outcome"] == "accepted" {
            break;
        }
        assert_line!(line, outcome: "duplicate");
        assert!(begun.elapsed() < TIMEOUT, "the delivery was not forgotten");
    }
}

#[test]
fn json_is_shown_as_it_was_sent() {
    let inspector = start(&[]);
    let sent = "{\n \"b\" : 12345678901234567890123, \"a\\\" \\\\\" : [1.10,\t\" x \"] }\r\n";
    Request::delivery("id", sent).send(inspector.address());
    let line = inspector.raw_line();
    let shown = r#""payload": {"b":12345678901234567890123,"a\" \\":[1.10," x "]}, "#;
    assert!(line.contains(shown), "{line}");
    serde_json::from_str::<Value>(&line).unwrap();
}

#[test]
fn other_payloads_are_shown_in_base64() {
    let inspector = start(&[]);
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let bodies: [(&[u8], Option<&str>); 6] = [
        (b"", Some("")),
        (b"a=1", Some("YT0x")),
        (b"\xff", Some("/w==")),
        (b"{\"a\":", Some("eyJhIjo=")),
        (b"1,\"outcome\":2", Some("MSwib3V0Y29tZSI6Mg==")),
        // Valid JSON, but nested too deeply for most parsers.
        (deep.as_bytes(), None),
    ];
    for (number, (body, base64)) in bodies.into_iter().enumerate() {
        let line = inspector.receive(&Request::delivery(&number.to_string(), body), 200);
        assert_eq!(line["outcome"], "accepted");
        let shown = line["payload"]["base64"].as_str().unwrap_or_else(|| panic!("{line}"));
        assert!(base64.is_none_or(|base64| base64 == shown), "{line}");
    }

    // A form that contains JSON is shown as it was signed; the event type is GitHub's.
    let inspector = Inspector::start(&["--provider", "github", "--secret", "secret"]);
    let form = Request::github("secret", "id", "payload=%7B%7D");
    assert_line!(inspector.receive(&form, 200), payload: {"base64": "cGF5bG9hZD0lN0IlN0Q="}, event_type: "push");
}

#[test]
fn concurrent_lines_are_not_interleaved() {
    const AT_ONCE: usize = 24;
    let inspector = start(&[]);
    let long = format!("\"{}\"", "long ".repeat(40_000));
    thread::scope(|scope| {
        for number in 0..AT_ONCE {
            let delivery = Request::delivery(&number.to_string(), &long);
            let address = inspector.address();
            scope.spawn(move || assert_eq!(delivery.send(address).status(), Some(200)));
        }
    });
    let mut ids: Vec<usize> =
        (0..AT_ONCE).map(|_| inspector.line()["id"].as_str().unwrap().parse().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, Vec::from_iter(0..AT_ONCE));
}

#[tokio::test]
async fn http_2_is_supported() {
    use hyper_util::{client::legacy::Client, rt::TokioExecutor};

    let inspector = start(&[]);
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let uri = format!("http://{}/webhook", inspector.address());
    let request = hyper::Request::post(uri).body(String::new()).unwrap();
    let answer = tokio::time::timeout(TIMEOUT, client.request(request)).await.unwrap().unwrap();
    assert_eq!((answer.version(), answer.status().as_u16()), (hyper::Version::HTTP_2, 401));
    assert_line!(inspector.line(), outcome: "rejected", kind: "missing_signature");
    drop(client);
}

#[test]
fn after_the_deadline_the_next_attempts_see_the_handlers_result() {
    let inspector = start(&["--ack-deadline", "2", "--log-start"]);
    let slow = Request::delivery("slow", "{}").query("delay_ms=8000");
    assert_line!(inspector.receive(&slow, 503), outcome: "started");
    assert_line!(inspector.receive(&slow, 503), outcome: "rejected", kind: "in_progress");
    assert_line!(inspector.line(), outcome: "accepted", status: 503, handler: "completed");
    let answer = slow.send(inspector.address());
    assert_eq!((answer.status(), answer.header("x-webhook-duplicate")), (Some(200), Some("true")));
    assert_line!(inspector.line(), outcome: "duplicate");
}

#[test]
fn a_detached_handler_completes_after_its_client_hangs_up() {
    let inspector = start(&["--detached", "--log-start"]);
    let request = Request::delivery("left", "{}").query("delay_ms=500");
    let left = request.begin(inspector.address());
    assert_line!(inspector.line(), outcome: "started");
    drop(left);
    assert_line!(inspector.line(), outcome: "accepted", handler: "completed", status: null);
    assert_line!(inspector.receive(&request, 200), outcome: "duplicate");
}
