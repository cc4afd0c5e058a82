//! Fault injection around the handlers: replicas are killed and suspended; Redis is killed, shut down, suspended and
//! paused.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use redis::{AsyncConnectionConfig, Client, aio::MultiplexedConnection};
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::{
    check::Span,
    fleet::Fleet,
    ledger::{micros, now},
    random::Random,
    server::{Server, until},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    ReplicaKilled,
    ReplicaSuspended,
    RedisKilled,
    RedisShutDown,
    RedisSuspended,
    RedisPaused,
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

    /// Kills, shuts down, suspends and pauses Redis; injects each kind of fault at least once.
    pub async fn against_redis(&self, redis: &mut Server) {
        const KINDS: [Fault; 4] =
            [Fault::RedisKilled, Fault::RedisShutDown, Fault::RedisSuspended, Fault::RedisPaused];
        let mut random = Random::of(self.seed, &[5]);
        for round in 0.. {
            let mut kinds = KINDS;
            random.shuffle(&mut kinds);
            for fault in kinds {
                if round > 0 && self.over.load(Ordering::Relaxed) {
                    return;
                }
                sleep(random.millis(1000, 3500)).await;
                let from = now();
                let time = fault_duration(&mut random);
                match fault {
                    Fault::RedisSuspended => {
                        redis.signal("STOP");
                        sleep(time).await;
                        redis.signal("CONT");
                    }
                    Fault::RedisPaused => {
                        redis.run::<()>(&format!("CLIENT PAUSE {} ALL", time.as_millis())).await;
                        sleep(time).await;
                    }
                    _ => {
                        if fault == Fault::RedisShutDown {
                            redis.signal("TERM");
                            let port = redis.port;
                            until("Redis has shut down", async || {
                                TcpStream::connect(("127.0.0.1", port)).await.is_err()
                            })
                            .await;
                        }
                        redis.kill();
                        sleep(time).await;
                        redis.restart().await;
                    }
                }
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

/// The shortest outage of Redis that is recorded.
const AWAY: Duration = Duration::from_millis(100);

/// Polls Redis and records when it was unavailable, whether because of a fault or a busy machine.
pub async fn watch(url: String, outages: Arc<Mutex<Vec<Span>>>) {
    let client = Client::open(url).unwrap();
    let mut connection = None;
    let mut last_seen = now();
    loop {
        let asked = now();
        if ping(&client, &mut connection).await {
            let answered = now();
            if answered - last_seen > micros(AWAY) {
                outages.lock().unwrap().push(Span { from: last_seen, to: answered });
            }
            last_seen = asked;
        } else {
            connection = None;
        }
        sleep(AWAY / 5).await;
    }
}

async fn ping(client: &Client, connection: &mut Option<MultiplexedConnection>) -> bool {
    let config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(Some(AWAY));
    let ping = async {
        if connection.is_none() {
            *connection = Some(client.get_multiplexed_async_connection_with_config(&config).await.ok()?);
        }
        redis::cmd("PING").query_async::<String>(connection.as_mut()?).await.ok()
    };
    matches!(timeout(AWAY, ping).await, Ok(Some(pong)) if pong == "PONG")
}
