//! `MokaStore`: evictions, time and fencing tokens.

use std::time::{Duration, SystemTime};

use tower_webhook::{
    Clock, ManualClock,
    store::{Claim, Key, MokaStore, Store, Token},
};

use crate::{LEASE, WINDOW, store_on};

/// Returns a store with a capacity of 100 keys, and its clock.
fn store() -> (ManualClock, MokaStore) {
    let clock = ManualClock::at_unix(1_700_000_000);
    (clock.clone(), store_on(&clock, 100))
}

async fn complete(store: &MokaStore, key: &Key) {
    complete_for(WINDOW, store, key).await;
}

async fn complete_for(window: Duration, store: &MokaStore, key: &Key) {
    let token = Token::mint();
    assert!(matches!(store.claim(key, &token, LEASE).await.unwrap(), Claim::Acquired { .. }), "{key}");
    assert!(store.complete(key, &token, window).await.unwrap());
}

async fn is_completed(store: &MokaStore, key: &Key) -> bool {
    let token = Token::mint();
    let claim = store.claim(key, &token, LEASE).await.unwrap();
    store.release(key, &token).await.unwrap();
    claim == Claim::Completed
}

#[tokio::test]
async fn a_full_store_evicts_only_completed_keys_and_the_oldest_first() {
    let (_, store) = store();
    let key = |n: u32| Key::new("test", &n.to_string());
    let running: Vec<_> = (10_000..10_050).map(|n| (key(n), Token::mint())).collect();
    for (key, token) in &running {
        store.claim(key, token, LEASE).await.unwrap();
    }
    for n in 0..2000 {
        complete(&store, &key(n)).await;
    }
    for (key, token) in &running {
        assert!(store.extend(key, token, LEASE).await.unwrap(), "a running claim was evicted");
    }
    let mut remembered = 0;
    for n in 0..2000 {
        remembered += u32::from(is_completed(&store, &key(n)).await);
    }
    // The cache evicts in batches, so it may briefly hold a few more.
    assert!(
        (50..=200).contains(&remembered),
        "{remembered} of 2000 keys are remembered, with a capacity of 100"
    );
    assert!(is_completed(&store, &key(1999)).await && !is_completed(&store, &key(0)).await);
    assert!(store.evicted_early() >= 1000, "{}", store.evicted_early());
}

#[tokio::test]
async fn a_full_store_always_remembers_a_new_key() {
    let (_, store) = store();
    for n in 0..1000 {
        let key = Key::new("test", &n.to_string());
        complete(&store, &key).await;
        // Old keys that are claimed often must not prevent new keys from being kept.
        for _ in 0..3 {
            assert!(is_completed(&store, &key).await, "key {n}");
        }
    }
}

#[tokio::test]
async fn keys_whose_window_is_over_do_not_count_as_evicted_early() {
    let (clock, store) = store();
    for n in 0..100 {
        complete(&store, &Key::new("old", &n.to_string())).await;
    }
    clock.advance(WINDOW);
    for n in 0..100 {
        complete(&store, &Key::new("new", &n.to_string())).await;
    }
    assert_eq!(store.evicted_early(), 0);
}

#[tokio::test]
async fn keys_are_also_removed_when_their_window_has_passed_in_real_time() {
    let (clock, store) = store();
    let (once, again) = (Key::new("test", "once"), Key::new("test", "again"));
    // `again` replaces a record that still exists although its window has passed.
    complete(&store, &again).await;
    clock.advance(WINDOW);
    // The manual clock does not advance from here on.
    let short = Duration::from_millis(20);
    for key in [once, again] {
        complete_for(short, &store, &key).await;
        let gone = async {
            while is_completed(&store, &key).await {
                tokio::time::sleep(short).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), gone)
            .await
            .unwrap_or_else(|_| panic!("{key} was not removed"));
    }
}

#[tokio::test]
async fn setting_the_time_of_day_changes_neither_leases_nor_windows() {
    let (clock, store) = store();
    let (running, handled, token) = (Key::new("test", "running"), Key::new("test", "handled"), Token::mint());
    store.claim(&running, &token, LEASE).await.unwrap();
    complete(&store, &handled).await;
    for seconds in [0, 4_000_000_000] {
        clock.set_now(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert!(is_completed(&store, &handled).await);
        assert!(store.extend(&running, &token, LEASE).await.unwrap());
    }
    assert_eq!(clock.monotonic(), Duration::ZERO);
}

#[tokio::test]
async fn a_maximal_lease_or_window_never_ends() {
    let (clock, store) = store();
    let (key, token) = (Key::new("test", "1"), Token::mint());
    store.claim(&key, &token, Duration::MAX).await.unwrap();
    clock.advance(Duration::from_secs(1 << 40));
    assert!(store.extend(&key, &token, Duration::MAX).await.unwrap());
    assert!(store.complete(&key, &token, Duration::MAX).await.unwrap());
    assert!(is_completed(&store, &key).await);
}

#[tokio::test]
async fn fencing_tokens_increase_from_one_process_to_the_next() {
    let claim =
        async |store: &MokaStore| match store.claim(&Key::new("test", "1"), &Token::mint(), LEASE).await {
            Ok(Claim::Acquired { fencing_token }) => fencing_token,
            other => panic!("{other:?}"),
        };
    // A process starts its fencing tokens at the current time in microseconds, and makes less than one claim per
    // microsecond. The tokens of earlier processes are therefore below the current time.
    let micros = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros();
    let before = claim(&MokaStore::new(10)).await;
    assert!(u128::from(before) >= micros, "{before} at {micros}");
    // A new store, as after a restart, on a clock that does not advance.
    let after = claim(&MokaStore::new(10).clock(ManualClock::at_unix(0))).await;
    assert!(after >= before, "{before}, {after}");
}
