//! The contract test on each store in memory, and on stores with a fault.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use tower_webhook::{
    Clock, ManualClock,
    store::{self, AnyStore, CachedStore, Claim, Key, MokaStore, Store, StoreError, Token},
};

use crate::store_on;

/// Runs the contract test on a store whose time is that of the clock.
async fn keeps_the_contract<S: Store>(store: impl FnOnce(ManualClock) -> S) {
    let clock = ManualClock::at_unix(1_700_000_000);
    store::contract(store(clock.clone()), async |time| clock.advance(time)).await;
}

fn memory(clock: ManualClock) -> MokaStore {
    store_on(&clock, 10_000)
}

fn cached(clock: ManualClock) -> CachedStore<MokaStore> {
    CachedStore::new(memory(clock.clone()), 100).clock(clock)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_store_in_memory_keeps_the_contract() {
    keeps_the_contract(memory).await;
    keeps_the_contract(cached).await;
    keeps_the_contract(|clock| Arc::new(memory(clock))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_type_erased_store_keeps_the_contract() {
    keeps_the_contract(|clock| AnyStore::from(memory(clock))).await;
    keeps_the_contract(|clock| AnyStore::from(cached(clock))).await;
    keeps_the_contract(|clock| AnyStore::from(Arc::new(memory(clock)))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_store_of_the_documentation_keeps_the_contract() {
    keeps_the_contract(MapStore::new).await;
}

/// The store from the documentation of `store`, with a clock.
pub(crate) struct MapStore {
    records: Mutex<HashMap<Key, Record>>,
    clock: ManualClock,
}

struct Record {
    owner: Option<Token>, // `None` if completed
    fencing_token: u64,
    until: Duration,
}

impl Store for MapStore {
    async fn claim(&self, key: &Key, token: &Token, lease: Duration) -> Result<Claim, StoreError> {
        let (mut records, now) = (self.records.lock().unwrap(), self.clock.monotonic());
        let mut fencing_token = 1;
        if let Some(record) = records.get(key) {
            let live = record.until > now;
            match &record.owner {
                None if live => return Ok(Claim::Completed),
                Some(owner) if live && owner != token => return Ok(Claim::InProgress),
                _ => fencing_token = record.fencing_token + 1,
            }
        }
        records.insert(key.clone(), Record { owner: Some(*token), fencing_token, until: now + lease });
        Ok(Claim::Acquired { fencing_token })
    }

    async fn extend(&self, key: &Key, token: &Token, lease: Duration) -> Result<bool, StoreError> {
        self.if_mine(key, token, |record, now| record.until = now + lease)
    }

    async fn complete(&self, key: &Key, token: &Token, window: Duration) -> Result<bool, StoreError> {
        self.if_mine(key, token, |record, now| {
            record.owner = None;
            record.until = now + window;
        })
    }

    async fn release(&self, key: &Key, token: &Token) -> Result<bool, StoreError> {
        self.if_mine(key, token, |record, now| record.until = now)
    }

    async fn forget(&self, key: &Key) -> Result<bool, StoreError> {
        let (mut records, now) = (self.records.lock().unwrap(), self.clock.monotonic());
        let completed = |record: &Record| record.owner.is_none() && record.until > now;
        let record = records.get_mut(key).filter(|record| completed(record));
        Ok(record.map(|record| record.until = now).is_some())
    }
}

impl MapStore {
    pub(crate) fn new(clock: ManualClock) -> Self {
        Self { records: Mutex::default(), clock }
    }

    fn if_mine(
        &self,
        key: &Key,
        token: &Token,
        change: impl FnOnce(&mut Record, Duration),
    ) -> Result<bool, StoreError> {
        let (mut records, now) = (self.records.lock().unwrap(), self.clock.monotonic());
        let mine = |record: &&mut Record| record.owner == Some(*token) && record.until > now;
        Ok(records.get_mut(key).filter(mine).map(|record| change(record, now)).is_some())
    }
}

/// A store with one fault, which the contract test must detect.
struct Wrong {
    right: MapStore,
    fault: Fault,
    completed_by: Mutex<Option<Token>>,
    /// The number of callers that have found a key free and have not claimed it yet.
    looking: Mutex<HashMap<Key, usize>>,
}

/// Declares the faults, and the list of all of them.
macro_rules! faults {
    ($($fault:ident,)+) => {
        #[derive(Clone, Copy, Debug, PartialEq)]
        enum Fault {
            $($fault,)+
        }

        const FAULTS: &[Fault] = &[$(Fault::$fault,)+];
    };
}

faults! {
    AllAcquire,
    AnyoneMayComplete,
    AnyoneMayExtend,
    AnyoneMayRelease,
    ForgetsCompletedKeys,
    ExtendHasNoEffect,
    ExtendsExpiredClaims,
    FencingRestartsWhenForgotten,
    FencingRestartsWhenReleased,
    FencingFallsWhenRepeated,
    ForgetsRunningClaims,
    ForgetsTooSoon,
    KeysReadAlike,
    ChecksBeforeItClaims,
    NoNewLeaseWhenRepeated,
    ReleasesCompletedKeys,
    RemembersTooLong,
}

impl Wrong {
    fn key(&self, key: &Key) -> Key {
        if self.fault == Fault::KeysReadAlike { Key::new("", key.as_str()) } else { key.clone() }
    }

    fn owner(&self, key: &Key) -> Option<Token> {
        let (records, now) = (self.right.records.lock().unwrap(), self.right.clock.monotonic());
        records.get(key).filter(|record| record.until > now)?.owner
    }
}

impl Store for Wrong {
    async fn claim(&self, key: &Key, token: &Token, lease: Duration) -> Result<Claim, StoreError> {
        let key = &self.key(key);
        let owner = self.owner(key);
        let repeated = owner == Some(*token);
        if self.fault == Fault::NoNewLeaseWhenRepeated && repeated {
            return Ok(Claim::Acquired { fencing_token: u64::MAX });
        }
        if self.fault == Fault::ChecksBeforeItClaims && owner.is_none() {
            *self.looking.lock().unwrap().entry(key.clone()).or_default() += 1;
            // In the race, wait until another caller has found the key free as well.
            while key.id().starts_with("race-") && self.looking.lock().unwrap()[key] < 2 {
                tokio::task::yield_now().await;
            }
            // Ignore a claim that was made in the meantime.
            let mut records = self.right.records.lock().unwrap();
            if let Some(record) = records.get_mut(key).filter(|record| record.owner.is_some()) {
                record.until = Duration::ZERO;
            }
        }
        Ok(match (self.fault, self.right.claim(key, token, lease).await?) {
            (Fault::AllAcquire, _) => Claim::Acquired { fencing_token: 1 },
            (Fault::ForgetsCompletedKeys, Claim::Completed) => Claim::Acquired { fencing_token: 1 },
            (Fault::FencingFallsWhenRepeated, _) if repeated => Claim::Acquired { fencing_token: 0 },
            (_, claim) => claim,
        })
    }

    async fn extend(&self, key: &Key, token: &Token, lease: Duration) -> Result<bool, StoreError> {
        let key = &self.key(key);
        match self.fault {
            Fault::AnyoneMayExtend => self.right.extend(key, &self.owner(key).unwrap_or(*token), lease).await,
            Fault::ExtendHasNoEffect => self.right.if_mine(key, token, |_, _| {}),
            Fault::ExtendsExpiredClaims => {
                let (mut records, now) = (self.right.records.lock().unwrap(), self.right.clock.monotonic());
                let mine = records.get_mut(key).filter(|record| record.owner == Some(*token));
                // A claim that was just released ends at the current time. Do not extend it.
                let mine = mine.filter(|record| record.until != now);
                Ok(mine.map(|record| record.until = now + lease).is_some())
            }
            _ => self.right.extend(key, token, lease).await,
        }
    }

    async fn complete(&self, key: &Key, token: &Token, window: Duration) -> Result<bool, StoreError> {
        let key = &self.key(key);
        *self.completed_by.lock().unwrap() = Some(*token);
        match self.fault {
            Fault::AnyoneMayComplete => {
                self.right.complete(key, &self.owner(key).unwrap_or(*token), window).await
            }
            Fault::ForgetsTooSoon => self.right.complete(key, token, window / 2).await,
            Fault::RemembersTooLong => self.right.complete(key, token, window * 2).await,
            _ => self.right.complete(key, token, window).await,
        }
    }

    async fn release(&self, key: &Key, token: &Token) -> Result<bool, StoreError> {
        let key = &self.key(key);
        let completed_it = *self.completed_by.lock().unwrap() == Some(*token);
        let mine = self.right.release(key, token).await?;
        if self.fault == Fault::FencingRestartsWhenReleased && mine {
            self.right.records.lock().unwrap().remove(key);
        }
        Ok(mine
            || self.fault == Fault::AnyoneMayRelease
            || self.fault == Fault::ReleasesCompletedKeys && completed_it)
    }

    async fn forget(&self, key: &Key) -> Result<bool, StoreError> {
        let key = &self.key(key);
        let running = self.owner(key).is_some();
        let forgotten = self.right.forget(key).await?;
        if self.fault == Fault::FencingRestartsWhenForgotten && forgotten {
            self.right.records.lock().unwrap().remove(key);
        }
        Ok(forgotten || self.fault == Fault::ForgetsRunningClaims && running)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_contract_test_detects_each_fault() {
    for &fault in FAULTS {
        let clock = ManualClock::at_unix(1_700_000_000);
        let runtime = tokio::runtime::Handle::current();
        let check = move || {
            let right = MapStore::new(clock.clone());
            let store = Wrong { right, fault, completed_by: Mutex::default(), looking: Mutex::default() };
            runtime.block_on(store::contract(store, async |time| clock.advance(time)));
        };
        assert!(
            tokio::task::spawn_blocking(check).await.unwrap_err().is_panic(),
            "{fault:?} was not detected"
        );
    }
}
