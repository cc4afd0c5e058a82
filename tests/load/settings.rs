//! The settings of the server and the sizes of the attacks.

use std::{fs, time::Duration};

pub const KIB: usize = 1024;

/// Small, so that it fills quickly: eight bodies of the maximum size.
pub const BUDGET: usize = 8 * BODY_LIMIT;
pub const BODY_LIMIT: usize = 256 * KIB;
pub const BODY_TIMEOUT: Duration = Duration::from_secs(3);
/// A timeout of the host, not of the layer.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(3);
/// The backlog of connections that wait for the server to accept them; the system drops any further connections.
pub const QUEUE: u32 = 4096;
/// The largest read buffer that hyper uses for a fast connection.
pub const MOST_READ: usize = 408 * KIB;
pub const CAPACITY: u64 = 1000;

/// The interval for polling a condition.
pub const WAIT: Duration = Duration::from_millis(20);
/// The timeout for a condition.
pub const HANG: Duration = Duration::from_secs(120);
/// The timeout for an attack.
pub const LONGEST: Duration = Duration::from_secs(1800);

/// The descriptors and backlog entries reserved for connections that are not slow.
pub const KEPT_FREE: usize = 300;

/// The size of the attacks.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// The concurrent connections.
    pub connections: usize,
    /// The requests in a flood.
    pub flood: usize,
    /// The distinct deliveries.
    pub ids: usize,
}

impl Size {
    /// The size for `cargo test`.
    pub const SHORT: Self = Self { connections: 1000, flood: 1000, ids: 2000 };
    /// The size for a run with `LOAD_MINUTES`.
    pub const LONG: Self = Self { connections: 4000, flood: 50_000, ids: 1_000_000 };

    /// Limits the connections to the number that the system allows. Panics if that number is too low.
    pub fn that_fits(self) -> Self {
        let ((descriptors, _), queue) = (descriptors(), queue());
        let connections = self.connections.min(descriptors.min(queue).saturating_sub(KEPT_FREE));
        assert!(
            connections >= Self::SHORT.connections,
            "too few descriptors, {descriptors} (`ulimit -n`), or waiting connections, {queue} (net.core.somaxconn)",
        );
        Self { connections, ..self }
    }

    /// Divides the size, for attacks that run concurrently and repeatedly.
    pub fn part(self, part: usize) -> Self {
        Self { connections: self.connections / part, flood: self.flood / part, ids: self.ids / part }
    }
}

/// Returns the soft and the hard limit of descriptors for this process.
pub fn descriptors() -> (usize, usize) {
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let mut numbers = line.split_whitespace().map(|number| number.parse().unwrap_or(usize::MAX));
    (numbers.next().unwrap(), numbers.next().unwrap())
}

/// Returns how many connections can wait for the server to accept them.
fn queue() -> usize {
    let queue: usize = fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap().trim().parse().unwrap();
    queue.min(QUEUE as usize)
}
