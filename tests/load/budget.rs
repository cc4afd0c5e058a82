//! That the budget is what it says, neither more nor less, and whole again after whatever happened.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::{
    honest,
    server::Server,
    settings::{BODY_LIMIT, BUDGET, HANG, MOST_READ, WAIT},
    wire::{Wire, delivery},
};

/// As many deliveries as fit into the budget, each as large as a body may be.
///
/// They are signed once, for that takes its time, and are duplicates from the second time on: a
/// duplicate is read as any other delivery is.
pub struct Filling(Vec<Vec<u8>>);

impl Filling {
    pub fn new() -> Self {
        let body = vec![b'x'; BODY_LIMIT];
        let deliveries = (0..BUDGET / BODY_LIMIT).map(|number| delivery(&format!("filling_{number}"), &body));
        Self(deliveries.collect())
    }

    /// Shows that all of the budget is there, and no more than that. How many bytes the server then held.
    pub async fn fits_exactly(&self, server: &mut Server) -> i64 {
        let shown = async {
            loop {
                if let Some(held) = self.fits(server).await {
                    return held;
                }
                server.is_quiet().await;
            }
        };
        let held = timeout(HANG, shown).await.expect("it never took all that fits");
        server.is_quiet().await;
        held
    }

    /// It cannot be shown if the machine is so busy that bodies are too slow.
    async fn fits(&self, server: &mut Server) -> Option<i64> {
        let (address, before) = (server.address, server.state().await.heap);
        let mut held = Vec::new();
        for request in &self.0 {
            let mut wire = Wire::connect(address).await;
            // All but the last byte. If it is refused meanwhile, the answer says so.
            let _ = wire.send(&request[..request.len() - 1]).await;
            held.push(wire);
        }
        // Of the budget there is left a byte for each. One more than that does not fit: once all has arrived.
        let over = vec![b'x'; held.len() + 1];
        let status = async |id: &str, body: &[u8]| {
            let answer = honest::answer(address, &delivery(id, body)).await;
            answer.expect("a delivery that is true was cut off").status
        };
        while status("over", &over).await != 503 {
            sleep(WAIT).await;
            for wire in &mut held {
                match timeout(Duration::ZERO, wire.answer()).await {
                    Err(_) => {}
                    Ok(Some(answer)) if answer.status == 408 => return None,
                    Ok(answer) => panic!("a part of the budget is missing: {:?}", answer.map(|it| it.status)),
                }
            }
        }
        let bytes = server.state().await.heap - before;
        // Buffers grow by doubling.
        let may_be = 2 * BUDGET + held.len() * MOST_READ;
        assert!(bytes <= may_be as i64, "{bytes} bytes are held, for a budget of {BUDGET}");
        assert_eq!(status("fits", &over[1..]).await, 200, "it does not take all that fits");
        for wire in &mut held {
            let _ = wire.send("x").await;
        }
        for wire in &mut held {
            match wire.answer().await.map(|answer| answer.status) {
                Some(200) => {}
                Some(408) => return None,
                other => panic!("a part of the budget is missing: {other:?}"),
            }
        }
        Some(bytes)
    }
}
