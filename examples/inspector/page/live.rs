//! Server-sent events: what changes in the history, for as long as somebody looks.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http_body_util::channel::{Channel, Sender};
use tokio::time::timeout;

use crate::history::History;

/// How often a browser is written to, if only to find out that it has gone.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How many changes are written at once.
const MOST: usize = 50;

/// All that is kept, and then each change. A browser that comes back says what it has seen.
pub(super) fn events(history: Arc<History>, run: &str, headers: &HeaderMap) -> Response {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    // Of another run's history it has seen nothing that is worth anything now.
    let seen = last.and_then(|id| id.strip_prefix(run)?.strip_prefix('-')?.parse().ok());
    let (sender, body) = Channel::<Bytes, Infallible>::new(1);
    tokio::spawn(write(sender, history, run.to_owned(), seen.unwrap_or(0)));
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    (headers, Body::new(body)).into_response()
}

async fn write(mut to: Sender<Bytes>, history: Arc<History>, run: String, mut seen: u64) {
    let mut changes = history.changes();
    let mut text = format!("retry: 1000\nevent: run\ndata: {run}\n\n");
    loop {
        changes.borrow_and_update();
        loop {
            let changed = history.since(seen, MOST);
            for kept in &changed {
                seen = kept.change;
                // Texts and numbers always can be, and on one line.
                let json = serde_json::to_string(&kept.request.summary).unwrap_or_default();
                text.push_str(&format!("id: {run}-{seen}\ndata: {json}\n\n"));
            }
            let more = changed.len() == MOST;
            // While a slow browser is waited for, the history goes on without being held.
            drop(changed);
            if to.send_data(std::mem::take(&mut text).into()).await.is_err() {
                return;
            }
            if !more {
                break;
            }
        }
        if timeout(HEARTBEAT, changes.changed()).await.is_err() {
            text.push_str(": still here\n\n");
        }
    }
}
