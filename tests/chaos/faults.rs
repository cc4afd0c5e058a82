//! Fault injection around the handlers: replicas are killed and suspended, and the server of the store has faults.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::sleep;

use crate::{
    check::Span,
    fleet::Fleet,
    ledger::{micros, now},
    random::Random,
    store_server::{Probe, StoreServer},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    ReplicaKilled,
    ReplicaSuspended,
    RedisKilled,
    RedisShutDown,
    RedisSuspended,
    RedisPaused,
    PostgresKilled,
    PostgresSuspended,
    PostgresConnectionsCut,
}

#[derive(Clone, Copy, Debug)]
pub struct Inflicted {
    pub fault: Fault,
    pub span: Span,
    /// The suspended replica.
    pub replica: Option<u32>,
}

/// Injects faults until `over` is set.
pub struct Injector {
    pub seed: u64,
    pub fleet: Arc<Fleet>,
    pub over: AtomicBool,
    pub inflicted: Mutex<Vec<Inflicted>>,
}

impl Injector {
    /// Kills and suspends replicas; injects each kind of fault at least once.
    pub async fn against_replicas(&self) {
        const KINDS: [Fault; 3] = [Fault::ReplicaKilled, Fault::ReplicaSuspended, Fault::ReplicaKilled];
        let mut random = Random::of(self.seed, &[4]);
        for round in 0.. {
            let mut kinds = KINDS;
            random.shuffle(&mut kinds);
            for fault in kinds {
                if round > 0 && self.over.load(Ordering::Relaxed) {
                    return;
                }
                sleep(random.millis(200, 1500)).await;
                let place = random.below(self.fleet.size());
                let time = fault_duration(&mut random);
                if fault == Fault::ReplicaSuspended {
                    let (replica, span) = self.fleet.suspend(place, time).await;
                    self.note(Inflicted { fault, span, replica: Some(replica) });
                } else {
                    let from = now();
                    self.fleet.replace(place, time / 2).await;
                    self.note(Inflicted { fault, span: Span { from, to: now() }, replica: None });
                }
            }
        }
    }

    /// Injects each kind of fault of the store's server at least once.
    pub async fn against_store(&self, server: &mut StoreServer) {
        let mut random = Random::of(self.seed, &[5]);
        for round in 0.. {
            let mut kinds = server.faults().to_vec();
            random.shuffle(&mut kinds);
            for fault in kinds {
                if round > 0 && self.over.load(Ordering::Relaxed) {
                    return;
                }
                sleep(random.millis(1000, 3500)).await;
                let from = now();
                server.inflict(fault, fault_duration(&mut random)).await;
                self.note(Inflicted { fault, span: Span { from, to: now() }, replica: None });
            }
        }
    }

    fn note(&self, inflicted: Inflicted) {
        self.inflicted.lock().unwrap().push(inflicted);
    }
}

/// Returns a random duration of a fault. Half of the durations are too short to lose a claim; the others may outlast
/// the lease.
fn fault_duration(random: &mut Random) -> Duration {
    if random.chance(500) { random.millis(20, 700) } else { random.millis(900, 2600) }
}

/// The shortest outage of the store that is recorded.
pub const AWAY: Duration = Duration::from_millis(100);

/// Polls the store and records when it was unavailable, whether because of a fault or a busy machine.
pub async fn watch(mut probe: Probe, outages: Arc<Mutex<Vec<Span>>>) {
    let mut last_seen = now();
    loop {
        let asked = now();
        if probe.ping().await {
            let answered = now();
            if answered - last_seen > micros(AWAY) {
                outages.lock().unwrap().push(Span { from: last_seen, to: answered });
            }
            last_seen = asked;
        }
        sleep(AWAY / 5).await;
    }
}
