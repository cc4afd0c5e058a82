//! The replicas, and a simulated load balancer.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Mutex as AsyncMutex, time::sleep};

use crate::{check::Span, ledger::now, random::Random, replica::Replica};

/// A replica's number and address.
pub type Picked = (u32, SocketAddr);

pub struct Fleet {
    seed: u64,
    store: String,
    ledger: PathBuf,
    /// One slot for each replica. A fault holds the lock of the slot while it kills or suspends the replica.
    places: Vec<AsyncMutex<Replica>>,
    /// The replicas that the load balancer considers healthy: it removes killed replicas but keeps suspended ones.
    healthy: Mutex<Vec<Option<Picked>>>,
    next: AtomicU32,
    /// The time span in which each killed replica died.
    pub deaths: Mutex<BTreeMap<u32, Span>>,
    /// Descriptions of replicas that exited without being killed.
    pub ended: Mutex<Vec<String>>,
}

impl Fleet {
    pub async fn start(size: u32, seed: u64, store: String, ledger: PathBuf) -> Self {
        let mut places = Vec::new();
        for number in 0..size {
            places.push(Replica::start(number, seed, &store, &ledger).await);
        }
        let healthy = places.iter().map(|replica| Some((replica.number, replica.address))).collect();
        Self {
            seed,
            store,
            ledger,
            places: places.into_iter().map(AsyncMutex::new).collect(),
            healthy: Mutex::new(healthy),
            next: size.into(),
            deaths: Mutex::default(),
            ended: Mutex::default(),
        }
    }

    pub fn size(&self) -> usize {
        self.places.len()
    }

    pub fn pick(&self, random: &mut Random) -> Picked {
        let healthy: Vec<_> = self.healthy.lock().unwrap().iter().flatten().copied().collect();
        random.one_of(&healthy)
    }

    /// Kills the replica at `place` and starts a replacement after `wait`.
    pub async fn replace(&self, place: usize, wait: Duration) {
        let mut replica = self.places[place].lock().await;
        self.note_ended(&mut replica);
        let death = replica.kill().await;
        self.healthy.lock().unwrap()[place] = None;
        self.deaths.lock().unwrap().insert(replica.number, death);
        sleep(wait).await;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        *replica = Replica::start(number, self.seed, &self.store, &self.ledger).await;
        self.healthy.lock().unwrap()[place] = Some((number, replica.address));
    }

    /// Records the replicas that have exited.
    pub async fn note_all_ended(&self) {
        for replica in &self.places {
            self.note_ended(&mut *replica.lock().await);
        }
    }

    fn note_ended(&self, replica: &mut Replica) {
        self.ended.lock().unwrap().extend(replica.has_ended(&self.ledger));
    }

    /// Suspends the replica at `place` for `time`, and returns its number and the time span.
    pub async fn suspend(&self, place: usize, time: Duration) -> (u32, Span) {
        let replica = self.places[place].lock().await;
        let from = now();
        replica.signal("STOP").await;
        sleep(time).await;
        replica.signal("CONT").await;
        (replica.number, Span { from, to: now() })
    }
}
