use axum::http::StatusCode;
use serde::Serialize;

use super::{Seen, redact::Redactor};
use crate::forward::Forwarded;

/// The response of the service in forward mode, for the page.
#[derive(Clone, Serialize)]
pub(super) struct Answer {
    /// The service's URL.
    from: String,
    ms: f64,
    /// The reason why there is no response.
    error: Option<String>,
    status: Option<u16>,
    reason: Option<&'static str>,
    headers: Vec<(String, String)>,
    /// The start of the body, in which bytes that are not UTF-8 are replaced.
    text: String,
    bytes: usize,
    truncated: bool,
}

impl Answer {
    pub(super) fn new(seen: &Seen<'_>) -> Option<Self> {
        let from = seen.rules.forward.clone()?;
        let Forwarded { took, result, .. } = seen.record.forwarded.as_ref()?;
        let response = result.as_ref().ok();
        let redactor = Redactor::new(seen.rules);
        Some(Self {
            from,
            ms: took.as_secs_f64() * 1000.0,
            error: result.as_ref().err().cloned(),
            status: response.map(|response| response.status.as_u16()),
            reason: response.and_then(|response| StatusCode::canonical_reason(&response.status)),
            headers: response.map(|response| redactor.headers(&response.headers)).unwrap_or_default(),
            text: response
                .map(|response| redactor.body(&String::from_utf8_lossy(&response.start)))
                .unwrap_or_default(),
            bytes: response.map_or(0, |response| response.received),
            truncated: response
                .is_some_and(|response| response.cut || response.received > response.start.len()),
        })
    }

    pub(super) fn weight(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.len());
        self.text.len() + headers.sum::<usize>()
    }
}
