//! Where the time comes from: [`Clock`], so that tests set it instead of waiting for it.
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

/// Tells the time in two ways.
///
/// Timers (read deadlines, heartbeats, time-boxes) are tokio's and do not ask the clock.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a clock",
    note = "the layer asks it for the time again and again: use `SystemClock`, for tests `ManualClock`, or \
            implement `tower_webhook::Clock`"
)]
pub trait Clock: Send + Sync + 'static {
    /// The time of day, against which signed timestamps are judged. Used for nothing else.
    fn now(&self) -> SystemTime;

    /// The time since some fixed moment; it never goes back. Leases and dedupe windows in memory
    /// are measured with it, so that setting the system's clock neither ends nor prolongs them.
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

/// The machine's own clocks; the default.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "its name is its only value")]
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

/// A clock that stands still until it is told to move, for tests; with the feature `test-util` it is
/// also in `testing`, whose documentation shows it at work.
///
/// Clones share the time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<ManualTime>>);

#[derive(Debug)]
struct ManualTime {
    now: SystemTime,
    monotonic: Duration,
}

impl ManualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn new(now: SystemTime) -> Self {
        Self(Arc::new(Mutex::new(ManualTime { now, monotonic: Duration::ZERO })))
    }

    /// A clock that stands at `seconds` after the Unix epoch.
    #[must_use]
    pub fn at_unix(seconds: u32) -> Self {
        Self::new(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.into()))
    }

    /// Moves both readings on by `step`; a reading that cannot go that far stays.
    pub fn advance(&self, step: Duration) {
        let mut reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reading.now = reading.now.checked_add(step).unwrap_or(reading.now);
        reading.monotonic = reading.monotonic.saturating_add(step);
    }

    /// Sets the time of day alone, forward or back, as an administrator might.
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
