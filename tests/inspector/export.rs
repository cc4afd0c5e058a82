//! Deliveries, exported as JSON lines and as Rust tests.

use std::{env, fs, path::Path};

use serde_json::{Value, json};

use super::{again::act, *};

fn export(inspector: &Inspector, wanted: &Value) -> Vec<String> {
    let answer = inspector.post("/page/export", wanted);
    assert_eq!((answer.status(), answer.header("content-type")), (Some(200), Some("application/jsonl")));
    answer.body().lines().map(str::to_owned).collect()
}

#[test]
fn deliveries_are_exported_as_their_output_lines() {
    let inspector = Inspector::start(&["--secret", SECRET]);
    let large = format!("\"{}\"", "x".repeat(200_000));
    for request in [
        Request::delivery("first", "{\"n\": 1.50,\n \"type\": \"a\"}"),
        Request::unsigned("{}"),
        Request::delivery("large", &large),
        Request::delivery("binary", b"\xff\0"),
    ] {
        request.send(inspector.address());
    }
    let printed: Vec<_> = (0..4).map(|_| inspector.raw_line()).collect();
    let exported = export(&inspector, &json!({}));
    assert_eq!(exported.len(), 4);
    for (number, (line, printed)) in exported.iter().zip(&printed).enumerate() {
        let (mut line, mut printed): (Value, Value) =
            (serde_json::from_str(line).unwrap(), serde_json::from_str(printed).unwrap());
        let fields = line.as_object_mut().unwrap();
        assert_eq!(fields.remove("number").unwrap(), number + 1);
        let time = fields.remove("time").unwrap().as_f64().unwrap();
        assert!((time - now() as f64).abs() < 100.0, "{time}");
        if number == 2 {
            // The history does not keep large payloads.
            assert_eq!(fields.remove("payload_bytes").unwrap(), large.len());
            printed["payload"] = Value::Null;
        }
        assert_eq!(line, printed);
    }
    assert!(exported[0].contains(r#""payload": {"n":1.50,"type":"a"}"#), "{}", exported[0]);
    assert_eq!(export(&inspector, &json!({ "numbers": [4, 2, 99] })), [&*exported[1], &*exported[3]]);
    assert_eq!(export(&inspector, &json!({ "numbers": [] })), [""; 0]);
}

/// The generated files are in `tests/generated`, where they are compiled and run. `UPDATE=1` replaces them.
#[test]
fn a_delivery_is_exported_as_a_test() {
    let linear = r##"{"type": "Issue",
 "webhookTimestamp": 1, "note": "a \"#quoted\"# text"}"##;
    let linear_id = json!([["linear-delivery", "234d1a4e-b617-4388-90fe-adc3633d6b72"]]);
    let discord = "{\"id\": \"1\", \"type\": 2, \"data\": {\"name\": \"\u{202e}\"}}";
    for (options, body, headers) in [
        (&["--provider", "linear", "--now", "1700000000"][..], linear, linear_id),
        (&["--provider", "discord"], discord, json!([])),
    ] {
        let provider = options[1];
        let inspector = Inspector::start(options);
        let wanted = json!({ "scenario": "valid", "body": body, "headers": headers });
        inspector.post("/page/send", &wanted).json();
        assert_line!(inspector.line(), outcome: "accepted");
        let answer = act(&inspector, 1, "test", &json!({}));
        assert_eq!(answer.status(), Some(200), "{provider}: {}", answer.body());
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/generated/{provider}.rs"));
        if env::var_os("UPDATE").is_some() {
            fs::write(&file, answer.body()).unwrap();
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), answer.body(), "{provider}");
    }
}

#[test]
fn a_test_contains_no_secret_of_the_endpoint() {
    let token = "a-token-of-some-length-0123456789";
    let inspector = Inspector::start(&["--provider", "gitlab-token", "--secret", token]);
    let delivery = Request::unsigned("{}").header("x-gitlab-token", token);
    inspector.receive(&delivery.header("x-gitlab-event", "Push Hook"), 200);
    inspector.receive(&Request::unsigned("").method("GET"), 401);
    let answer = act(&inspector, 1, "test", &json!({}));
    assert_eq!(answer.status(), Some(200), "{}", answer.body());
    assert!(!answer.body().contains(token), "{}", answer.body());
    for line in ["async fn gitlab_token_push_hook()", r#".header("x-gitlab-event", "Push Hook")"#] {
        assert!(answer.body().contains(line), "{}", answer.body());
    }
    let refused = act(&inspector, 2, "test", &json!({}));
    assert_eq!((refused.status(), refused.body()), (Some(422), "a GET is not a delivery\n"));
}
