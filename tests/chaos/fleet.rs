//! The replicas, behind what stands for a load balancer.

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

/// A replica's number, and where it is.
pub type Picked = (u32, SocketAddr);

pub struct Fleet {
    seed: u64,
    redis: String,
    ledger: PathBuf,
    /// A place for each; whoever kills or suspends a replica holds its place meanwhile.
    places: Vec<AsyncMutex<Replica>>,
    /// Those that are there, as far as the load balancer knows: it takes out who died, and asks on
    /// who is suspended.
    there: Mutex<Vec<Option<Picked>>>,
    next: AtomicU32,
    /// When replicas died: between these times.
    pub deaths: Mutex<BTreeMap<u32, Span>>,
    /// Which replicas ended though nobody killed them, and how.
    pub ended: Mutex<Vec<String>>,
}

impl Fleet {
    pub async fn start(size: u32, seed: u64, redis: String, ledger: PathBuf) -> Self {
        let mut places = Vec::new();
        for number in 0..size {
            places.push(Replica::start(number, seed, &redis, &ledger).await);
        }
        let there = places.iter().map(|replica| Some((replica.number, replica.address))).collect();
        Self {
            seed,
            redis,
            ledger,
            places: places.into_iter().map(AsyncMutex::new).collect(),
            there: Mutex::new(there),
            next: size.into(),
            deaths: Mutex::default(),
            ended: Mutex::default(),
        }
    }

    pub fn size(&self) -> usize {
        self.places.len()
    }

    pub fn pick(&self, random: &mut Random) -> Picked {
        let there: Vec<_> = self.there.lock().unwrap().iter().flatten().copied().collect();
        random.one_of(&there)
    }

    /// Kills the replica at `place`, and starts another in its stead after `wait`.
    pub async fn replace(&self, place: usize, wait: Duration) {
        let mut replica = self.places[place].lock().await;
        self.note_ended(&mut replica);
        let death = replica.kill().await;
        self.there.lock().unwrap()[place] = None;
        self.deaths.lock().unwrap().insert(replica.number, death);
        sleep(wait).await;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        *replica = Replica::start(number, self.seed, &self.redis, &self.ledger).await;
        self.there.lock().unwrap()[place] = Some((number, replica.address));
    }

    /// Notes of each replica whether it is still there.
    pub async fn note_all_ended(&self) {
        for replica in &self.places {
            self.note_ended(&mut *replica.lock().await);
        }
    }

    fn note_ended(&self, replica: &mut Replica) {
        self.ended.lock().unwrap().extend(replica.has_ended(&self.ledger));
    }

    /// Suspends the replica at `place` for `time`. Its number, and from when until when.
    pub async fn suspend(&self, place: usize, time: Duration) -> (u32, Span) {
        let replica = self.places[place].lock().await;
        let from = now();
        replica.signal("STOP").await;
        sleep(time).await;
        replica.signal("CONT").await;
        (replica.number, Span { from, to: now() })
    }
}
