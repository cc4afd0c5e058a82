//! Clocks: the [`Clock`] trait, the system's clock, and a manual clock for tests.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use tower_webhook::{Clock, ManualClock};
//!
//! let clock = ManualClock::at_unix(1_614_265_330);
//! let handle = clock.clone();
//! handle.advance(Duration::from_secs(60));
//! assert_eq!(clock.now(), SystemTime::UNIX_EPOCH + Duration::from_secs(1_614_265_390));
//! assert_eq!(clock.monotonic(), Duration::from_secs(60));
//! ```

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant, SystemTime},
};

/// A source of time.
///
/// Timers (timeouts, deadlines and heartbeats) use tokio's time instead.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a clock",
    note = "use `SystemClock` or, in tests, `ManualClock`; or implement `tower_webhook::Clock`"
)]
pub trait Clock: Send + Sync + 'static {
    /// Returns the current time. Only used for signed timestamps, and for the validity of tokens and
    /// certificates.
    fn now(&self) -> SystemTime;

    /// Returns the time since a fixed moment; it never decreases. Leases and deduplication windows in memory
    /// use it, so that a change of the system time does not affect them.
    fn monotonic(&self) -> Duration;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> SystemTime {
        (**self).now()
    }

    fn monotonic(&self) -> Duration {
        (**self).monotonic()
    }
}

/// The system's clocks. The default.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "a unit struct, used as a value")]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn monotonic(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }
}

/// A clock for tests, which changes only through [`advance`](Self::advance) and [`set_now`](Self::set_now).
/// It is also exported as `testing::ManualClock` (feature `test-util`): the module `testing` has an example.
///
/// Clones share their time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<ManualTime>>);

#[derive(Debug)]
struct ManualTime {
    now: SystemTime,
    monotonic: Duration,
}

impl ManualClock {
    /// Creates a clock that shows `now`.
    #[must_use]
    pub fn new(now: SystemTime) -> Self {
        Self(Arc::new(Mutex::new(ManualTime { now, monotonic: Duration::ZERO })))
    }

    /// Creates a clock that shows `seconds` after the Unix epoch.
    #[must_use]
    pub fn at_unix(seconds: u32) -> Self {
        Self::new(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.into()))
    }

    /// Advances [`now`](Clock::now) and [`monotonic`](Clock::monotonic) by `step`. On overflow, `now` stays
    /// unchanged, and `monotonic` becomes [`Duration::MAX`].
    pub fn advance(&self, step: Duration) {
        let mut reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reading.now = reading.now.checked_add(step).unwrap_or(reading.now);
        reading.monotonic = reading.monotonic.saturating_add(step);
    }

    /// Sets the current time, forward or backward, without changing [`monotonic`](Clock::monotonic), as when
    /// the system time is changed.
    pub fn set_now(&self, now: SystemTime) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).now = now;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).now
    }

    fn monotonic(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).monotonic
    }
}
