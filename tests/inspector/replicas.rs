//! Several inspectors that share a Redis server.

use super::*;
use crate::server::Server;

fn start(server: &Server) -> Inspector {
    Inspector::start(&["--secret", SECRET, "--log-start", "--store", &server.url()])
}

fn redis() -> (tokio::runtime::Runtime, Server) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Server::start());
    (runtime, server)
}

#[test]
fn a_delivery_handled_by_one_is_a_duplicate_for_the_other() {
    let (_runtime, server) = redis();
    let (one, other) = (start(&server), start(&server));
    let delivery = Request::delivery("shared", "{}");
    assert_eq!(delivery.send(one.address()).header("x-webhook-duplicate"), None);
    assert_line!(one.line(), outcome: "started");
    assert_line!(one.line(), outcome: "accepted", handler: "completed", id: "shared");
    assert_eq!(delivery.send(other.address()).header("x-webhook-duplicate"), Some("true"));
    assert_line!(other.line(), outcome: "duplicate", id: "shared");
}

#[test]
fn a_delivery_that_one_is_handling_is_in_progress_for_the_other() {
    let (_runtime, server) = redis();
    let (one, other) = (start(&server), start(&server));
    let running = Request::delivery("shared", "{}").query(FOR_EVER).begin(one.address());
    assert_line!(one.line(), outcome: "started");
    let answer = Request::delivery("shared", "{}").send(other.address());
    assert_eq!((answer.status(), answer.header("retry-after")), (Some(503), Some("5")));
    assert_line!(other.line(), outcome: "rejected", kind: "in_progress");
    // After the client has hung up, the delivery can run at the other inspector.
    drop(running);
    assert_line!(one.line(), outcome: "accepted", handler: "cancelled");
    let mut attempts = (0..600).map(|_| {
        Request::delivery("shared", "{}").send(other.address());
        other.line()
    });
    assert!(attempts.any(|line| line["outcome"] == "started"));
    assert_line!(other.line(), outcome: "accepted", handler: "completed");
}

#[test]
fn an_unreachable_redis_is_reported_at_startup_without_its_password() {
    let url = "redis://:hunter2@127.0.0.1:1";
    let log = refuse(&["--store", url]);
    assert!(log.starts_with("inspector: --store: ") && !log.contains("hunter2"), "{log}");
}
