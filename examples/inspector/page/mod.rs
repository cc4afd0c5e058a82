//! The page at `/`, which lists deliveries as they arrive, and sends test events.
//!
//! The program contains all files of the page. The page shows untrusted data from the network. Its content security
//! policy therefore only lets the browser run the page's own scripts, and these scripts only insert text.

mod guard;
mod live;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::{Next, from_fn_with_state, map_response},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::{Value, json};
use tower_webhook::BoxError;

use self::guard::Hosts;
use crate::{
    demo::random,
    history::History,
    rules::Rules,
    test_event::{self, Caveat, Plan, Scenario, TestEvents},
};

/// The state of the page.
pub(crate) struct Page {
    rules: Arc<Rules>,
    history: Arc<History>,
    test_events: TestEvents,
    hosts: Hosts,
    /// An id of this run, by which the page notices that the inspector was restarted and has a new history.
    run: String,
}

impl Page {
    pub(crate) fn new(
        rules: Arc<Rules>,
        history: Arc<History>,
        test_events: TestEvents,
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
            .route("/page/requests/{number}", get(request))
            .route("/page/sample", get(sample))
            .route("/page/send", post(send))
            .route("/page/curl", post(curl))
            .layer(from_fn_with_state(Arc::clone(&page), guarded))
            .with_state(page);
        let files = Router::new()
            .route("/", get(|| async { file("index.html") }))
            .route("/page/{file}", get(|Path(name): Path<String>| async move { file(&name) }));
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
    "page.js": "text/javascript; charset=utf-8",
    "dom.js": "text/javascript; charset=utf-8",
    "list.js": "text/javascript; charset=utf-8",
    "detail.js": "text/javascript; charset=utf-8",
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
    match page.hosts.check(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

async fn events(State(page): State<Arc<Page>>, headers: HeaderMap) -> Response {
    live::events(Arc::clone(&page.history), &page.run, &headers)
}

async fn request(State(page): State<Arc<Page>>, Path(number): Path<u64>) -> Response {
    match page.history.find(number) {
        Some(request) => Json(&*request).into_response(),
        None => (StatusCode::NOT_FOUND, "The history has dropped this request.\n").into_response(),
    }
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
        "cannot_send": page.test_events.plan(Scenario::Valid, None).err().map(|error| error.to_string()),
        "scenarios": scenarios,
    }))
}

async fn sample(State(page): State<Arc<Page>>) -> Json<Value> {
    let sample = page.test_events.sample();
    Json(json!({ "id": sample.id, "body": sample.body }))
}

/// The test event to send, as JSON, which a form on another site cannot post.
#[derive(Deserialize)]
struct Wanted {
    scenario: Scenario,
    body: Option<String>,
}

impl Wanted {
    fn plan(self, page: &Page) -> Result<Plan, Refusal> {
        page.test_events.plan(self.scenario, self.body).map_err(cannot)
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

fn cannot(error: BoxError) -> Refusal {
    (StatusCode::UNPROCESSABLE_ENTITY, format!("{error}\n"))
}
