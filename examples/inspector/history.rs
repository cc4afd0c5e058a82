//! The last requests, for the page: bounded, whoever reads it and however slowly.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::watch;

use crate::explain::Explained;

/// How many requests are kept, and how many bytes of them.
const MOST: usize = 500;
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The last requests, and how often anything about them has changed.
///
/// Readers keep the number of the last change that they have seen and ask for what came after it.
/// So one who is slow is behind, and holds nothing.
pub(crate) struct History {
    kept: Mutex<VecDeque<Kept>>,
    numbers: AtomicU64,
    changes: watch::Sender<u64>,
}

#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) change: u64,
    pub(crate) request: Arc<Explained>,
}

impl History {
    pub(crate) fn new() -> Self {
        Self { kept: Mutex::default(), numbers: AtomicU64::new(1), changes: watch::Sender::new(0) }
    }

    /// Requests are counted from 1.
    pub(crate) fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// Adds a request, or what has become of it since.
    pub(crate) fn note(&self, request: Explained) {
        let mut kept = self.kept();
        let change = *self.changes.borrow() + 1;
        let noted = Kept { change, request: Arc::new(request) };
        match kept.binary_search_by_key(&noted.number(), Kept::number) {
            Ok(place) => {
                if let Some(kept) = kept.get_mut(place) {
                    *kept = noted;
                }
            }
            Err(place) => kept.insert(place, noted),
        }
        let mut weight: usize = kept.iter().map(|kept| kept.request.weight()).sum();
        while kept.len() > MOST || weight > MOST_BYTES {
            let Some(oldest) = kept.pop_front() else { break };
            weight -= oldest.request.weight();
        }
        // While it is locked, so that changes are told in their order.
        self.changes.send_replace(change);
    }

    /// What has changed since, in the order in which it did, and not more of it than `most`.
    pub(crate) fn since(&self, change: u64, most: usize) -> Vec<Kept> {
        let mut changed: Vec<_> = self.kept().iter().filter(|kept| kept.change > change).cloned().collect();
        changed.sort_by_key(|kept| kept.change);
        changed.truncate(most);
        changed
    }

    pub(crate) fn find(&self, number: u64) -> Option<Arc<Explained>> {
        let kept = self.kept();
        let place = kept.binary_search_by_key(&number, Kept::number).ok()?;
        kept.get(place).map(|kept| Arc::clone(&kept.request))
    }

    /// Tells of changes as they come.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn number(&self) -> u64 {
        self.request.summary.number
    }
}
