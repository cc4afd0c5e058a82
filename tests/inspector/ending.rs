//! Shutdown after a signal, with connections and handlers still open.

use super::*;

fn start(options: &[&str]) -> Inspector {
    Inspector::start(&[&["--secret", SECRET, "--log-start"], options].concat())
}

#[test]
fn running_handlers_may_finish() {
    for signal in ["TERM", "INT"] {
        let inspector = start(&[]);
        let request = Request::delivery("id", "{}").query("delay_ms=1500");
        let running = request.begin(inspector.address());
        assert_line!(inspector.line(), outcome: "started");
        inspector.signal(signal);
        assert_eq!(running.answer().status(), Some(200));
        assert_line!(inspector.line(), outcome: "accepted", handler: "completed");
        let (status, rest) = inspector.end();
        assert_eq!((status.code(), rest), (Some(0), Vec::new()));
    }
}

#[test]
fn idle_connections_do_not_delay_the_shutdown() {
    let inspector = start(&[]);
    let _silent = Connection::open(inspector.address());
    let mut incomplete_head = Connection::open(inspector.address());
    incomplete_head.write(b"POST /webhook HTTP/1.1\r\nwebhook-id: ");
    let mut http_2 = Connection::open(inspector.address());
    http_2.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    let mut kept_alive = Connection::open(inspector.address());
    kept_alive.write(b"GET /health HTTP/1.1\r\nhost: test\r\n\r\n");
    kept_alive.read_exactly("HTTP/1.1 200 OK\r\n");
    // The connections are still open. The exit status would not be 0 if a request had to be interrupted.
}

#[test]
fn slow_requests_are_interrupted_and_logged() {
    let inspector = start(&["--body-timeout", "3600"]);
    let _handled = Request::delivery("handled", "{}").query(FOR_EVER).begin(inspector.address());
    assert_line!(inspector.line(), outcome: "started", id: "handled");
    let _received = Request::delivery("received", "{}").begin_without_end(inspector.address());
    inspector.signal("TERM");

    let mut lines = [inspector.line(), inspector.line()];
    lines.sort_by_key(|line| line["outcome"].to_string());
    let [aborted, accepted] = lines;
    assert_line!(aborted.clone(), outcome: "aborted", handler: null, status: null, id: null, payload: null);
    assert_line!(accepted.clone(), outcome: "accepted", handler: "cancelled", status: null, id: "handled");
    let (status, rest) = inspector.end();
    assert_eq!((status.code(), rest), (Some(1), Vec::new()));
}

#[test]
fn a_handler_that_outlives_its_response_may_finish() {
    let inspector = start(&["--ack-deadline", "2"]);
    let late = Request::delivery("late", "{}").query("delay_ms=8000");
    let answer = late.send(inspector.address());
    assert_eq!((answer.status(), answer.header("retry-after")), (Some(503), Some("5")));
    assert_line!(inspector.line(), outcome: "started");
    inspector.signal("TERM");
    assert_line!(
        inspector.line(),
        outcome: "accepted", status: 503, kind: "ack_deadline", handler: "completed"
    );
    let (status, rest) = inspector.end();
    assert_eq!((status.code(), rest), (Some(0), Vec::new()));
}

#[test]
fn a_slow_handler_that_outlives_its_client_is_interrupted() {
    let inspector = start(&["--detached"]);
    let left = Request::delivery("left", "{}").query(FOR_EVER).begin(inspector.address());
    assert_line!(inspector.line(), outcome: "started");
    drop(left);
    inspector.signal("TERM");
    assert_line!(inspector.line(), outcome: "accepted", handler: "cancelled", status: null, id: "left");
    let (status, rest) = inspector.end();
    assert_eq!((status.code(), rest), (Some(1), Vec::new()));
}
