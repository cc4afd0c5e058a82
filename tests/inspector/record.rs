//! Recording requests to a file, and replaying them.

use std::{
    fs,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use super::{page::details, service::Service, *};

/// Returns the path of a file that does not exist yet.
fn file(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.jsonl"));
    let _ = fs::remove_file(&path);
    path
}

fn entries(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn option(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Returns an entry as the inspector records it, of a delivery with an old signature.
fn old(id: &str, body: Value) -> Value {
    json!({
        "at": 1_700_000_000_000_u64, "provider": "standard-webhooks", "outcome": "accepted", "status": 200,
        "kind": null, "id": id, "verified": true, "method": "POST", "target": "/webhook",
        "headers": [
            ["webhook-id", id], ["webhook-timestamp", "1700000000"], ["webhook-signature", "v1,AAAA"],
            ["x-latin", {"base64": "6Q=="}],
        ],
        "body": body,
    })
}

fn write(path: &Path, entries: &[Value]) {
    let lines: String = entries.iter().map(|entry| format!("{entry}\n")).collect();
    fs::write(path, lines).unwrap();
}

#[test]
fn requests_survive_a_killed_process() {
    let path = file("killed");
    let options = ["--secret", SECRET, "--record", option(&path), "--replay", option(&path)];
    let inspector = Inspector::start(&options);
    let large = format!("{{\"type\": \"large\", \"text\": \"{}\"}}", "ä".repeat(100_000));
    let requests = [
        (Request::delivery("msg_1", "{\"type\": \"a\"}"), "accepted"),
        (Request::delivery("msg_1", "{\"type\": \"a\"}"), "duplicate"),
        (Request::unsigned("{}"), "rejected"),
        (Request::delivery("msg_2", &large).query("status=500"), "accepted"),
        (Request::delivery("msg_3", b"\xff\0"), "accepted"),
        (Request::signed_by("whsec_AAAA", "msg_4", now(), &large), "rejected"),
    ];
    for (request, outcome) in &requests {
        assert!(request.send(inspector.address()).status().is_some());
        assert_line!(inspector.line(), outcome: outcome);
    }
    inspector.signal("KILL");
    inspector.end();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let recorded = entries(&path);
    assert_eq!(recorded.len(), requests.len());
    assert_line!(&recorded[0], outcome: "accepted", status: 200, id: "msg_1", verified: true, method: "POST");
    assert_line!(&recorded[2], outcome: "rejected", kind: "missing_signature", verified: false, body: null);
    assert_line!(&recorded[3], target: "/webhook?status=500", body: large, status: 500);
    assert_line!(&recorded[4], body: {"base64": "/wA="});
    assert_line!(&recorded[5], outcome: "rejected", kind: "wrong_signature", body: large);

    // The replay has the same outcomes. The request whose body was not read is skipped.
    let before = fs::read(&path).unwrap();
    let inspector = Inspector::start(&options);
    for (entry, (_, outcome)) in recorded.iter().zip(&requests).filter(|(entry, _)| !entry["body"].is_null())
    {
        let line = inspector.line();
        assert_line!(&line, outcome: outcome);
        assert_eq!(line["id"], entry["id"]);
    }
    let summary = inspector.log_until("replayed ");
    assert!(summary.contains("4 requests signed again, 1 sent as recorded, 1 lines skipped"), "{summary}");
    assert_eq!(details(&inspector, 1)["recorded_at"], recorded[0]["at"]);
    assert_eq!(details(&inspector, 1)["replayed"], true);
    // Replayed requests are not recorded again, but new ones are.
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_line!(inspector.receive(&Request::delivery("msg_5", "{}"), 200), id: "msg_5");
    assert_line!(&entries(&path)[6], id: "msg_5");
    assert_eq!(details(&inspector, 6)["recorded_at"], Value::Null);
    assert_eq!(details(&inspector, 6)["replayed"], false);
}

#[test]
fn requests_that_end_with_the_process_are_recorded() {
    let path = file("interrupted");
    let inspector = Inspector::start(&["--secret", SECRET, "--record", option(&path), "--log-start"]);
    let _running = Request::delivery("msg_1", "{}").query(FOR_EVER).begin(inspector.address());
    assert_line!(inspector.line(), outcome: "started");
    inspector.signal("TERM");
    assert_line!(inspector.line(), outcome: "accepted", handler: "cancelled");
    assert_eq!(inspector.end().0.code(), Some(1));
    assert_line!(&entries(&path)[0], outcome: "accepted", id: "msg_1", status: null);
}

#[test]
fn a_torn_line_is_skipped() {
    let path = file("torn");
    write(&path, &[old("msg_1", "{}".into())]);
    let torn = old("msg_2", "{}".into()).to_string();
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{whole}{}", &torn[..torn.len() / 2])).unwrap();

    let inspector =
        Inspector::start(&["--secret", SECRET, "--record", option(&path), "--replay", option(&path)]);
    assert_line!(inspector.line(), outcome: "accepted", id: "msg_1");
    inspector.log_until("line 2 is skipped");
    assert!(inspector.log_until("replayed ").contains("1 requests signed again"));
    assert_line!(inspector.receive(&Request::delivery("msg_3", "{}"), 200), id: "msg_3");
    drop(inspector);
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = text.lines().map(serde_json::from_str::<Value>).collect();
    assert_eq!(lines.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
}

#[test]
fn verified_requests_are_signed_again_and_keep_their_ids() {
    let path = file("signed");
    let changed = |field: &str, value: Value| {
        let mut entry = old("msg_2", r#"{"scenario": "valid"}"#.into());
        entry[field] = value;
        entry
    };
    write(
        &path,
        &[
            changed("target", "/page/send".into()),
            changed("target", "http://127.0.0.1:1/page/send".into()),
            old("msg_1", r#"{"type": "a", "n": 1.50}"#.into()),
            changed("verified", false.into()),
            changed("provider", "github".into()),
            json!({"at": 1}),
            old("msg_4", json!({"base64": "/wA="})),
            old("msg_4", json!({"base64": "no base64"})),
        ],
    );
    let service = Service::answering("200 OK\r\n\r\n");
    let url = service.url("/");
    let inspector = Inspector::start(&["--secret", SECRET, "--replay", option(&path), "--forward", &url]);
    let line = inspector.line();
    assert_line!(&line, outcome: "accepted", id: "msg_1", event_type: "a");
    assert!(line["timestamp"].as_u64().unwrap() >= now() - 60, "{line}");
    for _ in 0..2 {
        assert_line!(inspector.line(), outcome: "rejected", kind: "wrong_signature");
    }
    assert_line!(inspector.line(), outcome: "accepted", id: "msg_4", payload: {"base64": "/wA="});
    let summary = inspector.log_until("replayed ");
    assert!(summary.contains("2 requests signed again, 2 sent as recorded, 4 lines skipped"), "{summary}");

    let request = service.request();
    assert_eq!(request.header("x-latin"), Some("\u{fffd}"));
    assert_eq!(request.body, br#"{"type": "a", "n": 1.50}"#);
    assert_eq!(request.header("inspector-delivery-id"), Some("msg_1"));
    assert_eq!(service.request().body, b"\xff\0");
    service.assert_no_request();
}

#[test]
fn recording_stops_at_the_size_limit() {
    let path = file("limit");
    let options = ["--secret", SECRET, "--record", option(&path), "--record-limit", "2000"];
    let inspector = Inspector::start(&options);
    for number in 0..10 {
        let request = Request::delivery(&format!("msg_{number}"), "{}");
        assert_line!(inspector.receive(&request, 200), outcome: "accepted");
    }
    let log = inspector.log_until("has stopped");
    assert!(log.contains("limit of 2000 bytes"), "{log}");
    drop(inspector);
    let recorded = entries(&path);
    assert!((1..10).contains(&recorded.len()) && fs::metadata(&path).unwrap().len() <= 2000);
    // A later start does not exceed the limit either.
    let inspector = Inspector::start(&options);
    inspector.receive(&Request::delivery("msg_1", "{}".repeat(500)), 200);
    drop(inspector);
    assert_eq!(entries(&path).len(), recorded.len());
}

#[test]
fn unsuitable_files_are_refused() {
    let missing = file("missing");
    let pipe = file("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let folder = env!("CARGO_TARGET_TMPDIR");
    for options in [
        &["--replay", option(&missing)][..],
        &["--replay", option(&missing), "--record", option(&file("other"))],
        &["--replay", folder],
        &["--replay", option(&pipe)],
        &["--record", folder],
        &["--record", option(&pipe)],
        &["--record", "/no/such/folder/file"],
        &["--record", option(&missing), "--record-limit", "-1"],
        &["--record-limit", "1000"],
    ] {
        refuse(options);
    }
}

#[test]
fn a_readable_file_causes_a_warning() {
    let path = file("readable");
    fs::OpenOptions::new().create(true).append(true).mode(0o600).open(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let inspector = Inspector::start(&["--record", option(&path)]);
    assert!(inspector.log_until("warning").contains("other users may be able to read"));
}
