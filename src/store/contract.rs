//! A contract test for every [`Store`].

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::{sync::Arc, time::Duration};

use super::{Claim, Key, Store, Token};

const LEASE: Duration = Duration::from_secs(30);
const WINDOW: Duration = Duration::from_secs(3600);
const A_MOMENT: Duration = Duration::from_secs(1);

/// Checks that `store` fulfills the contract of [`Store`].
///
/// `advance` must advance the store's time by the given duration, for example by changing the store's clock.
/// For a store that uses a server's clock, `advance` can sleep. The durations add up to slightly more than an
/// hour: to wait less, wrap the store so that it divides each lease and window that it receives by a factor,
/// and let `advance` sleep for its duration divided by the same factor. The keys begin with `contract` and
/// must not exist in the store. Run the test on a multi-threaded runtime, because it races claimants.
///
/// # Panics
///
/// Panics if the store violates the contract or fails. The function is meant for tests.
///
/// # Cancel safety
///
/// If the future is dropped, its keys stay claimed in the store.
///
/// ```
/// use std::sync::Arc;
/// use tower_webhook::{ManualClock, store::{self, MokaStore}};
///
/// # #[tokio::main]
/// # async fn main() {
/// let clock = ManualClock::at_unix(1_700_000_000);
/// let store = MokaStore::new(1000).clock(clock.clone());
/// store::contract(store, async |time| clock.advance(time)).await;
/// # }
/// ```
pub async fn contract<S: Store>(store: S, advance: impl AsyncFn(Duration)) {
    let store = Suite { store: Arc::new(store), advance };
    store.a_claim_excludes_others_until_it_is_released().await;
    store.a_completed_key_is_remembered_for_its_window().await;
    store.a_claim_can_be_repeated_by_its_owner().await;
    store.a_lease_lives_while_it_is_extended().await;
    store.an_expired_lease_can_be_claimed().await;
    store.a_former_owner_cannot_change_a_claim().await;
    store.a_settled_claim_is_over().await;
    store.forget_removes_only_completed_keys().await;
    store.fencing_tokens_increase_for_each_owner().await;
    store.keys_are_distinguished_by_both_parts().await;
    store.one_of_many_claimants_acquires().await;
}

struct Suite<S, A> {
    store: Arc<S>,
    advance: A,
}

impl<S: Store, A: AsyncFn(Duration)> Suite<S, A> {
    async fn a_claim_excludes_others_until_it_is_released(&self) {
        let (key, first, second) = (key("exclusion"), Token::mint(), Token::mint());
        self.acquire(&key, &first).await;
        assert_eq!(self.claim(&key, &second).await, Claim::InProgress, "for a second claimant");
        assert!(!self.release(&key, &second).await, "`release` with another owner's token returned `true`");
        self.assert_in_progress(&key, "after a `release` with another owner's token").await;
        assert!(self.release(&key, &first).await, "`release` with the owner's token returned `false`");
        self.acquire(&key, &second).await;
    }

    async fn a_completed_key_is_remembered_for_its_window(&self) {
        let (key, token) = (key("window"), Token::mint());
        self.acquire(&key, &token).await;
        assert!(self.complete(&key, &token).await, "`complete` with the owner's token returned `false`");
        assert_eq!(self.claim(&key, &Token::mint()).await, Claim::Completed);
        (self.advance)(WINDOW / 2).await;
        assert_eq!(self.claim(&key, &Token::mint()).await, Claim::Completed, "half-way through the window");
        (self.advance)(WINDOW / 2 + A_MOMENT).await;
        self.acquire(&key, &Token::mint()).await;
    }

    async fn a_claim_can_be_repeated_by_its_owner(&self) {
        let (key, token) = (key("repeat"), Token::mint());
        let first = self.acquire(&key, &token).await;
        (self.advance)(LEASE * 2 / 3).await;
        let again = self.acquire(&key, &token).await;
        assert!(again >= first, "fencing token decreased from {first} to {again}");
        (self.advance)(LEASE * 2 / 3).await;
        self.assert_in_progress(&key, "in the lease that the repeated claim began").await;
    }

    async fn a_lease_lives_while_it_is_extended(&self) {
        let (key, token) = (key("extend"), Token::mint());
        self.acquire(&key, &token).await;
        for _ in 0..3 {
            (self.advance)(LEASE * 2 / 3).await;
            assert!(self.extend(&key, &token).await, "`extend` with the owner's token returned `false`");
            self.assert_in_progress(&key, "while it is extended").await;
        }
        assert!(self.complete(&key, &token).await, "an extended claim could not be completed");
    }

    async fn an_expired_lease_can_be_claimed(&self) {
        let (key, first, second) = (key("expiry"), Token::mint(), Token::mint());
        let before = self.acquire(&key, &first).await;
        (self.advance)(LEASE + A_MOMENT).await;
        assert!(!self.extend(&key, &first).await, "expired lease was extended");
        let after = self.acquire(&key, &second).await;
        assert!(after > before, "fencing token did not increase after the lease expired: {before}, {after}");
    }

    async fn a_former_owner_cannot_change_a_claim(&self) {
        let (key, former, owner) = (key("former"), Token::mint(), Token::mint());
        self.acquire(&key, &former).await;
        (self.advance)(LEASE + A_MOMENT).await;
        self.acquire(&key, &owner).await;
        assert!(!self.extend(&key, &former).await, "`extend` with a former owner's token returned `true`");
        assert!(!self.release(&key, &former).await, "`release` with a former owner's token returned `true`");
        self.assert_in_progress(&key, "after a former owner's release").await;
        assert!(
            !self.complete(&key, &former).await,
            "`complete` with a former owner's token returned `true`"
        );
        self.assert_in_progress(&key, "after a former owner's complete").await;
        assert!(
            self.complete(&key, &owner).await,
            "`complete` with the owner's token returned `false` after a former owner's calls"
        );
        assert!(
            !self.release(&key, &former).await,
            "`release` with a former owner's token returned `true` after the key was completed"
        );
        assert_eq!(self.claim(&key, &Token::mint()).await, Claim::Completed);
    }

    async fn a_settled_claim_is_over(&self) {
        let (key, token) = (key("settled"), Token::mint());
        self.acquire(&key, &token).await;
        assert!(self.release(&key, &token).await);
        assert!(!self.extend(&key, &token).await, "a released claim was extended");
        assert!(!self.complete(&key, &token).await, "a released claim was completed");
        let token = Token::mint();
        self.acquire(&key, &token).await;
        assert!(self.complete(&key, &token).await);
        assert!(!self.extend(&key, &token).await, "a completed claim was extended");
        assert!(!self.release(&key, &token).await, "a completed claim was released");
        assert_eq!(self.claim(&key, &token).await, Claim::Completed);
    }

    async fn forget_removes_only_completed_keys(&self) {
        let (key, token) = (key("forget"), Token::mint());
        assert!(!self.forget(&key).await, "a key that was never claimed was forgotten");
        self.acquire(&key, &token).await;
        assert!(!self.forget(&key).await, "a running claim was forgotten");
        assert!(self.complete(&key, &token).await, "`forget` removed a claim in progress");
        assert!(self.forget(&key).await, "a completed key could not be forgotten");
        assert!(!self.forget(&key).await, "a key was forgotten twice");
        self.acquire(&key, &Token::mint()).await;
    }

    async fn fencing_tokens_increase_for_each_owner(&self) {
        let key = key("fencing");
        let mut last = 0;
        for round in 0..6 {
            let token = Token::mint();
            let fencing_token = self.acquire(&key, &token).await;
            assert!(
                fencing_token > last,
                "fencing token did not increase in round {round}: {last}, {fencing_token}"
            );
            last = fencing_token;
            match round % 3 {
                0 => assert!(self.release(&key, &token).await),
                1 => (self.advance)(LEASE + A_MOMENT).await,
                _ => assert!(self.complete(&key, &token).await && self.forget(&key).await),
            }
        }
    }

    async fn keys_are_distinguished_by_both_parts(&self) {
        let long = "x".repeat(10_000);
        let keys = [
            Key::new("contract:a", "b"),
            Key::new("contract", "a:b"),
            Key::new("contract", "A:b"),
            Key::new("contract", ""),
            Key::new("contract", " \n\u{0}{}*\u{1f980}"),
            Key::new("contract", &long),
            Key::new("contract", &format!("{long}x")),
        ];
        for key in &keys {
            let token = Token::mint();
            self.acquire(key, &token).await;
            assert!(self.complete(key, &token).await);
        }
    }

    async fn one_of_many_claimants_acquires(&self) {
        for round in 0..8 {
            let key = key(&format!("race-{round}"));
            let claims: Vec<_> = (0..64)
                .map(|_| {
                    let (store, key, token) = (Arc::clone(&self.store), key.clone(), Token::mint());
                    tokio::spawn(async move { (store.claim(&key, &token, LEASE).await, token) })
                })
                .collect();
            let mut winners = Vec::new();
            for claim in claims {
                match claim.await.expect("a claim panicked") {
                    (Ok(Claim::Acquired { .. }), token) => winners.push(token),
                    (Ok(Claim::InProgress), _) => {}
                    (other, _) => panic!("one of 64 claimants got {other:?}"),
                }
            }
            let [winner] = winners[..] else { panic!("{} of 64 claimants won", winners.len()) };
            assert!(self.complete(&key, &winner).await, "the winner could not complete");
        }
    }

    async fn acquire(&self, key: &Key, token: &Token) -> u64 {
        match self.claim(key, token).await {
            Claim::Acquired { fencing_token } => fencing_token,
            other => panic!("claim on `{key}` returned {other:?} instead of `Acquired`"),
        }
    }

    async fn assert_in_progress(&self, key: &Key, when: &str) {
        let claim = self.claim(key, &Token::mint()).await;
        assert_eq!(claim, Claim::InProgress, "{when}, for {key}");
    }

    async fn claim(&self, key: &Key, token: &Token) -> Claim {
        self.store.claim(key, token, LEASE).await.expect("claim failed")
    }

    async fn extend(&self, key: &Key, token: &Token) -> bool {
        self.store.extend(key, token, LEASE).await.expect("extend failed")
    }

    async fn complete(&self, key: &Key, token: &Token) -> bool {
        self.store.complete(key, token, WINDOW).await.expect("complete failed")
    }

    async fn release(&self, key: &Key, token: &Token) -> bool {
        self.store.release(key, token).await.expect("release failed")
    }

    async fn forget(&self, key: &Key) -> bool {
        self.store.forget(key).await.expect("forget failed")
    }
}

fn key(id: &str) -> Key {
    Key::new("contract", id)
}
