//! A contract test for every [`Store`].

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::{sync::Arc, time::Duration};

use super::{Claim, Key, Store, Token};

const LEASE: Duration = Duration::from_secs(30);
const WINDOW: Duration = Duration::from_secs(3600);
const A_MOMENT: Duration = Duration::from_secs(1);

/// Checks that `store` fulfills the contract of [`Store`].
///
/// `advance` advances the store's time: it moves the store's clock or, for a server's own clock, sleeps. The
/// total is slightly more than an hour, so a store with real time needs a way to scale its leases and
/// windows. The keys begin with `contract` and must not exist in the store. Run the test on a multi-threaded
/// runtime, because it races claimants.
///
/// # Panics
///
/// If the store violates the contract or fails. The function is meant for tests.
///
/// # Cancel safety
///
/// Dropping the future leaves the keys that it has claimed.
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
    store.a_lease_that_ran_out_goes_to_the_next().await;
    store.a_former_owner_changes_nothing().await;
    store.a_settled_claim_is_over().await;
    store.forgetting_opens_only_what_was_completed().await;
    store.fencing_tokens_grow_from_owner_to_owner().await;
    store.keys_are_apart().await;
    store.of_many_claimants_one_wins().await;
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
        assert!(!self.release(&key, &second).await, "a stranger's release says that the claim was its");
        self.assert_in_progress(&key, "after a stranger's release").await;
        assert!(self.release(&key, &first).await, "the owner's release says that the claim was not its");
        self.acquire(&key, &second).await;
    }

    async fn a_completed_key_is_remembered_for_its_window(&self) {
        let (key, token) = (key("window"), Token::mint());
        self.acquire(&key, &token).await;
        assert!(self.complete(&key, &token).await, "the owner's complete says that the claim was not its");
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
        assert!(again >= first, "the fencing token fell from {first} to {again}");
        (self.advance)(LEASE * 2 / 3).await;
        self.assert_in_progress(&key, "in the lease that the repeated claim began").await;
    }

    async fn a_lease_lives_while_it_is_extended(&self) {
        let (key, token) = (key("extend"), Token::mint());
        self.acquire(&key, &token).await;
        for _ in 0..3 {
            (self.advance)(LEASE * 2 / 3).await;
            assert!(self.extend(&key, &token).await, "the owner's extend says that the claim was not its");
            self.assert_in_progress(&key, "while it is extended").await;
        }
        assert!(self.complete(&key, &token).await, "an extended claim could not be completed");
    }

    async fn a_lease_that_ran_out_goes_to_the_next(&self) {
        let (key, first, second) = (key("expiry"), Token::mint(), Token::mint());
        let before = self.acquire(&key, &first).await;
        (self.advance)(LEASE + A_MOMENT).await;
        assert!(!self.extend(&key, &first).await, "a lease that had run out was extended");
        let after = self.acquire(&key, &second).await;
        assert!(after > before, "the fencing token did not grow over an expiry: {before}, {after}");
    }

    async fn a_former_owner_changes_nothing(&self) {
        let (key, former, owner) = (key("former"), Token::mint(), Token::mint());
        self.acquire(&key, &former).await;
        (self.advance)(LEASE + A_MOMENT).await;
        self.acquire(&key, &owner).await;
        assert!(!self.extend(&key, &former).await, "a former owner's extend says that the claim was its");
        assert!(!self.release(&key, &former).await, "a former owner's release says that the claim was its");
        self.assert_in_progress(&key, "after a former owner's release").await;
        assert!(!self.complete(&key, &former).await, "a former owner's complete says that the claim was its");
        self.assert_in_progress(&key, "after a former owner's complete").await;
        assert!(self.complete(&key, &owner).await, "the owner lost its claim to a former one");
        assert!(!self.release(&key, &former).await, "a former owner released what was completed");
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

    async fn forgetting_opens_only_what_was_completed(&self) {
        let (key, token) = (key("forget"), Token::mint());
        assert!(!self.forget(&key).await, "a key that was never claimed was forgotten");
        self.acquire(&key, &token).await;
        assert!(!self.forget(&key).await, "a running claim was forgotten");
        assert!(self.complete(&key, &token).await, "forget took a running claim away");
        assert!(self.forget(&key).await, "a completed key could not be forgotten");
        assert!(!self.forget(&key).await, "a key was forgotten twice");
        self.acquire(&key, &Token::mint()).await;
    }

    async fn fencing_tokens_grow_from_owner_to_owner(&self) {
        let key = key("fencing");
        let mut last = 0;
        for round in 0..6 {
            let token = Token::mint();
            let fencing_token = self.acquire(&key, &token).await;
            assert!(
                fencing_token > last,
                "the fencing token did not grow in round {round}: {last}, {fencing_token}"
            );
            last = fencing_token;
            match round % 3 {
                0 => assert!(self.release(&key, &token).await),
                1 => (self.advance)(LEASE + A_MOMENT).await,
                _ => assert!(self.complete(&key, &token).await && self.forget(&key).await),
            }
        }
    }

    async fn keys_are_apart(&self) {
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

    async fn of_many_claimants_one_wins(&self) {
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
            other => panic!("{key} should have been free, and is {other:?}"),
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
