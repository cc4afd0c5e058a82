//! The page at `/`, which lists deliveries as they arrive, and sends test events.
//!
//! The program contains all files of the page. The page shows untrusted data from the network. Its content security
//! policy therefore only lets the browser run the page's own scripts, and these scripts only insert text.

mod actions;
mod guard;
mod live;
mod wrong_path;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::{Next, from_fn_with_state, map_response},
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::{Value, json};
use tower_webhook::{BoxError, verify::Location};

use self::guard::Hosts;
use crate::{
    demo::random,
    explain,
    history::History,
    rules::Rules,
    test_event::{self, Caveat, Content, Plan, Scenario, TestEvents},
};

/// The state of the page.
pub(crate) struct Page {
    rules: Arc<Rules>,
    history: Arc<History>,
    test_events: Arc<TestEvents>,
    hosts: Hosts,
    /// An id of this run, by which the page notices that the inspector was restarted and has a new history.
    run: String,
}

impl Page {
    pub(crate) fn new(
        rules: Arc<Rules>,
        history: Arc<History>,
        test_events: Arc<TestEvents>,
        listen_option: &str,
        listening: std::net::SocketAddr,
    ) -> Self {
        let run = HEXLOWER.encode(&random::<8>());
        Self { rules, history, test_events, hosts: Hosts::new(listening, listen_option), run }
    }

    pub(crate) fn routes(self) -> Router {
        let page = Arc::new(self);
        let data = Router::new()
            .route("/page/about", get(about))
            .route("/page/events", get(events))
            .route("/page/requests", delete(clear))
            .route("/page/requests/{number}", get(request))
            .route("/page/sample", get(sample))
            .route("/page/event-type", post(event_type))
            .route("/page/send", post(send))
            .route("/page/curl", post(curl))
            .merge(actions::routes())
            .layer(from_fn_with_state(Arc::clone(&page), guarded))
            .with_state(Arc::clone(&page));
        let files = Router::new()
            .route("/", get(|| async { file("index.html") }).fallback(wrong_path::refuse))
            .route("/page/{file}", get(|Path(name): Path<String>| async move { file(&name) }))
            .fallback(wrong_path::refuse)
            .with_state(page);
        data.merge(files).layer(map_response(strict))
    }
}

macro_rules! files {
    ($($name:literal: $media_type:literal),+ $(,)?) => {
        /// The page's files.
        const FILES: &[(&str, &str, &str)] = &[$(($name, $media_type, include_str!($name))),+];
    };
}

files! {
    "index.html": "text/html; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "answer.js": "text/javascript; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "dom.js": "text/javascript; charset=utf-8",
    "list.js": "text/javascript; charset=utf-8",
    "detail.js": "text/javascript; charset=utf-8",
    "actions.js": "text/javascript; charset=utf-8",
    "chart.js": "text/javascript; charset=utf-8",
    "send.js": "text/javascript; charset=utf-8",
    "verdict.js": "text/javascript; charset=utf-8",
}

fn file(name: &str) -> Response {
    match FILES.iter().find(|(found, ..)| *found == name) {
        Some((_, media_type, text)) => ([(header::CONTENT_TYPE, *media_type)], *text).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Adds the security headers of the page.
async fn strict(mut response: Response) -> Response {
    const HEADERS: [(HeaderName, &str); 6] = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
             require-trusted-types-for 'script'; trusted-types 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn guarded(State(page): State<Arc<Page>>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    match page.hosts.check(&head) {
        Ok(()) => next.run(Request::from_parts(head, body)).await,
        Err(refusal) => refusal.into_response(),
    }
}

async fn events(State(page): State<Arc<Page>>, headers: HeaderMap) -> Response {
    live::events(Arc::clone(&page.history), &page.run, &headers)
}

async fn request(State(page): State<Arc<Page>>, Path(number): Path<u64>) -> Response {
    match page.history.find(number) {
        Some(request) => Json(&*request).into_response(),
        None => gone(&page, number).into_response(),
    }
}

/// Clears the history. Browsers send `DELETE` to another origin only if that origin allows it.
async fn clear(State(page): State<Arc<Page>>) -> StatusCode {
    page.history.clear();
    StatusCode::NO_CONTENT
}

/// Returns the description of the endpoint.
async fn about(State(page): State<Arc<Page>>) -> Json<Value> {
    let rules = &page.rules;
    let mut scenarios = Vec::new();
    for scenario in Scenario::ALL {
        let (name, what) = scenario.words();
        let (what, offered) = match page.test_events.caveat(scenario).await {
            Caveat::None => (what.to_owned(), true),
            Caveat::Differs(how) => (format!("{what} {how}"), true),
            Caveat::Missing(why) => (why, false),
        };
        scenarios.push(json!({ "id": scenario, "name": name, "what": what, "offered": offered }));
    }
    let signing = rules.signing();
    Json(json!({
        "provider": rules.source.id(),
        "name": rules.source.name(),
        "documentation": rules.source.documentation(),
        "endpoint": format!("http://{}/webhook", page.test_events.address()),
        "algorithm": signing.as_ref().map(|signing| &signing.algorithm),
        "signs": signing.as_ref().and_then(|signing| signing.template()),
        "secrets": rules.secrets.len(),
        "store": rules.store,
        "forward": rules.forward,
        "cannot_send": page.test_events.plan(Scenario::Valid, &Content::default()).err().map(|error| error.to_string()),
        "event_type": rules.profile.event_type().first().map(|place| json!({
            "place": explain::place(&place.to_string()),
            "in_body": matches!(place, Location::Json(_) | Location::Form(_)),
        })),
        "samples": page.test_events.sample_names(),
        "can_renew_id": page.test_events.can_renew_id(),
        "scenarios": scenarios,
    }))
}

#[derive(Deserialize)]
struct Named {
    name: Option<String>,
}

async fn sample(State(page): State<Arc<Page>>, Query(named): Query<Named>) -> Json<Value> {
    let sample = page.test_events.sample(named.name.as_deref());
    let event_type = sample.event_type(&page.rules);
    Json(json!({ "ids": sample.ids, "body": sample.body, "event_type": event_type }))
}

#[derive(Deserialize)]
struct Typed {
    body: String,
    event_type: Option<String>,
}

/// Returns a body with its event type, which is replaced if the request has one.
async fn event_type(State(page): State<Arc<Page>>, Json(typed): Json<Typed>) -> Result<Json<Value>, Refusal> {
    let body = match &typed.event_type {
        Some(event_type) => page.test_events.with_event_type(&typed.body, event_type).map_err(cannot)?,
        None => typed.body,
    };
    let event_type = page.test_events.event_type_in(&body);
    Ok(Json(json!({ "body": body, "event_type": event_type })))
}

/// The test event to send, as JSON, which a form on another site cannot post.
#[derive(Deserialize)]
struct Wanted {
    scenario: Scenario,
    #[serde(flatten)]
    content: Content,
}

impl Wanted {
    fn plan(self, page: &Page) -> Result<Plan, Refusal> {
        page.test_events.plan(self.scenario, &self.content).map_err(cannot)
    }
}

async fn send(State(page): State<Arc<Page>>, Json(wanted): Json<Wanted>) -> Result<Json<Value>, Refusal> {
    let plan = wanted.plan(&page)?;
    let from = page.test_events.send(plan).await.map_err(cannot)?;
    Ok(Json(json!({ "from": from })))
}

async fn curl(State(page): State<Arc<Page>>, Json(wanted): Json<Wanted>) -> Result<String, Refusal> {
    let plan = wanted.plan(&page)?;
    Ok(test_event::commands(&plan, page.test_events.address()) + "\n")
}

type Refusal = (StatusCode, String);

fn gone(page: &Page, number: u64) -> Refusal {
    let text = match page.history.had(number) {
        true => format!(
            "Delivery #{number} is no longer in the history. It was cleared, or newer deliveries replaced it.\n"
        ),
        false => format!("No delivery has the number {number} since the inspector was started.\n"),
    };
    (StatusCode::NOT_FOUND, text)
}

fn cannot(error: BoxError) -> Refusal {
    (StatusCode::UNPROCESSABLE_ENTITY, format!("{error}\n"))
}
