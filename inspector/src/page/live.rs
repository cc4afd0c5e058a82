//! Server-sent events with the changes of the history.

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

/// The interval of comments in an idle stream, which detect that the browser has disconnected.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The maximum number of changes in one write.
const MAX_CHANGES: usize = 50;

/// Streams the whole history, then each change. A browser that reconnects sends the id of the last event that it
/// has seen, and gets only later changes.
pub(super) fn events(history: Arc<History>, run: &str, headers: &HeaderMap) -> Response {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    // Ignore an event id of an earlier run of the inspector, which had another history.
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
            let (cleared, changed) = history.since(seen, MAX_CHANGES);
            // A new reader has nothing to clear.
            if let Some(change) = cleared.filter(|_| seen > 0) {
                text.push_str(&format!("id: {run}-{change}\nevent: cleared\ndata:\n\n"));
                seen = change;
            }
            for kept in &changed {
                seen = kept.change;
                // Serializing strings and numbers does not fail, and writes one line.
                let json = serde_json::to_string(&kept.request.summary).unwrap_or_default();
                text.push_str(&format!("id: {run}-{seen}\ndata: {json}\n\n"));
            }
            let more = changed.len() == MAX_CHANGES;
            // Drop the requests before waiting for a slow browser, so that they do not use memory.
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
