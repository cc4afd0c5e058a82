//! How the server is set, and how much is sent.

use std::{env, fs, time::Duration};

pub const KIB: usize = 1024;

/// Small, so that it is soon full: eight bodies of the largest size.
pub const BUDGET: usize = 8 * BODY_LIMIT;
pub const BODY_LIMIT: usize = 256 * KIB;
pub const BODY_TIMEOUT: Duration = Duration::from_secs(3);
/// The host's, not the layer's.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(3);
/// How many connections the system keeps for the server until it takes them; beyond it drops some.
pub const QUEUE: u32 = 4096;
/// What hyper reads at once, on a connection that sends fast.
pub const MOST_READ: usize = 408 * KIB;
pub const CAPACITY: u64 = 1000;

/// Between two looks at something that is waited for.
pub const WAIT: Duration = Duration::from_millis(20);
/// What has not come about in this time never will.
pub const HANG: Duration = Duration::from_secs(120);
/// Nor will an attack be over that is not after this time.
pub const LONGEST: Duration = Duration::from_secs(1800);

/// Descriptors, and places among connections that wait, for all that is not slow.
pub const KEPT_FREE: usize = 300;

/// How much each attack sends.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Connections at once.
    pub connections: usize,
    /// Requests of a flood.
    pub flood: usize,
    /// Distinct deliveries.
    pub ids: usize,
}

impl Size {
    /// For `cargo test`.
    pub const SHORT: Self = Self { connections: 1000, flood: 1000, ids: 2000 };
    /// For a run of some minutes.
    pub const LONG: Self = Self { connections: 4000, flood: 50_000, ids: 1_000_000 };

    /// No more connections than the system allows a process, which may not be too few.
    pub fn that_fits(self) -> Self {
        let ((descriptors, _), queue) = (descriptors(), queue());
        let connections = self.connections.min(descriptors.min(queue).saturating_sub(KEPT_FREE));
        assert!(
            connections >= Self::SHORT.connections,
            "too few descriptors, {descriptors} (`ulimit -n`), or waiting connections, {queue} (net.core.somaxconn)",
        );
        Self { connections, ..self }
    }

    /// For attacks that run beside each other, and again and again.
    pub fn part(self, part: usize) -> Self {
        Self { connections: self.connections / part, flood: self.flood / part, ids: self.ids / part }
    }
}

/// A setting of whoever runs this.
pub fn setting(name: &str) -> Option<u64> {
    let value = env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is not a number: {value}")))
}

/// How many descriptors this process may have, and could be allowed.
pub fn descriptors() -> (usize, usize) {
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let mut numbers = line.split_whitespace().map(|number| number.parse().unwrap_or(usize::MAX));
    (numbers.next().unwrap(), numbers.next().unwrap())
}

/// How many connections may wait until a server takes them.
fn queue() -> usize {
    let queue: usize = fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap().trim().parse().unwrap();
    queue.min(QUEUE as usize)
}
