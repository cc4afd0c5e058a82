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
    kept: Mutex<AllKept>,
    numbers: AtomicU64,
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct AllKept {
    /// Ordered by number.
    requests: VecDeque<Kept>,
    /// The number of the change that cleared the history last, or 0.
    cleared: u64,
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
        let mut all = self.kept();
        let kept = &mut all.requests;
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
            let Some(removed) = kept.remove(to_remove(kept)) else { break };
            weight -= removed.request.weight();
        }
        // Still under the lock, so that readers see the changes in order.
        self.changes.send_replace(change);
    }

    /// Removes all requests. Requests in progress are added again when they end.
    pub(crate) fn clear(&self) {
        let mut all = self.kept();
        let change = *self.changes.borrow() + 1;
        *all = AllKept { requests: VecDeque::new(), cleared: change };
        self.changes.send_replace(change);
    }

    /// Returns at most `most` of the requests that changed after `change`, in the order of their changes. Returns also
    /// the number of the change that cleared the history, if it came after `change`.
    pub(crate) fn since(&self, change: u64, most: usize) -> (Option<u64>, Vec<Kept>) {
        let all = self.kept();
        let mut changed: Vec<_> = all.requests.iter().filter(|kept| kept.change > change).cloned().collect();
        changed.sort_by_key(|kept| kept.change);
        changed.truncate(most);
        (Some(all.cleared).filter(|cleared| *cleared > change), changed)
    }

    /// Returns all requests, in the order of their arrival.
    pub(crate) fn all(&self) -> Vec<Arc<Explained>> {
        self.kept().requests.iter().map(|kept| Arc::clone(&kept.request)).collect()
    }

    pub(crate) fn find(&self, number: u64) -> Option<Arc<Explained>> {
        let kept = &self.kept().requests;
        let place = kept.binary_search_by_key(&number, Kept::number).ok()?;
        kept.get(place).map(|kept| Arc::clone(&kept.request))
    }

    /// Returns the first request with the deduplication key of another one, if it came before that.
    pub(crate) fn first_like(&self, request: &Explained) -> Option<Arc<Explained>> {
        let key = request.summary.key()?;
        let all = self.kept();
        let first = all.requests.iter().find(|kept| kept.request.summary.key() == Some(key))?;
        (first.number() < request.summary.number).then(|| Arc::clone(&first.request))
    }

    /// Returns whether a request had this number.
    pub(crate) fn had(&self, number: u64) -> bool {
        (1..self.numbers.load(Ordering::Relaxed)).contains(&number)
    }

    /// Returns a receiver of the number of the last change.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn kept(&self) -> MutexGuard<'_, AllKept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the place of the request to remove: the oldest. Any client can send requests that are not verified, so these
/// displace each other once they are the greater part.
fn to_remove(kept: &VecDeque<Kept>) -> usize {
    let is_unverified = |kept: &Kept| !kept.request.summary.verified;
    let of = |count: fn(&Kept) -> usize| {
        let unverified: usize = kept.iter().filter(|kept| is_unverified(kept)).map(count).sum();
        2 * unverified > kept.iter().map(count).sum()
    };
    match of(|_| 1) || of(|kept| kept.request.weight()) {
        true => kept.iter().position(is_unverified).unwrap_or(0),
        false => 0,
    }
}

impl Kept {
    fn number(&self) -> u64 {
        self.request.summary.number
    }
}
