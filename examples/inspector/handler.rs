//! The handler behind the layer, which misbehaves when it is asked to.

use std::time::Duration;

use axum::{extract::RawQuery, http::StatusCode};
use tokio::time::sleep;
use tower_webhook::Delivery;

use crate::report;

pub(crate) async fn handle(
    log_start: bool,
    delivery: Delivery,
    RawQuery(query): RawQuery,
) -> (StatusCode, String) {
    if log_start {
        report::print(&report::started(&delivery));
    }
    let knobs = match Knobs::read(query.as_deref().unwrap_or_default()) {
        Ok(knobs) => knobs,
        Err(complaint) => return (StatusCode::BAD_REQUEST, complaint),
    };
    sleep(knobs.delay).await;
    if knobs.panic {
        panic();
    }
    (knobs.status, String::new())
}

#[allow(clippy::panic, reason = "it was asked for: what the layer makes of it is the point")]
fn panic() {
    panic!("?panic=1 was asked for");
}

/// What the query asks for. Other keys are none of its business.
struct Knobs {
    status: StatusCode,
    delay: Duration,
    panic: bool,
}

impl Knobs {
    fn read(query: &str) -> Result<Self, String> {
        let mut knobs = Self { status: StatusCode::OK, delay: Duration::ZERO, panic: false };
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let complaint = || format!("?{key}={value} is not understood\n");
            match &*key {
                "status" => knobs.status = final_status(&value).ok_or_else(complaint)?,
                "delay_ms" => knobs.delay = Duration::from_millis(value.parse().map_err(|_| complaint())?),
                "panic" => knobs.panic = value == "1",
                _ => {}
            }
        }
        Ok(knobs)
    }
}

/// A 1xx only announces an answer, and cannot be one.
fn final_status(text: &str) -> Option<StatusCode> {
    text.parse().ok().filter(|status: &StatusCode| !status.is_informational())
}
