//! Requests to other paths than the endpoint's. A provider with a wrong URL would otherwise leave no trace on the page.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};

use super::Page;
use crate::{explain::Arrival, received::Recorder, watch::Trace};

/// Rejects the request, and adds it to the history if a provider may have sent it. Its body is not read.
pub(super) async fn refuse(
    State(page): State<Arc<Page>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (head, _) = request.into_parts();
    let status = match head.uri.path() {
        "/" => StatusCode::METHOD_NOT_ALLOWED,
        _ => StatusCode::NOT_FOUND,
    };
    if is_for_the_endpoint(&head) {
        let (recorder, _) = Recorder::record(&head, Body::empty());
        let number = page.history.next_number();
        let arrival = Arrival::new(number, from, &head, Trace::default(), recorder, Arc::clone(&page.rules));
        page.history.note(arrival.at_wrong_path(head.uri.path(), status));
    }
    (status, "The endpoint is /webhook.\n").into_response()
}

/// Returns whether a provider may have sent the request. Browsers ask for icons and the like on their own; providers
/// send a `GET` only as a handshake, whose parameters are in the query.
fn is_for_the_endpoint(head: &Parts) -> bool {
    let agent = head.headers.get(header::USER_AGENT).map_or(&b""[..], |agent| agent.as_bytes());
    let is_browser = head.headers.contains_key("sec-fetch-mode") || agent.starts_with(b"Mozilla/");
    match head.method {
        Method::GET => head.uri.query().is_some() && !is_browser,
        Method::HEAD | Method::OPTIONS => false,
        _ => !head.uri.path().starts_with("/page/"),
    }
}
