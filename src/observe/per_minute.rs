use std::{
    mem,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// A counter that is reported at most once a minute, for events that occur in large numbers or that any
/// client can cause.
#[derive(Debug, Default)]
pub(crate) struct PerMinute(Mutex<Unreported>);

#[derive(Debug, Default)]
struct Unreported {
    reported: Option<Instant>,
    count: u64,
}

impl PerMinute {
    const INTERVAL: Duration = Duration::from_secs(60);

    /// Adds one. Returns the count since the last report, or 0 if the last report was less than a minute ago.
    pub(crate) fn add(&self) -> u64 {
        let now = Instant::now();
        self.take(|unreported| {
            unreported.count += 1;
            let due = unreported.reported.is_none_or(|last| now.duration_since(last) >= Self::INTERVAL);
            if due {
                unreported.reported = Some(now);
            }
            due
        })
    }

    /// Returns the count that has not been reported.
    pub(crate) fn rest(&self) -> u64 {
        self.take(|_| true)
    }

    fn take(&self, due: impl FnOnce(&mut Unreported) -> bool) -> u64 {
        let mut unreported = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match due(&mut unreported) {
            true => mem::take(&mut unreported.count),
            false => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn count_is_reported_once_a_minute() {
        let count = PerMinute::default();
        assert_eq!([count.add(), count.add(), count.add()], [1, 0, 0]);
        advance(Duration::from_secs(60)).await;
        assert_eq!([count.add(), count.add()], [3, 0]);
        assert_eq!([count.rest(), count.rest()], [1, 0]);
    }
}
