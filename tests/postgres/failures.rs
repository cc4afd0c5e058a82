//! Failures of PostgreSQL: a server that is down, slow, full, read-only, or whose rows and connections are in use.

use std::{error::Error, time::Duration};

use http::StatusCode;
use sqlx::Connection;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    task::JoinSet,
    time::sleep,
};
use tower_webhook::{
    Settlement,
    store::{AnyStore, Claim, Key, PostgresStore, Store, Token},
};

use crate::{
    common::{outcomes, soon},
    server::{Server, pool_of, until},
    store_server::{
        LEASE,
        replica::{Answer, Replica, layer, signed},
    },
};

const NO_CONNECTION: &str =
    "no connection in time: all are in use, or the server is down or rejects connections";

fn cause(answer: &Answer) -> String {
    answer.rejection().unwrap().source().unwrap().source().unwrap().to_string()
}

/// The layer cannot know whether the transaction was committed, so the provider must retry. The row decides whether the
/// retry runs.
#[tokio::test]
async fn a_commit_that_cannot_be_confirmed_is_answered_with_500_and_logged_as_unknown() {
    for commits in [true, false] {
        let (seen, _guard) = crate::seen::Seen::start();
        let mut server = Server::start().await;
        let (store, pool) = (server.store().await, server.pool().await);
        let (tell, mut outcomes) = outcomes();
        let mut replica = Replica::new(layer(store.clone()).on_outcome(tell));
        let running = replica.begin(signed("msg_1"));
        let call = replica.call().await;
        let mut transaction = pool.begin().await.unwrap();
        store.complete_in(&mut transaction, call.delivery()).await.unwrap();
        if commits {
            transaction.commit().await.unwrap();
        }
        server.kill();
        call.answer(StatusCode::OK);
        assert_eq!(soon(running).await.unwrap().0.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(outcomes.next().await.settlement(), Some(Settlement::Pending));
        let events = seen.events();
        let own = events.iter().filter(|event| event.target == "tower_webhook");
        let messages: Vec<_> = own.filter_map(|event| event.field("message")).collect();
        let is_logged = |text| messages.iter().any(|message| message.contains(text));
        // An error that names `commit` would send the operator to the handler.
        assert!(is_logged("may have been committed or not") && !is_logged("`commit`"), "{messages:?}");
        server.restart().await;
        match commits {
            true => replica.duplicate_in_time("msg_1").await,
            false => replica.handle_in_time("msg_1").await,
        }
    }
}

/// A connection that is busy with a statement that timed out must not be used again.
#[tokio::test]
async fn connections_of_calls_that_timed_out_are_closed() {
    let server = Server::start().await;
    let store = PostgresStore::new(pool_of(2, server.options()).await);
    let (key, token) = (Key::new("s", "1"), Token::mint());
    store.claim(&key, &token, LEASE).await.unwrap();
    let lock = server.begin("LOCK TABLE webhook_deliveries").await;
    for _ in 0..5 {
        let error = store.extend(&key, &token, LEASE).await.unwrap_err();
        assert_eq!(error.source().unwrap().to_string(), "server did not answer within 1s");
    }
    // The server does not notice that a connection is closed while it waits for the lock.
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    assert_eq!(server.get::<i64>(waiting).await, 5);
    lock.close().await.unwrap();
    assert!(store.timeout(LEASE).extend(&key, &token, LEASE).await.unwrap());
}

/// Half of the time is left for the statement.
#[tokio::test]
async fn a_call_that_waits_for_a_connection_times_out_before_the_one_that_has_it() {
    let server = Server::start().await;
    let store = PostgresStore::new(pool_of(1, server.options()).await);
    let (key, token) = (Key::new("s", "1"), Token::mint());
    store.claim(&key, &token, LEASE).await.unwrap();
    let _lock = server.begin("LOCK TABLE webhook_deliveries").await;
    let mut calls = JoinSet::new();
    for _ in 0..2 {
        let (store, key, token) = (store.clone(), key.clone(), token);
        calls.spawn(async move { store.extend(&key, &token, LEASE).await.unwrap_err() });
    }
    let mut causes = Vec::new();
    while let Some(error) = calls.join_next().await {
        causes.push(error.unwrap().source().unwrap().to_string());
    }
    assert_eq!(causes, [NO_CONNECTION, "server did not answer within 1s"]);
}

#[tokio::test]
async fn transactions_of_the_application_do_not_delay_the_store() {
    let server = Server::start().await;
    let pool = pool_of(1, server.options()).await;
    let _transaction = pool.begin().await.unwrap();
    let mut replica = Replica::new(layer(PostgresStore::new(pool.clone())));
    replica.handle("msg_1").await;
    replica.send(signed("msg_1")).await.assert_duplicate();
}

/// sqlx 0.8.4 to 0.9.0 returns a connection in an open transaction to the pool if `begin` is dropped.
#[tokio::test]
async fn a_transaction_that_the_application_leaves_open_does_not_undo_a_completion() {
    let server = Server::start().await;
    let pool = pool_of(1, server.options()).await;
    let mut connection = pool.acquire().await.unwrap();
    sqlx::raw_sql("BEGIN").execute(&mut *connection).await.unwrap();
    drop(connection);
    let mut replica = Replica::new(layer(PostgresStore::new(pool.clone())));
    replica.handle("msg_1").await;
    sqlx::raw_sql("ROLLBACK").execute(&pool).await.unwrap();
    replica.send(signed("msg_1")).await.assert_duplicate();
}

#[tokio::test]
async fn new_options_of_the_pool_apply_to_the_store() {
    let server = Server::start().await;
    let pool = pool_of(1, server.options().port(1)).await;
    let mut replica = Replica::new(layer(PostgresStore::new(pool.clone())));
    replica.send(signed("msg_1")).await.assert_unavailable();
    pool.set_connect_options(server.options());
    replica.handle_in_time("msg_1").await;
}

/// Each call would abandon a connection that it opens. So a task opens it.
#[tokio::test]
async fn a_store_connects_although_connecting_takes_longer_than_a_call_waits() {
    let server = Server::start().await;
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = server.options().port(proxy.local_addr().unwrap().port());
    let store = PostgresStore::new(pool_of(1, options).await).timeout(Duration::from_millis(200));
    tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let (mut client, _) = proxy.accept().await.unwrap();
            connections.spawn(async move {
                sleep(Duration::from_millis(300)).await;
                let mut server = TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
                copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    let (key, token) = (Key::new("s", "1"), Token::mint());
    assert!(store.claim(&key, &token, LEASE).await.is_err());
    until("the store has connected", async || store.claim(&key, &token, LEASE).await.is_ok()).await;
}

/// A store can be created where no runtime is, such as in a synchronous `main`.
#[test]
fn a_store_is_created_outside_of_a_runtime() {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(Server::start());
    let pool = runtime.block_on(pool_of(1, server.options()));
    let store = PostgresStore::new(pool);
    runtime.block_on(store.migrate()).unwrap();
}

#[tokio::test]
async fn a_server_with_too_many_connections_rejects_deliveries() {
    let server = Server::start_with(&["max_connections=6", "superuser_reserved_connections=0"]).await;
    let mut replica = Replica::new(layer(server.store().await));
    let mut connections = Vec::new();
    while let Ok(connection) = sqlx::PgConnection::connect_with(&server.options()).await {
        connections.push(connection);
    }
    let unavailable = replica.send(signed("msg_1")).await;
    unavailable.assert_unavailable();
    assert_eq!(cause(&unavailable), NO_CONNECTION);
    drop(connections);
    until("the server has a connection", async || {
        sqlx::PgConnection::connect_with(&server.options()).await.is_ok()
    })
    .await;
    replica.handle_in_time("msg_1").await;
}

#[tokio::test]
async fn a_row_that_a_transaction_locks_blocks_nothing() {
    let server = Server::start().await;
    // With a longer time limit than the lock, a call that waited for the lock would time out as well.
    let store = server.store().await;
    let (key, token, other) = (Key::new("s", "1"), Token::mint(), Token::mint());
    store.claim(&key, &token, LEASE).await.unwrap();
    let mut lock = server.begin("SELECT FROM webhook_deliveries FOR UPDATE").await;
    assert_eq!(store.claim(&key, &other, LEASE).await.unwrap(), Claim::InProgress);
    assert!(store.extend(&key, &token, LEASE).await.unwrap());
    assert!(!store.extend(&key, &other, LEASE).await.unwrap());
    for settled in [store.complete(&key, &token, LEASE).await, store.release(&key, &token).await] {
        let error = settled.unwrap_err();
        assert_eq!(error.source().unwrap().to_string(), "row is locked by an open transaction");
    }
    assert!(!store.release(&key, &other).await.unwrap());
    sqlx::raw_sql("ROLLBACK").execute(&mut lock).await.unwrap();

    // An expired row, and a completed one.
    server.advance(LEASE).await;
    let mut lock = server.begin("SELECT FROM webhook_deliveries FOR UPDATE").await;
    assert_eq!(store.claim(&key, &other, LEASE).await.unwrap(), Claim::InProgress);
    assert!(store.extend(&key, &token, LEASE).await.unwrap());
    sqlx::raw_sql("ROLLBACK").execute(&mut lock).await.unwrap();
    assert!(!store.extend(&key, &token, LEASE).await.unwrap());
    store.claim(&key, &other, LEASE).await.unwrap();
    store.complete(&key, &other, LEASE).await.unwrap();
    let _lock = server.begin("SELECT FROM webhook_deliveries FOR UPDATE").await;
    assert_eq!(store.claim(&key, &token, LEASE).await.unwrap(), Claim::Completed);
    assert!(store.complete(&key, &other, LEASE).await.unwrap());
    store.forget(&key).await.unwrap_err();
}

/// Such a transaction is that of a delivery without a claim.
#[tokio::test]
async fn a_row_that_a_transaction_inserts_is_in_progress() {
    let server = Server::start().await;
    let store = server.store().await;
    let insert =
        "INSERT INTO webhook_deliveries VALUES ('s:1', 'completed', '', 1, now() + interval '1 day')";
    let mut transaction = server.begin(insert).await;
    let key = Key::new("s", "1");
    assert_eq!(store.claim(&key, &Token::mint(), LEASE).await.unwrap(), Claim::InProgress);
    sqlx::raw_sql("COMMIT").execute(&mut transaction).await.unwrap();
    assert_eq!(store.claim(&key, &Token::mint(), LEASE).await.unwrap(), Claim::Completed);
}

/// A claim that cannot reach the table is a store failure, for which the policy decides.
#[tokio::test]
async fn a_lock_timeout_of_the_whole_table_is_a_failure() {
    let server = Server::start().await;
    let pool = pool_of(1, server.options().options([("lock_timeout", "50")])).await;
    let (prepared, token) = (PostgresStore::new(pool), Token::mint());
    // Prepares the statement: the lock is then awaited in another step.
    prepared.claim(&Key::new("s", "1"), &token, LEASE).await.unwrap();
    let _lock = server.begin("LOCK TABLE webhook_deliveries").await;
    for store in [prepared.clone(), prepared.without_prepared_statements()] {
        let error = store.claim(&Key::new("s", "2"), &token, LEASE).await.unwrap_err();
        let cause = error.source().unwrap().to_string();
        assert!(cause.contains("lock timeout"), "{cause}");
    }
}

/// Otherwise retries would be in progress until the operating system gives the connection up, after hours.
#[tokio::test]
async fn the_server_ends_the_transaction_of_a_lost_owner() {
    let server = Server::start().await;
    let settings = [
        ("tcp_keepalives_idle", "10"),
        ("tcp_keepalives_interval", "5"),
        ("tcp_keepalives_count", "3"),
        ("tcp_user_timeout", "25000"),
        ("idle_in_transaction_session_timeout", "100"),
    ];
    let store = server.store().await;
    let pool = pool_of(1, server.options().options(settings)).await;
    let mut replica = Replica::new(layer(store.clone()));
    let leaving = replica.begin(signed("msg_1"));
    let call = replica.call().await;
    let mut transaction = pool.begin().await.unwrap();
    store.complete_in(&mut transaction, call.delivery()).await.unwrap();
    server.advance(LEASE).await;
    let mut other = Replica::new(layer(server.store().await));
    other.handle_in_time("msg_1").await;
    leaving.abort();
}

#[tokio::test]
async fn a_lock_that_is_short_delays_a_settlement() {
    let server = Server::start().await;
    let (tell, mut outcomes) = outcomes();
    let mut replica = Replica::new(layer(server.store().await).on_outcome(tell));
    let running = replica.begin(signed("msg_1"));
    let call = replica.call().await;
    let mut lock = server.begin("SELECT FROM webhook_deliveries FOR UPDATE").await;
    call.answer(StatusCode::OK);
    assert_eq!(soon(running).await.unwrap().0.status(), StatusCode::OK);
    assert_eq!(outcomes.next().await.settlement(), Some(Settlement::Pending));
    sqlx::raw_sql("ROLLBACK").execute(&mut lock).await.unwrap();
    replica.duplicate_in_time("msg_1").await;
}

#[tokio::test]
async fn a_standby_server_rejects_deliveries_and_takes_over() {
    let mut primary = Server::start().await;
    let mut replica = Replica::new(layer(primary.store().await));
    replica.handle("msg_1").await;
    let standby = primary.start_standby().await;
    let mut promoted = Replica::new(layer(standby.store().await));
    let unavailable = promoted.send(signed("msg_1")).await;
    unavailable.assert_unavailable();
    assert!(cause(&unavailable).contains("read-only transaction"), "{}", cause(&unavailable));
    primary.kill();
    standby.run("SELECT pg_promote()").await;
    until("the standby is promoted", async || promoted.send(signed("msg_1")).await.is_duplicate()).await;
    promoted.handle("msg_2").await;
}

#[tokio::test]
async fn a_read_only_server_rejects_deliveries() {
    let server = Server::start().await;
    let mut replica = Replica::new(layer(server.store().await));
    replica.handle("msg_1").await;
    server.run("ALTER SYSTEM SET default_transaction_read_only = on").await;
    server.run("SELECT pg_reload_conf()").await;
    until("the server is read-only", async || {
        let answer = replica.begin(signed("msg_1"));
        let answer = soon(answer).await.unwrap();
        !answer.is_duplicate() && cause(&answer).contains("read-only transaction")
    })
    .await;
    server.run("ALTER SYSTEM RESET ALL").await;
    server.run("SELECT pg_reload_conf()").await;
    until("the server is writable", async || replica.send(signed("msg_1")).await.is_duplicate()).await;
    replica.handle("msg_2").await;
}

#[tokio::test]
async fn connection_errors_name_the_cause_and_hide_the_password() {
    let server = Server::start().await;
    server.run("CREATE ROLE shop LOGIN PASSWORD 'open-sesame'").await;
    let password_for_shop = "host all shop all scram-sha-256\nhost all all all trust\nlocal all all trust\n";
    std::fs::write(server.directory.join("data/pg_hba.conf"), password_for_shop).unwrap();
    server.run("SELECT pg_reload_conf()").await;
    let port = server.port;
    let url = |login: &str| format!("postgres://{login}@127.0.0.1:{port}/postgres");
    until("the server asks for the password", async || {
        AnyStore::connect(&url("shop:hunter2")).await.is_err()
    })
    .await;
    let cases = [
        (url("shop:hunter2"), "password authentication failed"),
        (format!("postgres://shop:open-sesame@127.0.0.1:{port}/missing"), "does not exist"),
        ("postgres://shop:hunter2@127.0.0.1:1/postgres".to_owned(), "refused"),
        (format!("{}?sslmode=require", url("shop:hunter2")), "TLS"),
        ("postgres://shop:hunter2@127.0.0.1:what".to_owned(), "port"),
        (url("shop:hun/ter2"), "percent-encode"),
        (format!("{}?hunter2=1", url("shop:open-sesame")), "parameter 1 is unknown"),
    ];
    for (url, reason) in cases {
        let error = AnyStore::connect(&url).await.unwrap_err();
        let source = error.source().map(ToString::to_string);
        let text = format!("{error} {error:?} {}", source.unwrap_or_default());
        assert!(text.contains(reason), "{url}: {text}");
        assert!(!text.contains("hun") && !text.contains("sesame"), "{text}");
    }
    let store = AnyStore::connect(&url("shop:open-sesame")).await.unwrap();
    assert!(format!("{store:?}").contains("PostgresStore"));
    let store = server.store().await;
    assert_eq!(
        format!("{store:?}"),
        "PostgresStore { schema: None, table: \"webhook_deliveries\", timeout: 1s, .. }"
    );
}

#[tokio::test]
async fn answers_within_is_the_configured_timeout() {
    let server = Server::start().await;
    let store = server.store().await;
    assert_eq!(store.answers_within(), Some(Duration::from_secs(1)));
    let given = |time| store.clone().timeout(time).answers_within();
    assert_eq!(given(Duration::from_millis(300)), Some(Duration::from_millis(300)));
    assert_eq!(given(Duration::ZERO), Some(Duration::from_millis(1)));
}
