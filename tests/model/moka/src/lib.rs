//! A model of the part of moka that the crate uses, based on shuttle. Each call is atomic, as moka's are for each key.
//! Entries over the capacity are evicted in a later call that the schedule selects. Entries do not expire, because
//! real time does not pass.

use std::time::{Duration, Instant};

pub trait Expiry<K, V> {
    fn expire_after_create(&self, key: &K, value: &V, created_at: Instant) -> Option<Duration>;
    fn expire_after_update(
        &self,
        key: &K,
        value: &V,
        updated_at: Instant,
        left: Option<Duration>,
    ) -> Option<Duration>;
}

pub mod policy {
    pub struct EvictionPolicy;

    impl EvictionPolicy {
        pub fn lru() -> Self {
            Self
        }
    }
}

pub mod sync {
    use std::{marker::PhantomData, time::Duration};

    use shuttle::{
        rand::{Rng, thread_rng},
        sync::Mutex,
    };

    use super::{Expiry, policy::EvictionPolicy};

    pub struct Cache<K, V, S> {
        /// The entries, the least recently used first.
        entries: Mutex<Vec<(K, V)>>,
        capacity: usize,
        hasher: PhantomData<S>,
    }

    pub struct Builder<K, V> {
        capacity: usize,
        of: PhantomData<(K, V)>,
    }

    impl<K, V> Cache<K, V, ()> {
        pub fn builder() -> Builder<K, V> {
            Builder { capacity: usize::MAX, of: PhantomData }
        }
    }

    impl<K, V> Builder<K, V> {
        pub fn max_capacity(self, capacity: u64) -> Self {
            Self { capacity: usize::try_from(capacity).unwrap(), ..self }
        }

        pub fn eviction_policy(self, _: EvictionPolicy) -> Self {
            self
        }

        pub fn expire_after(self, _: impl Expiry<K, V>) -> Self {
            self
        }

        pub fn time_to_live(self, _: Duration) -> Self {
            self
        }

        pub fn time_to_idle(self, _: Duration) -> Self {
            self
        }

        pub fn build_with_hasher<S>(self, _: S) -> Cache<K, V, S> {
            Cache { entries: Mutex::default(), capacity: self.capacity, hasher: PhantomData }
        }
    }

    impl<K: PartialEq, V: Clone, S> Cache<K, V, S> {
        pub fn insert(&self, key: K, value: V) {
            let mut entries = self.entries.lock().unwrap();
            let old = position(&entries, &key).map(|at| entries.remove(at));
            entries.push((key, value));
            drop(entries);
            drop(old);
            self.evict();
        }

        pub fn get(&self, key: &K) -> Option<V> {
            self.evict();
            let mut entries = self.entries.lock().unwrap();
            let at = position(&entries, key)?;
            let entry = entries.remove(at);
            let value = entry.1.clone();
            entries.push(entry);
            Some(value)
        }

        pub fn contains_key(&self, key: &K) -> bool {
            position(&self.entries.lock().unwrap(), key).is_some()
        }

        pub fn invalidate(&self, key: &K) {
            let mut entries = self.entries.lock().unwrap();
            let gone = position(&entries, key).map(|at| entries.remove(at));
            drop(entries);
            drop(gone);
        }

        fn evict(&self) {
            let mut entries = self.entries.lock().unwrap();
            if entries.len() > self.capacity && thread_rng().gen_bool(0.5) {
                let gone = entries.remove(0);
                drop(entries);
                drop(gone);
            }
        }
    }

    fn position<K: PartialEq, V>(entries: &[(K, V)], key: &K) -> Option<usize> {
        entries.iter().position(|(known, _)| known == key)
    }
}
