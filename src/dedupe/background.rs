//! The limits of what a layer settles in the background.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    observe::{Settlement, StoreTimer, Throttle},
    task::Tasks,
};

/// The background tasks of a layer: detached handlers, and settlements that no request waits for.
///
/// Releases and completions are limited separately, so that the releases of an outage cannot crowd out
/// completions.
#[derive(Clone)]
pub(crate) struct Background(Arc<Inner>);

struct Inner {
    tasks: Tasks,
    releases: Arc<Semaphore>,
    completions: Arc<Semaphore>,
    dropped: Throttle,
}

impl Background {
    const RELEASES: usize = 1_024;
    const COMPLETIONS: usize = 16_384;

    pub(super) fn bounded(releases: usize, completions: usize) -> Self {
        Self(Arc::new(Inner {
            tasks: Tasks::default(),
            releases: Arc::new(Semaphore::new(releases)),
            completions: Arc::new(Semaphore::new(completions)),
            dropped: Throttle::default(),
        }))
    }

    pub(crate) fn tasks(&self) -> &Tasks {
        &self.0.tasks
    }

    /// A permit for one more settlement. Beyond the limit there is none, and the drop is counted: the lease
    /// ends the claim.
    pub(super) fn permit(&self, intent: Settlement, timer: &StoreTimer) -> Option<OwnedSemaphorePermit> {
        let permits = match intent {
            Settlement::Completed => &self.0.completions,
            _ => &self.0.releases,
        };
        let permit = Arc::clone(permits).try_acquire_owned().ok();
        if permit.is_none() {
            timer.dropped(intent, &self.0.dropped);
        }
        permit
    }
}

impl Default for Background {
    fn default() -> Self {
        Self::bounded(Self::RELEASES, Self::COMPLETIONS)
    }
}

/// The delays between the attempts of a settlement: each is twice the last one, less up to half of it, so
/// that settlements which failed together are not tried again together.
pub(super) struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(500);

    /// A completion that misses its lease may run twice, so its attempts go on to the end of the lease.
    /// A release only saves the next attempt the rest of the lease, and becomes rarer and rarer.
    pub(super) fn of(intent: Settlement, lease: Duration) -> Self {
        let longest = match intent {
            Settlement::Completed => lease / 6,
            _ => lease,
        };
        Self { next: Self::FIRST, longest }
    }

    pub(super) fn delay(&mut self) -> Duration {
        let delay = self.next.min(self.longest);
        self.next = delay.saturating_mul(2);
        // Random as tokens are.
        let random = (RandomState::new().hash_one("jitter") >> 32) as f64 / f64::from(u32::MAX);
        delay - (delay / 2).mul_f64(random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(30);

    #[test]
    fn delays_double_up_to_the_longest_and_are_up_to_a_half_shorter() {
        for (intent, doubled) in [
            (Settlement::Released, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]),
            (Settlement::Completed, [500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000, 5_000]),
        ] {
            for _ in 0..100 {
                let mut backoff = Backoff::of(intent, LEASE);
                for most in doubled.map(Duration::from_millis) {
                    let delay = backoff.delay();
                    assert!((most / 2..=most).contains(&delay), "{delay:?} of {most:?}");
                }
            }
        }
    }

    #[test]
    fn delays_differ() {
        let delays: std::collections::BTreeSet<_> =
            (0..100).map(|_| Backoff::of(Settlement::Released, LEASE).delay()).collect();
        assert!(delays.len() > 90, "{delays:?}");
    }

    #[test]
    fn a_lease_without_end_has_delays() {
        let mut backoff = Backoff { next: Duration::MAX, longest: Duration::MAX };
        assert!(backoff.delay() >= Duration::MAX / 2);
        assert!(backoff.delay() >= Duration::MAX / 2);
    }
}
