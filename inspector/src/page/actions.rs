//! Actions on received requests, whose responses contain them unmasked.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::IntoResponse,
    routing::post,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Page, Refusal, cannot, gone};
use crate::{
    cargo_test,
    test_event::{self, Again, Plan},
};

pub(super) fn routes() -> Router<Arc<Page>> {
    Router::new()
        .route("/page/requests/{number}/send", post(send))
        .route("/page/requests/{number}/curl", post(curl))
        .route("/page/requests/{number}/test", post(test))
        .route("/page/export", post(export))
}

/// The way to send a request again, as JSON, which a form on another site cannot post.
#[derive(Deserialize)]
struct Wanted {
    how: Again,
}

impl Wanted {
    async fn plan(self, page: &Page, number: u64) -> Result<Plan, Refusal> {
        let request = page.history.find(number).ok_or_else(|| gone(page, number))?;
        let received = request
            .received
            .as_ref()
            .map_err(|reason| (StatusCode::UNPROCESSABLE_ENTITY, format!("{}\n", reason.text())))?;
        page.test_events.again(received, request.decoded.as_ref(), self.how).await.map_err(cannot)
    }
}

async fn send(
    State(page): State<Arc<Page>>,
    Path(number): Path<u64>,
    Json(wanted): Json<Wanted>,
) -> Result<Json<Value>, Refusal> {
    let plan = wanted.plan(&page, number).await?;
    let from = page.test_events.send(plan).await.map_err(cannot)?;
    Ok(Json(json!({ "from": from })))
}

async fn curl(
    State(page): State<Arc<Page>>,
    Path(number): Path<u64>,
    Json(wanted): Json<Wanted>,
) -> Result<String, Refusal> {
    let plan = wanted.plan(&page, number).await?;
    Ok(test_event::commands(&plan, page.test_events.address()) + "\n")
}

/// Actions without a choice, as JSON.
#[derive(Deserialize)]
struct Nothing {}

/// Returns a Rust test file for a delivery.
async fn test(
    State(page): State<Arc<Page>>,
    Path(number): Path<u64>,
    Json(Nothing {}): Json<Nothing>,
) -> Result<String, Refusal> {
    let request = page.history.find(number).ok_or_else(|| gone(&page, number))?;
    cargo_test::generate(&page.rules, &request).await.map_err(cannot)
}

#[derive(Deserialize)]
struct Exported {
    /// The numbers of the requests, or `None` for all.
    numbers: Option<BTreeSet<u64>>,
}

/// Returns the lines of requests on standard output, with their numbers and times.
async fn export(
    State(page): State<Arc<Page>>,
    Json(Exported { numbers }): Json<Exported>,
) -> impl IntoResponse {
    let is_wanted = |number: u64| numbers.as_ref().is_none_or(|numbers| numbers.contains(&number));
    let requests = page.history.all().into_iter().filter(|request| is_wanted(request.summary.number));
    let lines: String = requests.filter_map(|request| request.exported()).collect();
    ([(header::CONTENT_TYPE, "application/jsonl")], lines)
}
