//! The table: its rows, `migrate`, and the deletion of expired rows.

use std::{error::Error, time::Duration};

use tower_webhook::store::{Claim, Key, PostgresStore, Store, Token};

use crate::{
    server::{Server, until},
    store_server::{LEASE, acquire},
};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn different_keys_have_different_readable_names() {
    let server = Server::start().await;
    let store = server.store().await;
    let names = [
        (Key::new("github-orders", "72d3162e"), "github-orders:72d3162e"),
        (Key::new("a:b", "c"), "a%3ab:c"),
        (Key::new("a", "b:c"), "a:b%3ac"),
        (Key::new("a", "b%3ac"), "a:b%253ac"),
        (Key::new("a", "\u{e4} {x}\n*\0"), "a:\u{e4}%20{x}%0a*%00"),
        (Key::new("a", ""), "a:"),
        (Key::new("", ""), ":"),
    ];
    for (key, name) in &names {
        acquire(&store, key, &Token::mint()).await;
        let found = format!("SELECT count(*) FROM webhook_deliveries WHERE key = '{name}'");
        assert_eq!(server.get::<i64>(&found).await, 1, "{name}");
    }
    acquire(&store, &Key::new(&"\u{1f980}".repeat(32), &":".repeat(128)), &Token::mint()).await;
    acquire(&store, &Key::new("a", &"x".repeat(100_000)), &Token::mint()).await;
    const LONG: &str =
        "SELECT count(*) FROM webhook_deliveries WHERE key LIKE 'a:sha256-%' AND length(key) < 200";
    assert_eq!(server.get::<i64>(LONG).await, 1);
}

#[tokio::test]
async fn a_row_shows_the_state_of_its_claim() {
    let server = Server::start().await;
    let (store, key, token) = (server.store().await, Key::new("s", "1"), Token::mint());
    let fencing = acquire(&store, &key, &token).await;
    let row = async || {
        let row = "SELECT concat_ws(' ', key, state, encode(owner, 'hex'), fencing_token, \
                   round(extract(epoch FROM expires_at - now()) / 10) * 10) FROM webhook_deliveries";
        server.get::<String>(row).await
    };
    assert_eq!(row().await, format!("s:1 claimed {token} {fencing} 30"));
    assert!(store.complete(&key, &token, Duration::from_secs(8 * 86_400)).await.unwrap());
    assert_eq!(row().await, format!("s:1 completed {token} {fencing} 691200"));
    assert!(store.forget(&key).await.unwrap());
    assert_eq!(row().await, format!("s:1 released  {fencing} 691200"));
    let next = Token::mint();
    let fencing = acquire(&store, &key, &next).await;
    assert_eq!(row().await, format!("s:1 claimed {next} {fencing} 30"));
    let now: i64 = server.get("SELECT (extract(epoch FROM now()) * 1000000)::bigint").await;
    assert!(u64::try_from(now).unwrap().abs_diff(fencing) < 60_000_000, "{now} {fencing}");
}

#[tokio::test]
async fn migrations_at_the_same_time_create_one_table() {
    let server = Server::start_empty(&[]).await;
    for store in [server.store().await, server.store().await.schema("shop").table("a \"quoted\" name; --")] {
        let migrations: Vec<_> = (0..8)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.migrate().await })
            })
            .collect();
        for migration in migrations {
            migration.await.unwrap().unwrap();
        }
        acquire(&store, &Key::new("s", "1"), &Token::mint()).await;
        store.migrate().await.unwrap();
        let claimed = store.claim(&Key::new("s", "1"), &Token::mint(), LEASE).await.unwrap();
        assert_eq!(claimed, Claim::InProgress);
    }
    const INDEXES: &str = "SELECT count(*) FROM pg_indexes WHERE schemaname IN ('public', 'shop')";
    assert_eq!(server.get::<i64>(INDEXES).await, 4);
}

#[tokio::test]
async fn the_schema_can_be_part_of_other_migrations() {
    let server = Server::start_empty(&[]).await;
    server.run(PostgresStore::SCHEMA).await;
    acquire(&server.store().await, &Key::new("s", "1"), &Token::mint()).await;
}

#[tokio::test]
async fn names_cannot_inject() {
    let server = Server::start_empty(&[]).await;
    server.run("CREATE TABLE victim ()").await;
    for name in ["x\"; DROP TABLE victim; --", "x\0\"; DROP TABLE victim; --", "\\", "''"] {
        let store = server.store().await.table(name).schema(name);
        store.migrate().await.unwrap();
        acquire(&store, &Key::new("s", "1"), &Token::mint()).await;
    }
    server.run("DROP TABLE victim").await;
}

/// The statements have names of their own, which a table's name must not equal.
#[tokio::test]
async fn a_table_can_have_any_name() {
    let server = Server::start_empty(&[]).await;
    let mut names: Vec<_> =
        ["delivery", "key", "state", "owner", "excluded", "table"].map(String::from).into();
    for name in
        ["now", "free", "mine", "taken", "inserted", "extended", "completed", "released", "bounded", "answer"]
    {
        names.extend(["", "cte_", "with_", "cte_with_"].map(|prefix| format!("{prefix}{name}")));
    }
    let pool = server.pool().await;
    for name in names {
        let store = PostgresStore::new(pool.clone()).table(&name);
        store.migrate().await.unwrap();
        let (key, token) = (Key::new("s", "1"), Token::mint());
        let fencing = acquire(&store, &key, &token).await;
        assert!(store.extend(&key, &token, LEASE).await.unwrap(), "{name}");
        assert!(store.release(&key, &token).await.unwrap(), "{name}");
        assert!(acquire(&store, &key, &token).await > fencing, "{name}");
        assert!(store.complete(&key, &token, LEASE).await.unwrap(), "{name}");
        assert_eq!(store.claim(&key, &Token::mint(), LEASE).await.unwrap(), Claim::Completed, "{name}");
        assert!(store.forget(&key).await.unwrap(), "{name}");
        assert_eq!(store.delete_expired(1).await.unwrap(), 0, "{name}");
        crate::transactions::complete_in_table(&server, &store).await;
    }
}

/// A clock that is set back must not decrease fencing tokens, and a slow owner must find its row.
#[tokio::test]
async fn an_expired_row_is_kept_for_an_hour() {
    let server = Server::start().await;
    let (store, key) = (server.store().await, Key::new("s", "1"));
    let fencing = acquire(&store, &key, &Token::mint()).await;
    server.run("UPDATE webhook_deliveries SET fencing_token = fencing_token + 3600 * 1000000::bigint").await;
    server.advance(LEASE + Duration::from_secs(3500)).await;
    assert_eq!(store.delete_expired(10).await.unwrap(), 0);
    assert!(acquire(&store, &key, &Token::mint()).await > fencing + 3_600_000_000);
    server.advance(LEASE + HOUR).await;
    assert_eq!(store.delete_expired(10).await.unwrap(), 1);
}

#[tokio::test]
async fn expired_rows_are_deleted_in_batches() {
    let server = Server::start().await;
    let (store, token) = (server.store().await, Token::mint());
    let rows = async || server.get::<i64>("SELECT count(*) FROM webhook_deliveries").await;
    for n in 0..10 {
        acquire(&store, &Key::new("s", &n.to_string()), &token).await;
    }
    assert!(store.complete(&Key::new("s", "0"), &token, HOUR * 10).await.unwrap());
    assert_eq!(store.delete_expired(100).await.unwrap(), 0);
    server.advance(LEASE + HOUR).await;
    let mut lock = server.begin("SELECT FROM webhook_deliveries WHERE key = 's:1' FOR UPDATE").await;
    assert_eq!(store.delete_expired(5).await.unwrap(), 5);
    assert_eq!(store.clone().without_prepared_statements().delete_expired(5).await.unwrap(), 3);
    assert_eq!(rows().await, 2);
    sqlx::raw_sql("ROLLBACK").execute(&mut lock).await.unwrap();

    let errors = std::sync::Mutex::new(Vec::new());
    let sweep =
        store.sweep(Duration::from_millis(10), |error| errors.lock().unwrap().push(error.to_string()));
    let swept = async {
        until("the row is deleted", async || rows().await == 1).await;
        server.run("ALTER TABLE webhook_deliveries RENAME TO other").await;
        until("the sweep has failed", async || !errors.lock().unwrap().is_empty()).await;
        server.run("ALTER TABLE other RENAME TO webhook_deliveries").await;
        server.advance(HOUR * 10).await;
        until("the sweep continues", async || rows().await == 0).await;
    };
    tokio::select! { () = sweep => unreachable!(), () = swept => {} }
}

/// Even if most rows are live, the deletion reads only expired rows.
#[tokio::test]
async fn a_deletion_uses_the_index() {
    let server = Server::start().await;
    server
        .run(
            "INSERT INTO webhook_deliveries SELECT n::text, 'completed', '', 1, now() + interval '1 day' \
             FROM generate_series(1, 20000) n; ANALYZE webhook_deliveries",
        )
        .await;
    let read = "SELECT coalesce(sum(seq_tup_read), 0)::bigint FROM pg_stat_user_tables";
    let before: i64 = server.get(read).await;
    for _ in 0..10 {
        assert_eq!(server.store().await.delete_expired(1_000).await.unwrap(), 0);
    }
    assert_eq!(server.get::<i64>(read).await, before);
}

#[tokio::test]
async fn a_missing_table_names_migrate() {
    let server = Server::start_empty(&[]).await;
    for (store, name) in [
        (server.store().await, "\"webhook_deliveries\""),
        (server.store().await.schema("shop"), "\"shop\".\"webhook_deliveries\""),
    ] {
        let error = store.claim(&Key::new("s", "1"), &Token::mint(), LEASE).await.unwrap_err();
        let cause = error.source().unwrap();
        let advice =
            format!("table {name} is missing: call `PostgresStore::migrate`, or run `PostgresStore::SCHEMA`");
        assert!(cause.to_string().starts_with(&advice), "{cause}");
        assert!(cause.source().unwrap().to_string().contains("does not exist"), "{error:?}");
        let error = store.delete_expired(1).await.unwrap_err();
        assert!(error.source().unwrap().to_string().contains("is missing"), "{error:?}");
    }
}

#[tokio::test]
async fn a_table_of_another_shape_is_an_error() {
    let server = Server::start_empty(&[]).await;
    server.run("CREATE TABLE webhook_deliveries (key text)").await;
    let error = server.store().await.release(&Key::new("s", "1"), &Token::mint()).await.unwrap_err();
    assert!(error.source().unwrap().to_string().contains("was not created by"), "{error:?}");
}

#[tokio::test]
async fn the_documented_permissions_are_enough() {
    let server = Server::start().await;
    server.run("CREATE ROLE shop LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC").await;
    let pool = crate::server::pool_of(2, server.options().username("shop")).await;
    let (store, key, token) = (PostgresStore::new(pool), Key::new("s", "1"), Token::mint());
    let error = store.claim(&key, &token, LEASE).await.unwrap_err();
    let cause = error.source().unwrap();
    assert!(cause.to_string().contains("role lacks `SELECT`"), "{error:?}");
    assert!(cause.source().unwrap().to_string().contains("permission denied"), "{error:?}");
    let error = store.clone().table("other").migrate().await.unwrap_err();
    assert!(error.source().unwrap().to_string().contains("`CREATE`"), "{error:?}");

    server.run("GRANT SELECT, INSERT, UPDATE ON webhook_deliveries TO shop").await;
    // The table exists.
    store.migrate().await.unwrap();
    acquire(&store, &key, &token).await;
    assert!(store.extend(&key, &token, LEASE).await.unwrap());
    assert!(store.release(&key, &token).await.unwrap());
    acquire(&store, &key, &token).await;
    assert!(store.complete(&key, &token, LEASE).await.unwrap());
    assert!(store.forget(&key).await.unwrap());
    let error = store.delete_expired(1).await.unwrap_err();
    assert!(error.source().unwrap().to_string().contains("`DELETE`"), "{error:?}");
    server.run("GRANT DELETE ON webhook_deliveries TO shop").await;
    assert_eq!(store.delete_expired(1).await.unwrap(), 0);
}
