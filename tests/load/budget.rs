//! The check that the buffer budget is exact, and is fully returned after every attack.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::{
    honest,
    server::Server,
    settings::{BODY_LIMIT, BUDGET, HANG, MOST_READ, WAIT},
    wire::{Wire, delivery},
};

/// Deliveries of the maximum size that together fill the budget.
///
/// They are signed only once, because signing takes time. After the first use they are duplicates, whose bodies are
/// read like those of other deliveries.
pub struct Filling(Vec<Vec<u8>>);

impl Filling {
    pub fn new() -> Self {
        let body = vec![b'x'; BODY_LIMIT];
        let deliveries = (0..BUDGET / BODY_LIMIT).map(|number| delivery(&format!("filling_{number}"), &body));
        Self(deliveries.collect())
    }

    /// Checks that exactly the whole budget is available. Returns the bytes that were allocated while the budget was
    /// full.
    pub async fn fits_exactly(&self, server: &mut Server) -> i64 {
        let shown = async {
            loop {
                if let Some(held) = self.fits(server).await {
                    return held;
                }
                server.is_quiet().await;
            }
        };
        let held = timeout(HANG, shown).await.expect("the server never accepted a full budget");
        server.is_quiet().await;
        held
    }

    /// Fills the budget once, and returns the allocated bytes; `None` if the machine is so busy that bodies time out.
    async fn fits(&self, server: &mut Server) -> Option<i64> {
        let (address, before) = (server.address, server.state().await.heap);
        let mut held = Vec::new();
        for request in &self.0 {
            let mut wire = Wire::connect(address).await;
            // Send all but the last byte. If the request is rejected meanwhile, `answer` below returns the status.
            let _ = wire.send(&request[..request.len() - 1]).await;
            held.push(wire);
        }
        // Each of these deliveries lacks its last byte. Once all of them have arrived, the budget therefore has as many
        // bytes left as there are deliveries. A body that is one byte longer than this rest must not fit.
        let over = vec![b'x'; held.len() + 1];
        let status = async |id: &str, body: &[u8]| {
            let answer = honest::answer(address, &delivery(id, body)).await;
            answer.expect("a valid delivery got no response").status
        };
        while status("over", &over).await != 503 {
            sleep(WAIT).await;
            for wire in &mut held {
                match timeout(Duration::ZERO, wire.answer()).await {
                    Err(_) => {}
                    Ok(Some(answer)) if answer.status == 408 => return None,
                    Ok(answer) => panic!("part of the budget is missing: {:?}", answer.map(|it| it.status)),
                }
            }
        }
        let bytes = server.state().await.heap - before;
        // Buffers grow by doubling, so up to twice the budget may be allocated.
        let may_be = 2 * BUDGET + held.len() * MOST_READ;
        assert!(bytes <= may_be as i64, "{bytes} bytes are held, for a budget of {BUDGET}");
        assert_eq!(status("fits", &over[1..]).await, 200, "a body that fits was rejected");
        for wire in &mut held {
            let _ = wire.send("x").await;
        }
        for wire in &mut held {
            match wire.answer().await.map(|answer| answer.status) {
                Some(200) => {}
                Some(408) => return None,
                other => panic!("part of the budget is missing: {other:?}"),
            }
        }
        Some(bytes)
    }
}
