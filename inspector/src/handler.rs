//! The handler inside the layer, which forwards the delivery or misbehaves on demand.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::Request,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tokio::time::sleep;
use tower_webhook::Delivery;

use crate::{
    forward::Forward,
    report,
    watch::{AsReceived, Trace},
};

pub(crate) async fn handle(
    log_start: bool,
    forward: Option<Arc<Forward>>,
    delivery: Delivery,
    mut request: Request,
) -> Response {
    if log_start {
        report::print(&report::started(&delivery));
    }
    let extensions = request.extensions_mut();
    match (forward, extensions.remove::<AsReceived>(), extensions.remove::<Trace>()) {
        (Some(forward), Some(AsReceived(head)), Some(trace)) => {
            forward.pass_on(&delivery, &head, &trace).await
        }
        _ => misbehave(request.uri().query().unwrap_or_default()).await.into_response(),
    }
}

async fn misbehave(query: &str) -> (StatusCode, String) {
    let knobs = match Knobs::read(query) {
        Ok(knobs) => knobs,
        Err(invalid) => return (StatusCode::BAD_REQUEST, invalid),
    };
    sleep(knobs.delay).await;
    if knobs.panic {
        panic();
    }
    (knobs.status, String::new())
}

#[allow(clippy::panic, reason = "the request asks for it, to test the layer")]
fn panic() {
    panic!("panic requested by ?panic=1");
}

/// The handler's behavior, from the query. Other parameters are ignored.
struct Knobs {
    status: StatusCode,
    delay: Duration,
    panic: bool,
}

impl Knobs {
    fn read(query: &str) -> Result<Self, String> {
        let mut knobs = Self { status: StatusCode::OK, delay: Duration::ZERO, panic: false };
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let invalid = || format!("invalid query parameter: ?{key}={value}\n");
            match &*key {
                "status" => knobs.status = final_status(&value).ok_or_else(invalid)?,
                "delay_ms" => knobs.delay = Duration::from_millis(value.parse().map_err(|_| invalid())?),
                "panic" => knobs.panic = value == "1",
                _ => {}
            }
        }
        Ok(knobs)
    }
}

/// Parses a status. A 1xx is invalid, because it is not a final response.
fn final_status(text: &str) -> Option<StatusCode> {
    text.parse().ok().filter(|status: &StatusCode| !status.is_informational())
}
