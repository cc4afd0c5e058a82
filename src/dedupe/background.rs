//! The limits of background settlements.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    observe::{DroppedCompletions, Settlement, StoreTimer},
    task::{Drain, Tasks},
};

/// The background tasks of a layer: detached handlers, and settlements after the end of a request.
///
/// Releases and completions have separate limits, so that releases that accumulate while the store is down
/// cannot displace completions. First attempts have a separate limit from retries: when the store has
/// recovered, settlements that still wait for their next retry cannot displace new ones.
#[derive(Clone)]
pub(crate) struct Background(Arc<Inner>);

struct Inner {
    drain: Drain,
    attempts: Arc<Semaphore>,
    releases: Arc<Semaphore>,
    completions: Arc<Semaphore>,
    dropped: DroppedCompletions,
}

impl Background {
    const ATTEMPTS: usize = 1_024;
    const RELEASES: usize = 1_024;
    const COMPLETIONS: usize = 16_384;

    /// Creates the background tasks of a layer, which `drain` waits for too.
    pub(crate) fn new(drain: Drain) -> Self {
        Self(Arc::new(Inner {
            drain,
            attempts: Arc::new(Semaphore::new(Self::ATTEMPTS)),
            releases: Arc::new(Semaphore::new(Self::RELEASES)),
            completions: Arc::new(Semaphore::new(Self::COMPLETIONS)),
            dropped: DroppedCompletions::default(),
        }))
    }

    pub(crate) fn drain(&self) -> &Drain {
        &self.0.drain
    }

    pub(crate) fn tasks(&self) -> &Tasks {
        self.0.drain.tasks()
    }

    /// Returns a permit for a settlement: for its first attempt, or for retries if the store has failed.
    /// Returns `None` beyond the limit and counts the dropped settlement; its claim ends with the lease.
    pub(super) fn permit(
        &self,
        intent: Settlement,
        store_failed: bool,
        timer: &StoreTimer,
    ) -> Option<Permit> {
        let Inner { attempts, releases, completions, dropped, .. } = &*self.0;
        let retries = match intent {
            Settlement::Completed => completions,
            _ => releases,
        };
        let acquire = |permits: &Arc<Semaphore>| Arc::clone(permits).try_acquire_owned().ok();
        let permit = (!store_failed).then(|| acquire(attempts)).flatten().or_else(|| acquire(retries));
        if permit.is_none() {
            timer.dropped(intent, dropped);
        }
        permit.map(|permit| Permit { permit: Some(permit), background: self.clone() })
    }
}

/// A permit for a background settlement.
pub(super) struct Permit {
    permit: Option<OwnedSemaphorePermit>,
    background: Background,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Inner { completions, dropped, .. } = &*self.background.0;
        self.permit = None;
        // No completion is waiting any more: report the remaining dropped completions now.
        if completions.available_permits() == Background::COMPLETIONS {
            dropped.report_rest();
        }
    }
}

impl Default for Background {
    fn default() -> Self {
        Self::new(Drain::new())
    }
}

/// The delays between retries of a settlement. Each is twice the previous one, reduced by a random jitter of
/// up to half, so that settlements that failed together are not retried together.
pub(super) struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(500);
    /// The maximum delay, which bounds how long a recovered store goes unnoticed.
    const LONGEST: Duration = Duration::from_secs(10);

    /// Completions are retried more often, because a delivery may run twice if its completion is not stored
    /// before the lease expires. A late release only delays the next attempt.
    pub(super) fn of(intent: Settlement, lease: Duration) -> Self {
        let longest = match intent {
            Settlement::Completed => lease / 6,
            _ => lease,
        };
        Self { next: Self::FIRST, longest: longest.min(Self::LONGEST) }
    }

    pub(super) fn delay(&mut self) -> Duration {
        let delay = self.next.min(self.longest);
        self.next = delay.saturating_mul(2);
        // Seeded randomly, like tokens.
        let random = (RandomState::new().hash_one("jitter") >> 32) as f64 / f64::from(u32::MAX);
        delay - (delay / 2).mul_f64(random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(30);

    #[test]
    fn delays_double_up_to_a_maximum_and_have_jitter() {
        let hour = Duration::from_secs(3_600);
        for (intent, lease, doubled) in [
            (Settlement::Released, LEASE, [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]),
            (Settlement::Released, hour, [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]),
            (Settlement::Completed, LEASE, [500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]),
            (Settlement::Completed, hour, [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]),
        ] {
            for _ in 0..100 {
                let mut backoff = Backoff::of(intent, lease);
                for most in doubled.map(Duration::from_millis) {
                    let delay = backoff.delay();
                    assert!((most / 2..=most).contains(&delay), "{delay:?} of {most:?}");
                }
            }
        }
    }

    #[test]
    fn delays_are_random() {
        let delays: std::collections::BTreeSet<_> =
            (0..100).map(|_| Backoff::of(Settlement::Released, LEASE).delay()).collect();
        assert!(delays.len() > 90, "{delays:?}");
    }

    #[test]
    fn delays_of_an_unlimited_lease_do_not_overflow() {
        let mut backoff = Backoff { next: Duration::MAX, longest: Duration::MAX };
        assert!(backoff.delay() >= Duration::MAX / 2);
        assert!(backoff.delay() >= Duration::MAX / 2);
    }
}
