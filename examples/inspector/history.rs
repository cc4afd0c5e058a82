//! A bounded history of requests for the page.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::watch;

use crate::explain::Explained;

/// The limits of the history, in requests and in bytes.
const MAX_REQUESTS: usize = 500;
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The last requests, each with the number of its last change.
///
/// A reader remembers the number of the last change that it has seen, and asks for later changes. The history
/// keeps nothing for a slow reader, which therefore uses no memory.
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

    /// Returns the number of the next request, counted from 1.
    pub(crate) fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// Adds or updates a request.
    pub(crate) fn note(&self, request: Explained) {
        let mut kept = self.kept();
        let change = *self.changes.borrow() + 1;
        let added = Kept { change, request: Arc::new(request) };
        match kept.binary_search_by_key(&added.number(), Kept::number) {
            Ok(place) => {
                if let Some(kept) = kept.get_mut(place) {
                    *kept = added;
                }
            }
            Err(place) => kept.insert(place, added),
        }
        let mut weight: usize = kept.iter().map(|kept| kept.request.weight()).sum();
        while kept.len() > MAX_REQUESTS || weight > MAX_BYTES {
            let Some(oldest) = kept.pop_front() else { break };
            weight -= oldest.request.weight();
        }
        // Still under the lock, so that readers see the changes in order.
        self.changes.send_replace(change);
    }

    /// Returns at most `most` of the requests that changed after `change`, in the order of their changes.
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

    /// Returns a receiver of the number of the last change.
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
