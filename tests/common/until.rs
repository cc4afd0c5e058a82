//! Polling for what no server notifies of.

use std::time::Duration;

/// Polls `done` until it returns `true`; panics after a minute.
pub async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !done().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting)
        .await
        .unwrap_or_else(|_| panic!("timed out waiting until {what}"));
}
