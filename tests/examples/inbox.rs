use std::collections::{BTreeMap, HashMap};

use http::StatusCode;
use redis::streams::{StreamInfoConsumersReply, StreamPendingReply};

use crate::{
    documented::{DUP, Documented, paste, statuses},
    program::{Endpoint, Program, is_duplicate},
    server::{Server, until},
};

const STREAM: &str = "{inbox}:stream";
const DEAD: &str = "{inbox}:dead";

/// Starts Redis with the settings that the example requires.
async fn durable_redis() -> Server {
    Server::start_with("--appendonly yes --appendfsync always --maxmemory-policy noeviction").await
}

fn start(role: &str, redis: &Server, settings: &[(&str, &str)]) -> Program {
    let url = redis.url();
    let settings = [&[("REDIS_URL", &*url)], settings].concat();
    Program::start("inbox", &[role, "127.0.0.1:0"], &settings)
}

fn order(number: u32) -> String {
    format!(r#"{{"type":"order.placed","number":{number}}}"#)
}

async fn store(endpoint: &Endpoint, id: &str, number: u32) {
    assert_eq!(endpoint.deliver(id, &order(number)).await.status(), StatusCode::ACCEPTED);
}

/// Starts Redis with these orders in the inbox.
async fn inbox_with(orders: impl IntoIterator<Item = u32>) -> Server {
    let redis = durable_redis().await;
    let web = start("web", &redis, &[]);
    let endpoint = web.endpoint();
    for number in orders {
        store(&endpoint, &format!("msg_{number}"), number).await;
    }
    redis
}

async fn length(redis: &Server, stream: &str) -> u64 {
    redis.run(&format!("XLEN {stream}")).await
}

/// Returns how often each order was packed.
async fn packed(redis: &Server) -> BTreeMap<u32, u32> {
    redis.run("HGETALL {inbox}:packed").await
}

async fn until_empty(redis: &Server) {
    until("the inbox is empty", async || length(redis, STREAM).await == 0).await;
}

/// Waits until a worker has created the stream and its group.
async fn until_joined(redis: &Server) {
    until("the stream exists", async || redis.run(&format!("EXISTS {STREAM}")).await).await;
}

/// Returns the number of entries, and how many of them a worker holds.
async fn waiting(redis: &Server) -> (u64, usize) {
    let pending: StreamPendingReply = redis.run(&format!("XPENDING {STREAM} workers")).await;
    (length(redis, STREAM).await, pending.count())
}

async fn assert_nothing_pending(redis: &Server) {
    assert_eq!(waiting(redis).await, (0, 0));
}

async fn dead_letters(redis: &Server) -> Vec<HashMap<String, String>> {
    let letters: Vec<(String, HashMap<String, String>)> = redis.run(&format!("XRANGE {DEAD} - +")).await;
    letters.into_iter().map(|(_, fields)| fields).collect()
}

const AT_ONCE: &[(&str, &str)] = &[("PACKING_SECONDS", "0"), ("INBOX_RETRY_AFTER", "0.5")];

#[tokio::test]
async fn delivery_is_stored_whole_and_processed_once() {
    let redis = durable_redis().await;
    let web = start("web", &redis, &[]);
    let endpoint = web.endpoint();
    store(&endpoint, "msg_1", 17).await;
    let again = endpoint.deliver("msg_1", &order(17)).await;
    assert!(again.status() == StatusCode::OK && is_duplicate(&again));
    assert_eq!(endpoint.forge("msg_2", &order(18)).await.status(), StatusCode::UNAUTHORIZED);

    let stored: Vec<(String, HashMap<String, String>)> = redis.run(&format!("XRANGE {STREAM} - +")).await;
    let [(_, fields)] = &stored[..] else { panic!("{stored:?}") };
    assert_eq!(fields["payload"], order(17));
    assert_eq!((&*fields["id"], &*fields["type"]), ("msg_1", "order.placed"));
    assert_eq!(fields["provider"], "standard-webhooks");
    assert!(fields["key"].ends_with(":msg_1") && fields["timestamp"].parse::<u64>().is_ok());

    let worker = start("worker", &redis, AT_ONCE);
    until_empty(&redis).await;
    assert_nothing_pending(&redis).await;
    assert_eq!(packed(&redis).await, [(17, 1)].into());
    assert!(worker.stop().0.success() && web.stop().0.success());
}

#[tokio::test]
async fn documented_delivery_is_processed_once() {
    let redis = durable_redis().await;
    let inbox = start("both", &redis, AT_ONCE);
    let (address, documented) = (inbox.address(), Documented::of("inbox"));
    for expected in [202, DUP] {
        assert_eq!(statuses(&paste(&address, documented.paste())), [expected]);
    }
    until("the order is packed", async || packed(&redis).await == [(17, 1)].into()).await;
    until_empty(&redis).await;
    assert!(inbox.stop().0.success());
}

#[tokio::test]
async fn entry_of_a_worker_that_was_killed_is_taken_over() {
    let redis = inbox_with([17]).await;
    let worker = start("worker", &redis, &[("PACKING_SECONDS", "600"), ("INBOX_RETRY_AFTER", "3600")]);
    worker.says("packing order 17, attempt 1");
    worker.kill();
    assert_eq!(packed(&redis).await, [].into());

    let worker = start("worker", &redis, AT_ONCE);
    worker.says("packing order 17, attempt 2");
    until_empty(&redis).await;
    assert_nothing_pending(&redis).await;
    assert_eq!(packed(&redis).await, [(17, 1)].into());
    let (_, rest) = worker.stop();
    assert!(!rest.iter().any(|line| line.contains("packing")), "{rest:?}");
}

#[tokio::test]
async fn effect_of_a_worker_that_seemed_dead_happens_once() {
    let redis = inbox_with([17]).await;
    let slow = start("worker", &redis, &[("PACKING_SECONDS", "5"), ("INBOX_RETRY_AFTER", "3600")]);
    slow.says("packing order 17, attempt 1");
    slow.signal("STOP");
    let quick = start("worker", &redis, AT_ONCE);
    quick.says(": done");
    slow.signal("CONT");
    slow.says("already done");
    assert_eq!(packed(&redis).await, [(17, 1)].into());
    assert_nothing_pending(&redis).await;
}

#[tokio::test]
async fn effect_of_a_delivery_that_was_stored_twice_happens_once() {
    let redis = durable_redis().await;
    let web = start("web", &redis, &[]);
    let endpoint = web.endpoint();
    store(&endpoint, "msg_1", 17).await;
    // A process that crashes after storing an entry does not complete its claim, and the record of the claim expires.
    // Simulate this by deleting the record.
    let records: Vec<String> = redis.run("KEYS inbox:*").await;
    assert_eq!(records.len(), 1);
    redis.run::<()>(&format!("DEL {}", records[0])).await;
    store(&endpoint, "msg_1", 17).await;
    assert_eq!(length(&redis, STREAM).await, 2);

    let worker = start("worker", &redis, AT_ONCE);
    worker.says(": done");
    worker.says("already done");
    assert_eq!(packed(&redis).await, [(17, 1)].into());
    assert_nothing_pending(&redis).await;
}

#[tokio::test]
async fn poison_entry_becomes_a_dead_letter_without_blocking_others() {
    let redis = durable_redis().await;
    let settings = [AT_ONCE, &[("INBOX_ATTEMPTS", "3")]].concat();
    let inbox = start("both", &redis, &settings);
    let endpoint = inbox.endpoint();
    store(&endpoint, "msg_poison", 0).await;
    assert_eq!(endpoint.deliver("msg_garbage", "\u{feff}{").await.status(), StatusCode::ACCEPTED);
    store(&endpoint, "msg_1", 17).await;

    until("the order is packed", async || packed(&redis).await == [(17, 1)].into()).await;
    until("both are dead letters", async || length(&redis, DEAD).await == 2).await;
    assert_nothing_pending(&redis).await;
    let letters = dead_letters(&redis).await;
    let letter = letters.iter().find(|letter| letter["id"] == "msg_poison").unwrap();
    assert_eq!((&*letter["attempts"], &*letter["error"]), ("3", "there is no order 0"));
    assert_eq!(letter["payload"], order(0));
    let (_, said) = inbox.stop();
    let attempts =
        |attempt: u32| said.iter().filter(|line| line.contains(&format!("attempt {attempt} failed"))).count();
    assert_eq!([1, 2, 3, 4].map(attempts), [2, 2, 2, 0], "{said:#?}");
}

#[tokio::test]
async fn entry_that_crashes_its_workers_becomes_a_dead_letter() {
    let redis = inbox_with([17]).await;
    let settings = [("PACKING_SECONDS", "600"), ("INBOX_RETRY_AFTER", "2"), ("INBOX_ATTEMPTS", "3")];
    let mut attempt = String::new();
    while attempt != "3" {
        let worker = start("worker", &redis, &settings);
        let line = worker.says("packing order 17, attempt ");
        attempt = line.rsplit(' ').next().unwrap().to_owned();
        worker.kill();
    }
    let _worker = start("worker", &redis, &[AT_ONCE, &[("INBOX_ATTEMPTS", "3")]].concat());
    until("the entry is a dead letter", async || length(&redis, DEAD).await == 1).await;
    assert_nothing_pending(&redis).await;
    assert_eq!(packed(&redis).await, [].into());
    let [letter] = &dead_letters(&redis).await[..] else { panic!() };
    assert_eq!((&*letter["attempts"], &*letter["payload"]), ("3", &*order(17)));
}

#[tokio::test]
async fn no_delivery_is_acknowledged_or_lost_while_redis_is_down() {
    let mut redis = durable_redis().await;
    let web = start("web", &redis, &[]);
    let worker = start("worker", &redis, AT_ONCE);
    let endpoint = web.endpoint();
    until_joined(&redis).await;
    worker.signal("STOP");
    store(&endpoint, "msg_before", 1).await;

    redis.kill();
    let refused = endpoint.deliver("msg_during", &order(2)).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    worker.signal("CONT");
    worker.says("failed, retrying");

    redis.restart().await;
    endpoint.deliver_until_acknowledged("msg_during", &order(2)).await;
    until("both are packed", async || packed(&redis).await == [(1, 1), (2, 1)].into()).await;
    assert_nothing_pending(&redis).await;
}

#[tokio::test]
async fn worker_recovers_after_redis_has_lost_all_data() {
    let redis = durable_redis().await;
    let inbox = start("both", &redis, AT_ONCE);
    let endpoint = inbox.endpoint();
    until_joined(&redis).await;
    redis.run::<()>("FLUSHALL").await;
    store(&endpoint, "msg_1", 17).await;
    until("the order is packed", async || packed(&redis).await == [(17, 1)].into()).await;
}

#[tokio::test]
async fn full_inbox_rejects_deliveries_until_there_is_space() {
    let redis = durable_redis().await;
    let web = start("web", &redis, &[("INBOX_CAPACITY", "2")]);
    let endpoint = web.endpoint();
    store(&endpoint, "msg_1", 1).await;
    store(&endpoint, "msg_2", 2).await;
    for _ in 0..2 {
        let refused = endpoint.deliver("msg_3", &order(3)).await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
    let _worker = start("worker", &redis, AT_ONCE);
    endpoint.deliver_until_acknowledged("msg_3", &order(3)).await;
    until("all are packed", async || packed(&redis).await == [(1, 1), (2, 1), (3, 1)].into()).await;
}

#[tokio::test]
async fn workers_process_the_entries_of_a_full_server() {
    let redis = durable_redis().await;
    let web = start("web", &redis, &[]);
    let settings = [AT_ONCE, &[("INBOX_ATTEMPTS", "2")]].concat();
    let worker = start("worker", &redis, &settings);
    until_joined(&redis).await;
    worker.stop();
    let endpoint = web.endpoint();
    store(&endpoint, "msg_1", 17).await;
    store(&endpoint, "msg_2", 0).await;
    redis.set("maxmemory 1").await;
    let refused = endpoint.deliver("msg_3", &order(3)).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let _worker = start("worker", &redis, &settings);
    until_empty(&redis).await;
    assert_eq!((packed(&redis).await, length(&redis, DEAD).await), ([(17, 1)].into(), 1));
    assert_nothing_pending(&redis).await;
}

#[tokio::test]
async fn stopped_worker_finishes_its_current_entry() {
    let redis = inbox_with([1, 2]).await;
    let worker = start("worker", &redis, &[("PACKING_SECONDS", "5")]);
    worker.says("packing order 1, attempt 1");
    let (status, said) = worker.stop();
    assert!(status.success() && said.iter().any(|line| line.ends_with(": done")), "{said:?}");
    assert_eq!(packed(&redis).await, [(1, 1)].into());
    // The other entry is still in the stream, and no worker holds it.
    assert_eq!(waiting(&redis).await, (1, 0));
}

#[tokio::test]
async fn names_of_dead_workers_are_removed() {
    let redis = durable_redis().await;
    let settings = [("INBOX_RETRY_AFTER", "0.1"), ("PACKING_SECONDS", "0")];
    let web = start("web", &redis, &settings);
    let endpoint = web.endpoint();
    store(&endpoint, "msg_1", 17).await;
    let gone = start("worker", &redis, &settings);
    let line = gone.says(" started");
    let name = line.strip_suffix(" started").unwrap();
    let is_known = async || {
        let workers: StreamInfoConsumersReply = redis.run(&format!("XINFO CONSUMERS {STREAM} workers")).await;
        workers.consumers.iter().any(|worker| worker.name == name)
    };
    gone.says(": done");
    assert!(is_known().await);
    gone.kill();
    let _worker = start("worker", &redis, &settings);
    until("the name is removed", async || !is_known().await).await;
    store(&endpoint, "msg_2", 18).await;
    until_empty(&redis).await;
}

#[tokio::test]
async fn name_of_a_dead_worker_is_kept_until_its_entries_are_taken_over() {
    let redis = inbox_with(1..=3).await;
    redis.run::<()>(&format!("XGROUP CREATE {STREAM} workers 0")).await;
    redis.run::<()>(&format!("XREADGROUP GROUP workers gone COUNT 3 STREAMS {STREAM} >")).await;
    until("the worker counts as dead", async || {
        let workers: StreamInfoConsumersReply = redis.run(&format!("XINFO CONSUMERS {STREAM} workers")).await;
        workers.consumers[0].idle > 1_000
    })
    .await;
    let settings = [("INBOX_RETRY_AFTER", "0.1"), ("PACKING_SECONDS", "0")];
    let _worker = start("worker", &redis, &settings);
    until_empty(&redis).await;
    assert_eq!(packed(&redis).await, [(1, 1), (2, 1), (3, 1)].into());
}

#[tokio::test]
async fn effect_that_could_not_be_stored_is_retried() {
    let redis = durable_redis().await;
    redis.run::<()>("SET {inbox}:packed something-else").await;
    let inbox = start("both", &redis, &[AT_ONCE, &[("INBOX_ATTEMPTS", "1000")]].concat());
    let endpoint = inbox.endpoint();
    store(&endpoint, "msg_1", 17).await;
    inbox.says("failed, retrying");
    assert_eq!(waiting(&redis).await, (1, 1));
    redis.run::<()>("DEL {inbox}:packed").await;
    until_empty(&redis).await;
    assert_eq!(packed(&redis).await, [(17, 1)].into());
}
