//! The provider, which goes on sending while the server is attacked.

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

/// Sends one delivery after the other, each on a connection of its own, until it is told to stop.
pub struct Honest {
    stop: Arc<AtomicBool>,
    sending: JoinHandle<Kept>,
}

/// What became of the deliveries: each was answered 200 in the end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kept {
    pub deliveries: u64,
    /// How often one was asked to come back, because the budget was used up.
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

    /// It panics if a delivery was answered in any other way than it must be.
    pub async fn stop(self) -> Kept {
        self.stop.store(true, Ordering::Relaxed);
        self.sending.await.unwrap()
    }
}

/// A delivery that was not sent before; most are small, and some are not.
pub fn next() -> Vec<u8> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let length = if number % 8 == 7 { 32 * KIB } else { KIB };
    delivery(&format!("msg_{number}"), &vec![b'x'; length])
}

/// Sends `request` until it is answered 200; how often it had to come again.
async fn deliver(server: SocketAddr, request: &[u8]) -> u64 {
    let mut refused = 0;
    loop {
        let answer = answer(server, request).await.expect("a delivery that is true was cut off");
        match answer.status {
            200 => return refused,
            503 => {
                assert!(answer.head.contains("\r\nretry-after: 10\r\n"), "{}", answer.head);
                refused += 1;
                // Sooner than it is told: how soon it is let in is the question.
                sleep(WAIT).await;
            }
            _ => panic!("a delivery that is true was answered {}", answer.head),
        }
    }
}

pub async fn answer(server: SocketAddr, request: &[u8]) -> Option<Answer> {
    let answer = async {
        let mut wire = Wire::connect(server).await;
        // If it cannot be sent, why is perhaps to be read.
        let _ = wire.send(request).await;
        wire.answer().await
    };
    timeout(HANG, answer).await.expect("a delivery that is true was not answered")
}
