//! Interleaved rounds and their medians.

use std::{
    hint::black_box,
    sync::LazyLock,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};

use crate::{
    contender::{Contender, Ids},
    delivery::{Delivery, KIB, MIB, id_of},
};

/// Contenders that handle the same delivery in turns.
pub struct Group {
    pub delivery: Delivery,
    pub contenders: Vec<Contender>,
    /// For each contender, the nanoseconds of each round.
    rounds: Vec<Vec<f64>>,
    first_id: usize,
    caches: Caches,
}

/// The state of the processor's caches when a delivery arrives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caches {
    /// The contender has just handled another delivery.
    Warm,
    /// The caches hold other memory, as on a busy machine that seldom receives a delivery.
    Cold,
}

impl Group {
    pub fn new(delivery: Delivery, contenders: Vec<Contender>) -> Self {
        let rounds = contenders.iter().map(|_| Vec::new()).collect();
        Self { delivery, contenders, rounds, first_id: 0, caches: Caches::Warm }
    }

    /// Clears the caches before each delivery.
    pub fn cold(self) -> Self {
        Self { caches: Caches::Cold, ..self }
    }

    pub fn position(&self, contender: &str) -> Option<usize> {
        self.contenders.iter().position(|it| it.name == contender)
    }

    /// Takes a round and discards it, because the caches are still cold.
    pub fn warm_up(&mut self) {
        self.take_round();
        self.rounds.iter_mut().for_each(Vec::clear);
    }

    /// Takes a round. In each round, a different contender goes first.
    pub fn take_round(&mut self) {
        let first = self.rounds[0].len();
        for turn in 0..self.contenders.len() {
            let index = (first + turn) % self.contenders.len();
            let sample = self.sample(index);
            self.rounds[index].push(sample);
        }
        // Each sample begins with a delivery that does not count.
        self.first_id += count(&self.delivery, self.caches) + 1;
    }

    /// Takes a sample. Each request is created right before the clock starts, as if a server had just
    /// read it, and is dropped before the clock stops.
    ///
    /// The first delivery does not count, because it finds the caches as the previous contender left them.
    fn sample(&mut self, index: usize) -> f64 {
        let contender = &mut self.contenders[index];
        let first_id = if contender.ids == Ids::Again { 0 } else { self.first_id };
        let (count, size) = (count(&self.delivery, self.caches), self.delivery.size);
        let (mut taken, mut clock_time) = (Duration::ZERO, Duration::ZERO);
        for number in 0..=count {
            if self.caches == Caches::Cold {
                fill_caches();
            }
            let time = once(contender, &self.delivery, &id_of(first_id + number));
            if number > 0 {
                taken += time;
                clock_time += Watch::start(size).elapsed();
            }
        }
        taken.saturating_sub(clock_time).as_nanos() as f64 / count as f64
    }

    /// Returns the median of a contender's rounds, in nanoseconds per delivery.
    pub fn median(&self, contender: usize) -> f64 {
        median(self.rounds[contender].iter().copied())
    }

    /// Returns the median of the rounds' ratios.
    pub fn ratio(&self, contender: usize, base: usize) -> f64 {
        median(self.rounds[contender].iter().zip(&self.rounds[base]).map(|(one, other)| one / other))
    }
}

/// Returns the number of deliveries in a sample: enough for a mean, but few enough to allow many rounds.
fn count(delivery: &Delivery, caches: Caches) -> usize {
    match caches {
        Caches::Warm => (512 * KIB / delivery.size.max(KIB)).clamp(2, 128),
        Caches::Cold => 4,
    }
}

/// Reads enough memory to evict everything else from the caches.
fn fill_caches() {
    const LARGER_THAN_CACHES: usize = 64 * MIB;
    const LINE: usize = 64;
    static MEMORY: LazyLock<Vec<u8>> = LazyLock::new(|| vec![1; LARGER_THAN_CACHES]);
    black_box(MEMORY.iter().step_by(LINE).map(|byte| u64::from(*byte)).sum::<u64>());
}

/// A stopwatch. Work shorter than a scheduler's time slice is measured in wall-clock time, and longer work
/// in processor time. Processor time excludes other load, but reading it takes too long for short work.
pub enum Watch {
    Wall(Instant),
    Processor(Duration),
}

impl Watch {
    /// Starts a stopwatch for work on a body of `size` bytes.
    pub fn start(size: usize) -> Self {
        if size < 64 * KIB { Self::Wall(Instant::now()) } else { Self::Processor(processor_time()) }
    }

    pub fn elapsed(&self) -> Duration {
        match self {
            Self::Wall(start) => start.elapsed(),
            Self::Processor(start) => processor_time() - *start,
        }
    }
}

/// Returns the processor time of this thread.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Sends one delivery, and asserts that it is accepted or rejected as expected.
pub fn once(contender: &mut Contender, delivery: &Delivery, id: &str) -> Duration {
    let (time, status) = (contender.call)(delivery.request(id));
    let is_right = match status {
        Some(status) if delivery.case.is_accepted() => status == 200,
        Some(status) => (400..500).contains(&status),
        None => true,
    };
    assert!(is_right, "{} answers {status:?} to {:?}", contender.name, delivery.case);
    time
}

pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
