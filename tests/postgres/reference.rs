//! Random operations on `PostgresStore` and its statements, whose results must match the reference model of a store,
//! and operations at the same time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use sqlx::PgPool;
use tower_webhook::store::{Claim, Key, PostgresStore, Store, Token};

use crate::{
    server::{Server, pool_of},
    store_server::reference::matches_the_model,
};

/// Longer than the test.
const LONG: Duration = Duration::from_secs(1000);

#[test]
fn the_statements_match_the_model() {
    matches_the_model::<Server, _>(200, |store, _| store);
}

#[test]
fn statements_without_a_name_match_the_model() {
    matches_the_model::<Server, _>(200, |store, _| store.without_prepared_statements());
}

/// A key that several owners compete for.
struct Contended {
    key: Key,
    is_owned: AtomicBool,
    fencing: AtomicU64,
    is_completed: AtomicBool,
}

/// Many owners claim, extend, release and complete the same keys. At each isolation level, each key has one owner at a
/// time, and one effect.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_of_many_contended_keys_is_completed_once() {
    for level in ["read committed", "serializable"] {
        let server = Server::start_with(&[&format!("default_transaction_isolation={level}")]).await;
        server.run("CREATE TABLE effects (key text)").await;
        let pool = pool_of(16, server.options()).await;
        let store = PostgresStore::new(pool.clone()).timeout(LONG);
        let keys: Arc<Vec<_>> = Arc::new(
            (0..40)
                .map(|n| Contended {
                    key: Key::new("race", &n.to_string()),
                    is_owned: AtomicBool::new(false),
                    fencing: AtomicU64::new(0),
                    is_completed: AtomicBool::new(false),
                })
                .collect(),
        );
        let owners: Vec<_> = (0..12_usize)
            .map(|owner| {
                let (store, pool, keys) = (store.clone(), pool.clone(), Arc::clone(&keys));
                tokio::spawn(async move {
                    let mut attempt = owner;
                    while !keys.iter().all(|it| it.is_completed.load(Ordering::SeqCst)) {
                        for contended in keys.iter() {
                            attempt += 1;
                            compete(&store, &pool, contended, attempt).await;
                        }
                    }
                })
            })
            .collect();
        for owner in owners {
            owner.await.unwrap();
        }
        const EFFECTS: &str = "SELECT concat_ws(' ', count(*), count(DISTINCT key)) FROM effects";
        assert_eq!(server.get::<String>(EFFECTS).await, "40 40", "{level}");
    }
}

async fn compete(store: &PostgresStore, pool: &PgPool, contended: &Contended, attempt: usize) {
    let (key, token) = (&contended.key, Token::mint());
    match store.claim(key, &token, LONG).await.unwrap() {
        Claim::InProgress => return,
        Claim::Completed => {
            assert!(contended.is_completed.load(Ordering::SeqCst), "{key} is completed without an effect");
            return;
        }
        Claim::Acquired { fencing_token } => {
            assert!(!contended.is_owned.swap(true, Ordering::SeqCst), "{key} has two owners");
            assert!(!contended.is_completed.load(Ordering::SeqCst), "{key} runs again");
            assert!(contended.fencing.swap(fencing_token, Ordering::SeqCst) < fencing_token);
        }
    }
    if attempt.is_multiple_of(3) {
        assert!(store.extend(key, &token, LONG).await.unwrap());
    }
    if attempt.is_multiple_of(5) {
        contended.is_completed.store(true, Ordering::SeqCst);
        sqlx::query("INSERT INTO effects VALUES ($1)").bind(key.as_str()).execute(pool).await.unwrap();
        contended.is_owned.store(false, Ordering::SeqCst);
        assert!(store.complete(key, &token, LONG).await.unwrap());
    } else {
        contended.is_owned.store(false, Ordering::SeqCst);
        assert!(store.release(key, &token).await.unwrap());
    }
}
