//! An honest provider, which keeps sending during the attacks.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{
    settings::{HANG, KIB, WAIT},
    wire::{Answer, Wire, delivery},
};

/// A provider that sends deliveries one after the other, each on a new connection, until it is stopped.
pub struct Honest {
    stop: Arc<AtomicBool>,
    sending: JoinHandle<Kept>,
}

/// The statistics of the deliveries, each of which got a 200 in the end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kept {
    pub deliveries: u64,
    /// The number of 503 responses, sent while the budget was exhausted.
    pub refused: u64,
    pub longest: Duration,
}

impl Honest {
    pub fn start(server: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let sending = tokio::spawn({
            let stop = Arc::clone(&stop);
            async move {
                let mut kept = Kept::default();
                while !stop.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    kept.refused += deliver(server, &next()).await;
                    kept.deliveries += 1;
                    kept.longest = kept.longest.max(began.elapsed());
                    sleep(WAIT).await;
                }
                kept
            }
        });
        Self { stop, sending }
    }

    /// Stops sending and returns the statistics. Panics if a delivery got an unexpected response.
    pub async fn stop(self) -> Kept {
        self.stop.store(true, Ordering::Relaxed);
        self.sending.await.unwrap()
    }
}

/// Returns a new delivery. Most are small, and every eighth is large.
pub fn next() -> Vec<u8> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let length = if number % 8 == 7 { 32 * KIB } else { KIB };
    delivery(&format!("msg_{number}"), &vec![b'x'; length])
}

/// Sends `request` until it gets a 200, and returns the number of 503 responses.
async fn deliver(server: SocketAddr, request: &[u8]) -> u64 {
    let mut refused = 0;
    loop {
        let answer = answer(server, request).await.expect("a valid delivery got no response");
        match answer.status {
            200 => return refused,
            503 => {
                assert!(answer.head.contains("\r\nretry-after: 10\r\n"), "{}", answer.head);
                refused += 1;
                // Retry sooner than `Retry-After` says, to measure when the delivery is accepted.
                sleep(WAIT).await;
            }
            _ => panic!("unexpected response to a valid delivery: {}{}", answer.head, answer.body),
        }
    }
}

pub async fn answer(server: SocketAddr, request: &[u8]) -> Option<Answer> {
    let answer = async {
        let mut wire = Wire::connect(server).await;
        // Even if sending fails, a response may be readable.
        let _ = wire.send(request).await;
        wire.answer().await
    };
    timeout(HANG, answer).await.expect("the response to a valid delivery timed out")
}
