//! Interleaved rounds, and their medians.

use std::{
    hint::black_box,
    sync::LazyLock,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};

use crate::{
    contender::{Contender, Ids},
    delivery::{Delivery, KIB, MIB, bytes, id_of},
};

/// Contenders that take the same delivery, by turns.
pub struct Group {
    pub name: &'static str,
    pub delivery: Delivery,
    pub contenders: Vec<Contender>,
    /// For each contender, the nanoseconds of each round.
    rounds: Vec<Vec<f64>>,
    first_id: usize,
    caches: Caches,
}

/// What the processor's caches hold when a delivery comes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caches {
    /// What the contender needs: another delivery went before.
    Warm,
    /// Other memory, as on a machine that is busy with something else, and seldom gets a delivery.
    Cold,
}

impl Group {
    pub fn new(name: &'static str, delivery: Delivery, contenders: Vec<Contender>) -> Self {
        let rounds = contenders.iter().map(|_| Vec::new()).collect();
        Self { name, delivery, contenders, rounds, first_id: 0, caches: Caches::Warm }
    }

    /// Each delivery meets caches that hold nothing of the contender's.
    pub fn cold(self) -> Self {
        Self { caches: Caches::Cold, ..self }
    }

    /// Its name, and the delivery's scheme, size, frames and case.
    pub fn facts(&self) -> [String; 5] {
        let Delivery { scheme, case, size, in_frames, .. } = &self.delivery;
        let name = self.name.to_owned();
        [name, format!("{scheme:?}"), bytes(*size), format!("{in_frames:?}"), format!("{case:?}")]
    }

    /// A round for nothing: the first one meets cold caches.
    pub fn warm_up(&mut self) {
        self.take_round();
        self.rounds.iter_mut().for_each(Vec::clear);
    }

    /// Who goes first is another each time.
    pub fn take_round(&mut self) {
        let first = self.rounds[0].len();
        for turn in 0..self.contenders.len() {
            let index = (first + turn) % self.contenders.len();
            let sample = self.sample(index);
            self.rounds[index].push(sample);
        }
        // One more than are counted: each sample begins with one for nothing.
        self.first_id += count(&self.delivery, self.caches) + 1;
    }

    /// Each request is made right before the clock starts, as a server would have read it, and is gone
    /// before it stops.
    ///
    /// The first is not counted: it finds in the caches what the contender before it has left there,
    /// and no server handles each delivery by another program.
    fn sample(&mut self, index: usize) -> f64 {
        let contender = &mut self.contenders[index];
        let first_id = if contender.ids == Ids::Again { 0 } else { self.first_id };
        let (count, size) = (count(&self.delivery, self.caches), self.delivery.size);
        let (mut taken, mut by_the_clock) = (Duration::ZERO, Duration::ZERO);
        for number in 0..=count {
            if self.caches == Caches::Cold {
                fill_caches();
            }
            let time = once(contender, &self.delivery, &id_of(first_id + number));
            if number > 0 {
                taken += time;
                by_the_clock += Watch::start(size).elapsed();
            }
        }
        taken.saturating_sub(by_the_clock).as_nanos() as f64 / count as f64
    }

    /// Nanoseconds a delivery.
    pub fn median(&self, contender: usize) -> f64 {
        median(self.rounds[contender].iter().copied())
    }

    /// Of the rounds' ratios.
    pub fn ratio(&self, contender: usize, base: usize) -> f64 {
        median(self.rounds[contender].iter().zip(&self.rounds[base]).map(|(one, other)| one / other))
    }
}

/// Deliveries in a sample: enough for a mean, few enough that rounds are many.
fn count(delivery: &Delivery, caches: Caches) -> usize {
    match caches {
        Caches::Warm => (512 * KIB / delivery.size.max(KIB)).clamp(2, 128),
        Caches::Cold => 4,
    }
}

/// Reads so much that nothing else is left in the caches.
fn fill_caches() {
    const LARGER_THAN_CACHES: usize = 64 * MIB;
    const LINE: usize = 64;
    static MEMORY: LazyLock<Vec<u8>> = LazyLock::new(|| vec![1; LARGER_THAN_CACHES]);
    black_box(MEMORY.iter().step_by(LINE).map(|byte| u64::from(*byte)).sum::<u64>());
}

/// Tells how long something took. What is shorter than the time for which a scheduler leaves a
/// thread alone is timed by the wall; what is not would be timed with whatever else the machine does, so
/// it is told by the processor's time, which takes too long to ask for to time what is short.
pub enum Watch {
    Wall(Instant),
    Processor(Duration),
}

impl Watch {
    /// For what is done with a body of so many bytes.
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

/// That this thread has had.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// One delivery, which must be accepted or refused as it ought to be.
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
