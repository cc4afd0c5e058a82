//! Deliveries and items that are completed in the transaction of their effect.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use sqlx::{Acquire, PgPool, Postgres, Transaction};
use tokio::task::JoinHandle;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{
    Body, Delivery, HandlerEnd, Item, Outcome, Secret, Settlement, StoreFailure, WebhookLayer, provider,
    store::{
        AnyStore, CachedStore, Claim, CompleteError, Completion, Key, MokaStore, PostgresStore, Store,
        StoreError, Token,
    },
    testing::{Fault, FaultyStore, Operation},
};

use crate::{
    common::{Call, Outcomes, Sent, github, outcomes, soon},
    server::{ANY_STATEMENT, HEARTBEAT, LOGGED, Server, until},
    store_server::replica::{Answer, Replica, layer, signed},
};

/// A server, a replica, and the handler's view of the database.
struct Shop {
    server: Server,
    store: PostgresStore,
    pool: PgPool,
    replica: Replica,
    outcomes: Outcomes,
}

impl Shop {
    async fn open() -> Self {
        Self::open_with(layer).await
    }

    async fn open_with(layer: impl FnOnce(PostgresStore) -> WebhookLayer) -> Self {
        let server = Server::start_with(&[LOGGED]).await;
        server.run("CREATE TABLE effects (id text)").await;
        let store = server.store().await;
        let (tell, outcomes) = outcomes();
        let replica = Replica::new(layer(store.clone()).on_outcome(tell));
        Self { pool: server.pool().await, server, store, replica, outcomes }
    }

    /// Opens a shop whose layer proceeds without its first claim, which fails with `fault`.
    async fn open_without_claim(fault: Fault) -> Self {
        Self::open_with(|store| {
            let store = FaultyStore::new(store);
            store.fail_next(Operation::Claim, 1, fault);
            layer(store).on_store_failure(StoreFailure::Proceed)
        })
        .await
    }

    /// Sends `msg_1`, and returns once its handler runs.
    async fn run(&mut self) -> Run {
        self.run_request(signed("msg_1")).await
    }

    async fn run_request(&mut self, request: Sent) -> Run {
        let running = self.replica.begin(request);
        Run { running, call: self.replica.call().await }
    }

    /// Lets the handler return `status`. Returns the status of the response, and how the handler and the claim ended.
    async fn end(&mut self, run: Run, status: StatusCode) -> (StatusCode, End) {
        let status = run.end(status).await.0.status();
        let outcome = self.outcomes.next().await;
        assert_eq!(outcome.status(), Some(status));
        (status, end(&outcome))
    }

    async fn effects(&self) -> i64 {
        self.server.get("SELECT count(*) FROM effects").await
    }

    async fn begin(&self) -> Transaction<'static, Postgres> {
        self.pool.begin().await.unwrap()
    }

    /// Completes the delivery in a transaction with an effect.
    async fn effect(&self, delivery: &Delivery) -> Result<Transaction<'static, Postgres>, CompleteError> {
        let mut transaction = self.begin().await;
        assert_eq!(self.store.complete_in(&mut transaction, delivery).await?, Completion::Completed);
        insert(&mut transaction).await;
        Ok(transaction)
    }

    /// Waits until the delivery's lease has been extended three more times.
    async fn three_heartbeats(&self) {
        let before = self.server.statements(HEARTBEAT);
        until("there were three heartbeats", async || self.server.statements(HEARTBEAT) >= before + 3).await;
    }

    /// Checks that the next delivery is a duplicate, and that there was one effect.
    async fn assert_completed(&mut self) {
        self.replica.send(signed("msg_1")).await.assert_duplicate();
        assert_eq!(self.outcomes.next().await.kind().as_str(), "duplicate");
        assert_eq!(self.effects().await, 1);
    }

    /// Checks that the delivery runs again, and completes it.
    async fn assert_released(&mut self) {
        assert_eq!(self.effects().await, 0);
        let run = self.run().await;
        self.effect(run.delivery()).await.unwrap().commit().await.unwrap();
        assert_eq!(self.end(run, StatusCode::OK).await, (StatusCode::OK, COMPLETED));
        self.assert_completed().await;
    }

    /// Checks that the delivery is completed if its transaction was committed, and runs again otherwise.
    async fn assert_decided_by(&mut self, commits: bool) {
        match commits {
            true => self.assert_completed().await,
            false => self.assert_released().await,
        }
    }

    /// Waits until the delivery has been released in the background.
    async fn until_released(&self) {
        const RELEASED: &str = "SELECT count(*) FROM webhook_deliveries WHERE state = 'released'";
        until("the delivery is released", async || self.server.get::<i64>(RELEASED).await == 1).await;
    }

    /// Runs an item, which is completed in a transaction with an effect, and whose handler then returns `result`.
    async fn run_item(&self, run: &Run, commits: bool, result: Result<(), &'static str>) {
        let Ok(Item::Claimed(item)) = run.delivery().claim_item("a").await else { panic!() };
        let handle = item.handle();
        let returned = item.run(async {
            let mut transaction = self.begin().await;
            self.store.complete_in(&mut transaction, &handle).await.unwrap();
            insert(&mut transaction).await;
            end_transaction(transaction, commits).await;
            result
        });
        assert_eq!(returned.await, result);
    }
}

/// A delivery whose handler runs.
struct Run {
    running: JoinHandle<Answer>,
    call: Call,
}

impl Run {
    fn delivery(&self) -> &Delivery {
        self.call.delivery()
    }

    async fn end(self, status: StatusCode) -> Answer {
        self.call.answer(status);
        soon(self.running).await.unwrap()
    }
}

/// Checks that a transaction completes deliveries with and without a claim in the table of `store`.
pub async fn complete_in_table(server: &Server, store: &PostgresStore) {
    let pool = server.pool().await;
    for (id, has_claim) in [("claimed", true), ("unclaimed", false)] {
        let faulty = FaultyStore::new(store.clone());
        if !has_claim {
            faulty.fail_next(Operation::Claim, 1, Fault::Error);
        }
        let mut replica = Replica::new(layer(faulty).on_store_failure(StoreFailure::Proceed));
        let running = replica.begin(signed(id));
        let call = replica.call().await;
        let mut transaction = pool.begin().await.unwrap();
        store.complete_in(&mut transaction, call.delivery()).await.unwrap();
        transaction.commit().await.unwrap();
        call.answer(StatusCode::OK);
        assert_eq!(soon(running).await.unwrap().0.status(), StatusCode::OK);
        replica.send(signed(id)).await.assert_duplicate();
    }
}

async fn insert(transaction: &mut Transaction<'_, Postgres>) {
    sqlx::query("INSERT INTO effects VALUES ('1')").execute(&mut **transaction).await.unwrap();
}

/// Commits the transaction, or rolls it back.
async fn end_transaction(transaction: Transaction<'_, Postgres>, commits: bool) {
    match commits {
        true => transaction.commit().await.unwrap(),
        false => transaction.rollback().await.unwrap(),
    }
}

type End = (Option<HandlerEnd>, Option<Settlement>);

fn end(outcome: &Outcome) -> End {
    (outcome.handler(), outcome.settlement())
}

const ERROR: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;
const FORGOTTEN: End = (Some(HandlerEnd::Failed), Some(Settlement::Released));
const COMPLETED: End = (Some(HandlerEnd::Completed), Some(Settlement::Completed));
const LEASE: Duration = Duration::from_millis(600);
const LEVELS: [&str; 3] = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"];

#[tokio::test]
async fn a_long_handler_completes_its_delivery_at_each_isolation_level() {
    for level in LEVELS {
        let mut shop = Shop::open_with(|store| layer(store).lease(LEASE)).await;
        let run = shop.run().await;
        shop.three_heartbeats().await;
        let begin = format!("BEGIN ISOLATION LEVEL {level}");
        let mut transaction = shop.pool.begin_with(begin).await.unwrap();
        shop.store.complete_in(&mut transaction, run.delivery()).await.unwrap();
        // Heartbeats skip the locked row, and retries are in progress although the lease has expired.
        shop.three_heartbeats().await;
        shop.replica.send(signed("msg_1")).await.assert_in_progress();
        shop.outcomes.next().await;
        insert(&mut transaction).await;
        transaction.commit().await.unwrap();
        assert_eq!(shop.end(run, StatusCode::OK).await, (StatusCode::OK, COMPLETED), "{level}");
        shop.assert_completed().await;
    }
}

/// At `READ COMMITTED`, the place in the transaction does not matter. Otherwise a heartbeat changes the row after the
/// transaction's snapshot.
#[tokio::test]
async fn a_heartbeat_before_the_completion_is_a_conflict_at_strict_isolation_levels() {
    for level in LEVELS {
        let mut shop = Shop::open_with(|store| layer(store).lease(LEASE)).await;
        let run = shop.run().await;
        let mut transaction = shop.pool.begin_with(format!("BEGIN ISOLATION LEVEL {level}")).await.unwrap();
        insert(&mut transaction).await;
        shop.three_heartbeats().await;
        let completed = shop.store.complete_in(&mut transaction, run.delivery()).await;
        if level == "READ COMMITTED" {
            completed.unwrap();
            transaction.commit().await.unwrap();
            assert_eq!(shop.end(run, StatusCode::OK).await.1, COMPLETED);
            shop.assert_completed().await;
        } else {
            assert!(matches!(completed, Err(CompleteError::Conflict)), "{level}: {completed:?}");
            transaction.rollback().await.unwrap();
            assert_eq!(shop.end(run, ERROR).await.1, FORGOTTEN);
            shop.assert_released().await;
        }
    }
}

#[tokio::test]
async fn the_commit_decides_about_the_delivery_and_not_the_handlers_response() {
    const FAILED_AND_COMPLETED: End = (Some(HandlerEnd::Failed), Some(Settlement::Completed));
    for (commits, status, expected) in [
        (true, StatusCode::OK, (StatusCode::OK, COMPLETED)),
        (true, ERROR, (ERROR, FAILED_AND_COMPLETED)),
        (false, StatusCode::BAD_GATEWAY, (StatusCode::BAD_GATEWAY, FORGOTTEN)),
        // A success without a commit is answered with 500.
        (false, StatusCode::OK, (ERROR, FORGOTTEN)),
    ] {
        let mut shop = Shop::open().await;
        let run = shop.run().await;
        end_transaction(shop.effect(run.delivery()).await.unwrap(), commits).await;
        assert_eq!(shop.end(run, status).await, expected);
        // The claim, the completion in the transaction, and the settlement.
        assert_eq!(shop.server.statements(ANY_STATEMENT), 3);
        shop.assert_decided_by(commits).await;
    }
}

#[tokio::test]
async fn a_grpc_request_without_a_commit_is_unavailable() {
    let mut shop = Shop::open().await;
    let mut request = signed("msg_1");
    request.headers_mut().insert("content-type", http::HeaderValue::from_static("application/grpc"));
    let run = shop.run_request(request).await;
    drop(shop.effect(run.delivery()).await.unwrap());
    let answer = run.end(StatusCode::OK).await.0;
    assert_eq!((answer.status(), &answer.headers()["grpc-status"]), (StatusCode::OK, &"14".parse().unwrap()));
    assert_eq!(end(&shop.outcomes.next().await), FORGOTTEN);
}

#[tokio::test]
async fn a_success_without_a_commit_is_logged() {
    let (seen, _guard) = crate::seen::Seen::start();
    let mut shop = Shop::open().await;
    for status in [StatusCode::BAD_GATEWAY, StatusCode::OK] {
        let run = shop.run().await;
        drop(shop.effect(run.delivery()).await.unwrap());
        run.end(status).await;
        shop.outcomes.next().await;
        let mut events = seen.events();
        events.retain(|event| event.level == tracing::Level::ERROR && event.target == "tower_webhook");
        assert_eq!(events.len(), usize::from(status == StatusCode::OK), "{events:?}");
        assert!(events.iter().all(|event| event.field("message").unwrap().contains("`commit`")));
    }
}

#[tokio::test]
async fn a_success_with_an_open_transaction_is_answered_with_500() {
    for commits_later in [false, true] {
        let mut shop = Shop::open().await;
        let run = shop.run().await;
        let open = shop.effect(run.delivery()).await.unwrap();
        assert_eq!(
            shop.end(run, StatusCode::OK).await,
            (ERROR, (Some(HandlerEnd::Failed), Some(Settlement::Pending)))
        );
        shop.replica.send(signed("msg_1")).await.assert_in_progress();
        shop.outcomes.next().await;
        // The row decides whether the retry runs.
        end_transaction(open, commits_later).await;
        if !commits_later {
            shop.until_released().await;
        }
        shop.assert_decided_by(commits_later).await;
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_decides_nothing() {
    for commits in [true, false] {
        let mut shop = Shop::open().await;
        let mut run = shop.run().await;
        end_transaction(shop.effect(run.delivery()).await.unwrap(), commits).await;
        run.running.abort();
        soon(run.call.dropped()).await;
        shop.outcomes.next().await;
        if !commits {
            shop.until_released().await;
        }
        shop.assert_decided_by(commits).await;
    }
}

#[tokio::test]
async fn a_lost_claim_is_an_error() {
    let mut shop = Shop::open().await;
    let run = shop.run().await;
    shop.server.advance(Duration::from_secs(31)).await;
    // Nothing else has run, so the delivery can still be completed.
    shop.effect(run.delivery()).await.unwrap().rollback().await.unwrap();

    let mut other = Replica::new(layer(shop.server.store().await));
    let second = other.begin(signed("msg_1"));
    let second_call = other.call().await;
    let lost = shop.effect(run.delivery()).await;
    assert!(matches!(lost, Err(CompleteError::ClaimLost)), "{lost:?}");
    shop.effect(second_call.delivery()).await.unwrap().commit().await.unwrap();
    second_call.answer(StatusCode::OK);
    soon(second).await.unwrap();
    let late = shop.effect(run.delivery()).await;
    assert!(matches!(late, Err(CompleteError::AlreadyCompleted)), "{late:?}");
    // As documented, the handler answers 200.
    let (status, (_, settlement)) = shop.end(run, StatusCode::OK).await;
    assert_eq!((status, settlement), (StatusCode::OK, Some(Settlement::Lost)));
    shop.assert_completed().await;
}

/// A handler that follows the documentation of `AlreadyCompleted` answers 200. It must not lose the delivery.
#[tokio::test]
async fn a_second_completion_in_the_same_transaction_does_not_lose_the_delivery() {
    let mut shop = Shop::open().await;
    let run = shop.run().await;
    let mut transaction = shop.effect(run.delivery()).await.unwrap();
    let again = shop.store.complete_in(&mut transaction, run.delivery()).await;
    assert!(matches!(again, Err(CompleteError::AlreadyCompleted)), "{again:?}");
    transaction.rollback().await.unwrap();
    assert_eq!(shop.end(run, StatusCode::OK).await, (ERROR, FORGOTTEN));
    shop.assert_released().await;
}

#[tokio::test]
async fn a_second_transaction_can_complete_the_delivery_after_a_rollback() {
    let mut shop = Shop::open().await;
    let run = shop.run().await;
    shop.effect(run.delivery()).await.unwrap().rollback().await.unwrap();
    shop.effect(run.delivery()).await.unwrap().commit().await.unwrap();
    let late = shop.effect(run.delivery()).await;
    assert!(matches!(late, Err(CompleteError::AlreadyCompleted)), "{late:?}");
    assert_eq!(shop.end(run, StatusCode::OK).await, (StatusCode::OK, COMPLETED));
    shop.assert_completed().await;
}

/// Without a time limit, this handler would wait for itself.
#[tokio::test]
async fn a_completion_does_not_wait_for_an_open_transaction() {
    for has_claim in [true, false] {
        let mut shop = match has_claim {
            true => Shop::open().await,
            false => Shop::open_without_claim(Fault::Error).await,
        };
        let run = shop.run().await;
        let open = shop.effect(run.delivery()).await.unwrap();
        let second = soon(shop.effect(run.delivery())).await;
        assert!(matches!(second, Err(CompleteError::Conflict)), "{has_claim}: {second:?}");
        open.commit().await.unwrap();
        assert_eq!(shop.end(run, StatusCode::OK).await, (StatusCode::OK, COMPLETED));
        shop.assert_completed().await;
    }
}

#[tokio::test]
async fn a_savepoint_that_is_rolled_back_releases_the_delivery() {
    let mut shop = Shop::open().await;
    let run = shop.run().await;
    let mut transaction = shop.begin().await;
    let mut savepoint = transaction.begin().await.unwrap();
    shop.store.complete_in(&mut savepoint, run.delivery()).await.unwrap();
    savepoint.rollback().await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(shop.end(run, StatusCode::OK).await, (ERROR, FORGOTTEN));
    shop.assert_released().await;
}

#[tokio::test]
async fn another_store_than_the_layers_is_an_error() {
    let server = Server::start().await;
    let (store, pool) = (server.store().await, server.pool().await);
    let other_table = store.clone().table("other");
    other_table.migrate().await.unwrap();
    let stores = [MokaStore::new(10).into(), AnyStore::from(other_table.clone())];
    for layers in stores {
        let mut replica = Replica::new(layer(layers));
        let running = replica.begin(signed("msg_1"));
        let call = replica.call().await;
        let mut transaction = pool.begin().await.unwrap();
        let error = store.complete_in(&mut transaction, call.delivery()).await.unwrap_err();
        assert!(matches!(error, CompleteError::OtherStore), "{error:?}");
        call.answer(StatusCode::OK);
        assert_eq!(soon(running).await.unwrap().0.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn a_layer_with_a_store_around_this_one_completes_in_the_transaction() {
    let mut shop =
        Shop::open_with(|store| layer(FaultyStore::new(CachedStore::new(AnyStore::from(store), 10)))).await;
    let run = shop.run().await;
    drop(shop.effect(run.delivery()).await.unwrap());
    assert_eq!(shop.end(run, StatusCode::OK).await, (ERROR, FORGOTTEN));
    shop.assert_released().await;
}

#[tokio::test]
async fn a_delivery_without_a_key_is_not_deduped() {
    let mut shop = Shop::open_with(|store| layer(store).dedupe_by(|_, _| None)).await;
    let run = shop.run().await;
    let mut transaction = shop.begin().await;
    let completion = shop.store.complete_in(&mut transaction, run.delivery()).await.unwrap();
    assert_eq!(completion, Completion::NotDeduped);
    transaction.commit().await.unwrap();
    assert_eq!(shop.end(run, StatusCode::OK).await, (StatusCode::OK, (Some(HandlerEnd::Completed), None)));
}

#[tokio::test]
async fn a_delivery_without_a_claim_is_completed() {
    for (commits, status, end) in
        [(true, StatusCode::OK, HandlerEnd::Completed), (false, ERROR, HandlerEnd::Failed)]
    {
        let mut shop = Shop::open_without_claim(Fault::Error).await;
        let run = shop.run().await;
        assert!(!run.delivery().is_deduped());
        end_transaction(shop.effect(run.delivery()).await.unwrap(), commits).await;
        let (answered, (ended, settlement)) = shop.end(run, StatusCode::OK).await;
        assert_eq!((answered, ended), (status, Some(end)));
        assert_eq!(settlement == Some(Settlement::Completed), commits);
        shop.assert_decided_by(commits).await;
    }
}

/// The claim whose answer was lost may have been made, and is released in the background.
#[tokio::test]
async fn a_delivery_whose_claim_was_made_without_an_answer_is_completed() {
    let mut shop = Shop::open_without_claim(Fault::LoseAnswer).await;
    let run = shop.run().await;
    shop.effect(run.delivery()).await.unwrap().commit().await.unwrap();
    assert_eq!(shop.end(run, StatusCode::OK).await, (StatusCode::OK, COMPLETED));
    shop.assert_completed().await;
}

/// A store whose claims time out, and still run on the server whenever the layer completes a claim.
struct ZombieClaims(PostgresStore);

impl Store for ZombieClaims {
    async fn claim(&self, _: &Key, _: &Token, _: Duration) -> Result<Claim, StoreError> {
        Err(StoreError::new("server did not answer within 1s"))
    }

    async fn extend(&self, key: &Key, token: &Token, lease: Duration) -> Result<bool, StoreError> {
        self.0.extend(key, token, lease).await
    }

    async fn complete(&self, key: &Key, token: &Token, window: Duration) -> Result<bool, StoreError> {
        self.0.claim(key, token, LEASE * 100).await?;
        self.0.complete(key, token, window).await
    }

    async fn release(&self, key: &Key, token: &Token) -> Result<bool, StoreError> {
        self.0.release(key, token).await
    }

    async fn forget(&self, key: &Key) -> Result<bool, StoreError> {
        self.0.forget(key).await
    }
}

/// If the layer completed such a claim to learn whether the transaction was committed, the effect would be lost.
#[tokio::test]
async fn a_claim_that_is_made_late_does_not_replace_a_commit() {
    let mut shop =
        Shop::open_with(|store| layer(ZombieClaims(store)).on_store_failure(StoreFailure::Proceed)).await;
    let run = shop.run().await;
    shop.effect(run.delivery()).await.unwrap().rollback().await.unwrap();
    assert_eq!(
        shop.end(run, StatusCode::OK).await,
        (ERROR, (Some(HandlerEnd::Failed), Some(Settlement::Lost)))
    );
    const COMPLETED: &str = "SELECT count(*) FROM webhook_deliveries WHERE state = 'completed'";
    assert_eq!(shop.server.get::<i64>(COMPLETED).await, 0);
}

#[tokio::test]
async fn a_commit_counts_even_if_the_window_passes_before_the_handler_ends() {
    let window = Duration::from_secs(1000);
    let mut shop = Shop::open_with(|store| layer(store).dedupe_window(window)).await;
    let run = shop.run().await;
    shop.effect(run.delivery()).await.unwrap().commit().await.unwrap();
    shop.server.advance(window).await;
    assert_eq!(shop.end(run, StatusCode::OK).await, (StatusCode::OK, COMPLETED));
}

#[tokio::test]
async fn a_delivery_without_a_claim_respects_other_runs() {
    let mut shop = Shop::open_without_claim(Fault::Error).await;
    let run = shop.run().await;
    let (key, token) = (run.delivery().dedupe_key().unwrap(), Token::mint());
    shop.store.claim(key, &token, LEASE * 100).await.unwrap();
    let error = shop.effect(run.delivery()).await.unwrap_err();
    assert!(matches!(error, CompleteError::ClaimLost), "{error:?}");
    shop.store.complete(key, &token, LEASE * 100).await.unwrap();
    let error = shop.effect(run.delivery()).await.unwrap_err();
    assert!(matches!(error, CompleteError::AlreadyCompleted), "{error:?}");
    assert_eq!(run.end(StatusCode::OK).await.0.status(), StatusCode::OK);
    assert_eq!(shop.effects().await, 0);
}

#[tokio::test]
async fn the_replay_guard_completes_both_keys() {
    const SECRET: &str = "It's a Secret to Everybody";
    let mut shop = Shop::open_with(|store| {
        let github = provider::github(SECRET.parse::<Secret>().unwrap());
        WebhookLayer::with_verifier(github).dedupe(store).replay_guard()
    })
    .await;
    for (commits, expected) in [(false, (ERROR, FORGOTTEN)), (true, (StatusCode::OK, COMPLETED))] {
        let run = shop.run_request(github(SECRET, "guid-1", "push", "{}")).await;
        end_transaction(shop.effect(run.delivery()).await.unwrap(), commits).await;
        assert_eq!(shop.end(run, StatusCode::OK).await, expected);
    }
    for id in ["guid-1", "guid-2"] {
        shop.replica.send(github(SECRET, id, "push", "{}")).await.assert_duplicate();
    }
    assert_eq!(shop.effects().await, 1);
}

#[tokio::test]
async fn an_item_is_completed_in_its_transaction() {
    let mut shop = Shop::open().await;
    let run = shop.run().await;
    shop.run_item(&run, true, Err("failure after the commit")).await;
    assert!(matches!(run.delivery().claim_item("a").await, Ok(Item::Duplicate)));
    assert_eq!(shop.end(run, StatusCode::OK).await, (StatusCode::OK, COMPLETED));
    assert_eq!(shop.effects().await, 1);
}

/// The handler has no chance to learn of the item, so the whole delivery must fail.
#[tokio::test]
async fn an_item_without_a_commit_fails_its_delivery() {
    for has_key in [true, false] {
        let mut shop = Shop::open_with(|store| match has_key {
            true => layer(store),
            false => layer(store).dedupe_by(|_, _| None),
        })
        .await;
        let run = shop.run().await;
        shop.run_item(&run, false, Ok(())).await;
        assert!(matches!(run.delivery().claim_item("a").await, Ok(Item::Claimed(_))));
        let settlement = has_key.then_some(Settlement::Released);
        assert_eq!(shop.end(run, StatusCode::OK).await, (ERROR, (Some(HandlerEnd::Failed), settlement)));
    }
}

/// The handler learns of such an item, and decides about the delivery.
#[tokio::test]
async fn an_item_that_fails_does_not_fail_its_delivery() {
    let mut shop = Shop::open().await;
    let run = shop.run().await;
    shop.run_item(&run, false, Err("failure")).await;
    assert!(matches!(run.delivery().claim_item("a").await, Ok(Item::Claimed(_))));
    assert_eq!(shop.end(run, StatusCode::OK).await, (StatusCode::OK, COMPLETED));
}

#[tokio::test]
async fn a_detached_handler_completes_in_its_transaction() {
    let mut shop = Shop::open_with(|store| layer(store).ack_deadline(Duration::from_secs(1))).await;
    let run = shop.run().await;
    let transaction = shop.effect(run.delivery()).await.unwrap();
    let overdue = soon(run.running).await.unwrap();
    assert_eq!(overdue.0.status(), StatusCode::SERVICE_UNAVAILABLE);
    shop.replica.send(signed("msg_1")).await.assert_in_progress();
    shop.outcomes.next().await;
    transaction.commit().await.unwrap();
    run.call.answer(StatusCode::OK);
    assert_eq!(end(&shop.outcomes.next().await), COMPLETED);
    shop.assert_completed().await;
}

#[tokio::test]
async fn a_nested_layer_shares_its_outer_layers_transaction_even_if_a_store_fails() {
    for (outer_fails, inner_fails) in [(false, false), (false, true), (true, true)] {
        for commits in [true, false] {
            let server = Server::start().await;
            let (store, pool) = (server.store().await, server.pool().await);
            let (tell, mut outcomes) = outcomes();
            let faulty = || FaultyStore::new(store.clone());
            let (outer_store, inner_store) = (faulty(), faulty());
            if inner_fails {
                inner_store.fail(Operation::Claim, Fault::Error);
            }
            if outer_fails {
                // The claim is made, but not confirmed.
                outer_store.fail(Operation::Claim, Fault::LoseAnswer);
                outer_store.fail(Operation::Release, Fault::Error);
            }
            let proceeding = |store| layer(store).on_store_failure(StoreFailure::Proceed);
            let (outer, inner) = (proceeding(outer_store).on_outcome(tell), proceeding(inner_store));
            let handler = service_fn(move |request: Request<Body>| {
                let (store, pool) = (store.clone(), pool.clone());
                async move {
                    let delivery = request.extensions().get::<Delivery>().unwrap();
                    assert_eq!(delivery.is_deduped(), !inner_fails);
                    let mut transaction = pool.begin().await.unwrap();
                    store.complete_in(&mut transaction, delivery).await.unwrap();
                    if commits {
                        transaction.commit().await.unwrap();
                    }
                    Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
                }
            });
            let answer = soon(outer.layer(inner.layer(handler)).oneshot(signed("msg_1"))).await.unwrap();
            let expected = if commits { (StatusCode::OK, COMPLETED) } else { (ERROR, FORGOTTEN) };
            assert_eq!(
                (answer.status(), end(&outcomes.next().await)),
                expected,
                "{outer_fails} {inner_fails}"
            );
        }
    }
}

#[tokio::test]
async fn a_completion_does_not_change_the_settings_of_the_transaction() {
    let mut shop = Shop::open().await;
    let run = shop.run().await;
    for (set, expected) in
        [("", "0"), ("SET LOCAL lock_timeout = 70", "70ms"), ("SET lock_timeout = 80", "80ms")]
    {
        let mut transaction = shop.begin().await;
        sqlx::raw_sql(set).execute(&mut *transaction).await.unwrap();
        shop.store.complete_in(&mut transaction, run.delivery()).await.unwrap();
        let show = sqlx::query_scalar::<_, String>("SHOW lock_timeout");
        assert_eq!(show.fetch_one(&mut *transaction).await.unwrap(), expected);
        transaction.rollback().await.unwrap();
    }
    shop.effect(run.delivery()).await.unwrap().commit().await.unwrap();
    run.end(StatusCode::OK).await;
}

#[tokio::test]
async fn errors_have_a_text_and_a_cause() {
    let mut shop = Shop::open().await;
    let run = shop.run().await;
    let mut transaction = shop.begin().await;
    let _ = sqlx::query("SELECT 1 / 0").execute(&mut *transaction).await;
    let error = shop.store.complete_in(&mut transaction, run.delivery()).await.unwrap_err();
    assert_eq!(error.to_string(), "transaction could not complete the claim");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("current transaction is aborted"), "{cause}");
    assert!(shop.store.extend(&Key::new("s", "1"), &Token::mint(), LEASE).await.is_ok());
    // A commit of this transaction is a rollback, and must not count as a success.
    transaction.commit().await.unwrap();
    assert_eq!(run.end(StatusCode::OK).await.0.status(), ERROR);
}
