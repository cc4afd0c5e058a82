//! Forward mode: passes each accepted delivery on to a service over HTTP, and returns the service's response to the
//! provider.

use std::{
    error::Error,
    iter::successors,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri,
        header::{self, CONTENT_LENGTH, EXPECT, HOST},
        request::Parts,
        uri::{Authority, PathAndQuery},
    },
};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};
use tower_webhook::{BoxError, Delivery};

use crate::{report, watch::Trace};

/// The maximum number of requests to the service at the same time. Other deliveries wait.
const MAX_CONCURRENT: usize = 64;
/// The maximum number of bytes of the service's response that are passed on to the provider.
const MAX_RESPONSE: usize = 1024 * 1024;
/// The number of bytes of the service's response that the page shows.
const MAX_SHOWN: usize = 4 * 1024;
/// The timeout of the service without `--handler-timeout`.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// The prefixes of the headers that the inspector adds. Some services read `_` in a name as `-`.
const OWN_PREFIXES: [&str; 2] = ["inspector-", "inspector_"];

/// The URL of a service.
#[derive(Clone)]
pub(crate) struct Target(Uri);

/// What the service answered to a delivery.
#[derive(Clone)]
pub(crate) struct Forwarded {
    pub(crate) took: Duration,
    /// The service's response, or the reason why there is none.
    pub(crate) result: Result<ServiceResponse, String>,
    /// How far the delivery came, if there is no response.
    pub(crate) missing: Option<Missing>,
}

/// The way in which a response is missing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The service received nothing.
    NotConnected,
    /// The connection ended before the end of the response.
    BrokenOff,
    TimedOut,
}

#[derive(Clone)]
pub(crate) struct ServiceResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The start of the body.
    pub(crate) start: Bytes,
    /// The number of bytes of the body that were read.
    pub(crate) received: usize,
    /// `true` if the body is longer than the bytes that were read.
    pub(crate) cut: bool,
}

/// A client of the service.
pub(crate) struct Forward {
    target: Target,
    timeout: Duration,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    turns: Semaphore,
}

/// A failure to get a response, with the status for the provider.
struct Failure {
    status: StatusCode,
    reason: String,
    missing: Missing,
}

impl Target {
    /// Parses the URL of `--forward`. The error does not quote the URL, which may contain a password.
    pub(crate) fn parse(text: &str, anywhere: bool) -> Result<Self, String> {
        let uri: Uri = text.parse().map_err(|error| format!("URL is invalid: {error}"))?;
        let (Some("http" | "https"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err("URL must begin with `http://` or `https://`".to_owned());
        };
        if authority.as_str().contains('@') {
            return Err("URL must not contain a user name or password".to_owned());
        }
        if authority.as_str() != authority.host() && authority.port_u16().is_none() {
            return Err("port is invalid".to_owned());
        }
        let host = authority.host();
        if !anywhere && !is_loopback(host) {
            return Err(format!(
                "{host:?} is not a loopback address; `--forward-anywhere` allows services on other machines"
            ));
        }
        Ok(Self(uri))
    }

    /// Returns the URL without its query, which may contain a token.
    pub(crate) fn shown(&self) -> String {
        let scheme = self.0.scheme_str().unwrap_or_default();
        let authority = self.0.authority().map(Authority::as_str).unwrap_or_default();
        format!("{scheme}://{authority}{}", self.0.path())
    }

    /// Returns whether this is the endpoint of the inspector that listens on `address`.
    pub(crate) fn is_endpoint_of(&self, address: SocketAddr) -> bool {
        let default_port = if self.0.scheme_str() == Some("https") { 443 } else { 80 };
        let host = self.0.host().unwrap_or_default();
        let is_same_host = match bare(host).parse::<IpAddr>() {
            Ok(ip) => ip == address.ip() || (address.ip().is_unspecified() && ip.is_loopback()),
            Err(_) => is_loopback(host) && (address.ip().is_loopback() || address.ip().is_unspecified()),
        };
        is_same_host
            && self.0.port_u16().unwrap_or(default_port) == address.port()
            && self.0.path() == "/webhook"
    }

    /// Returns the URL with the query of a request, after the URL's own query.
    fn with_query(&self, query: Option<&str>) -> Result<Uri, BoxError> {
        let Some(query) = query else { return Ok(self.0.clone()) };
        let separator = if self.0.query().is_some() { '&' } else { '?' };
        let mut parts = self.0.clone().into_parts();
        let own = parts.path_and_query.as_ref().map_or("/", PathAndQuery::as_str);
        parts.path_and_query = Some(format!("{own}{separator}{query}").parse()?);
        Ok(Uri::from_parts(parts)?)
    }
}

/// Returns a host without the brackets of IPv6 addresses.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

fn is_loopback(host: &str) -> bool {
    let is_name = || host.eq_ignore_ascii_case("localhost");
    bare(host).parse::<IpAddr>().map_or_else(|_| is_name(), |ip| ip.is_loopback())
}

impl Forward {
    pub(crate) fn new(target: Target, timeout: Duration) -> Self {
        let tls = HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().build();
        // A new connection for each delivery: an idle connection may be closed by the service at any time, and the
        // delivery would fail.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(tls);
        Self { target, timeout, client, turns: Semaphore::new(MAX_CONCURRENT) }
    }

    /// Passes a delivery on, as it was received. `head` is the head of the request before the layer.
    pub(crate) async fn pass_on(&self, delivery: &Delivery, head: &Parts, trace: &Trace) -> Response<Body> {
        let start = Instant::now();
        let result = match timeout(self.timeout, self.exchange(delivery, head)).await {
            Ok(result) => result,
            Err(_) => Err(Failure {
                status: StatusCode::GATEWAY_TIMEOUT,
                reason: format!("no response within {} s", self.timeout.as_secs_f64()),
                missing: Missing::TimedOut,
            }),
        };
        let took = start.elapsed();
        match result {
            Ok((answer, body)) => {
                let mut response = Response::new(Body::from(body));
                *response.status_mut() = answer.status;
                *response.headers_mut() = end_to_end(&answer.headers);
                sandbox(response.headers_mut());
                if answer.cut {
                    self.warn(delivery, &format!("response was cut off after {MAX_RESPONSE} bytes"));
                }
                trace.record().forwarded = Some(Forwarded { took, result: Ok(answer), missing: None });
                response
            }
            Err(Failure { status, reason, missing }) => {
                self.warn(delivery, &format!("{reason}; answered {}", status.as_u16()));
                trace.record().forwarded =
                    Some(Forwarded { took, result: Err(reason), missing: Some(missing) });
                let mut response = Response::new(Body::from("no response from the service\n"));
                *response.status_mut() = status;
                response
            }
        }
    }

    async fn exchange(&self, delivery: &Delivery, head: &Parts) -> Result<(ServiceResponse, Bytes), Failure> {
        let _turn = self.turns.acquire().await;
        let request = self.request(delivery, head).map_err(|error| Failure::not_connected(&*error))?;
        let response = self.client.request(request).await.map_err(|error| match error.is_connect() {
            true => Failure::not_connected(&error),
            false => Failure::broken_off(&error),
        })?;
        let (parts, mut incoming) = response.into_parts();
        if parts.status.is_informational() {
            let reason = format!("status {} is not final", parts.status.as_u16());
            return Err(Failure { status: StatusCode::BAD_GATEWAY, reason, missing: Missing::BrokenOff });
        }
        let (body, cut) = start_of(&mut incoming).await.map_err(|error| Failure::broken_off(&error))?;
        let start = body.slice(..body.len().min(MAX_SHOWN));
        let received = body.len();
        Ok((ServiceResponse { status: parts.status, headers: parts.headers, start, received, cut }, body))
    }

    fn request(&self, delivery: &Delivery, head: &Parts) -> Result<Request<Full<Bytes>>, BoxError> {
        let mut request = Request::new(Full::new(delivery.raw().clone()));
        *request.method_mut() = head.method.clone();
        *request.uri_mut() = self.target.with_query(head.uri.query())?;
        let mut headers = end_to_end(&head.headers);
        headers.remove(HOST);
        let own = |name: &HeaderName| OWN_PREFIXES.iter().any(|prefix| name.as_str().starts_with(prefix));
        let spoofed: Vec<_> = headers.keys().filter(|name| own(name)).cloned().collect();
        for name in spoofed {
            headers.remove(name);
        }
        let added = [
            ("inspector-provider", Some(delivery.provider())),
            ("inspector-delivery-id", delivery.id()),
            ("inspector-event-type", delivery.event_type()),
        ];
        for (name, value) in added {
            // An id that is not a valid header value is only in the request itself.
            if let Some(Ok(value)) = value.map(HeaderValue::from_str) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        *request.headers_mut() = headers;
        Ok(request)
    }

    fn warn(&self, delivery: &Delivery, what: &str) {
        let id = delivery.id().map(|id| format!("delivery {id:?}: ")).unwrap_or_default();
        report::log(&format!("forward: {id}{}: {what}", self.target.shown()));
    }
}

/// Keeps a browser from running a script in the service's response, which has the same origin as the page.
fn sandbox(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

impl Failure {
    fn not_connected(error: &(dyn Error + 'static)) -> Self {
        let reason = format!("cannot connect: {}", cause(error));
        Self { status: StatusCode::BAD_GATEWAY, reason, missing: Missing::NotConnected }
    }

    fn broken_off(error: &(dyn Error + 'static)) -> Self {
        let reason = format!("no complete response: {}", cause(error));
        Self { status: StatusCode::BAD_GATEWAY, reason, missing: Missing::BrokenOff }
    }
}

/// Returns the text of the innermost cause.
fn cause(error: &(dyn Error + 'static)) -> String {
    successors(Some(error), |&error| error.source()).last().map(ToString::to_string).unwrap_or_default()
}

/// Reads at most [`MAX_RESPONSE`] bytes. Returns `true` if there are more.
async fn start_of(body: &mut Incoming) -> Result<(Bytes, bool), hyper::Error> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let free = MAX_RESPONSE - read.len();
        if data.len() > free {
            read.extend_from_slice(&data.slice(..free));
            return Ok((read.freeze(), true));
        }
        read.extend_from_slice(&data);
    }
    Ok((read.freeze(), false))
}

/// Returns the headers that a proxy passes on (RFC 9110, section 7.6.1). The length of the body is set again when the
/// message is sent.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    const HOP_BY_HOP: [&str; 9] = [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    let mut kept = headers.clone();
    let connection = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    for name in connection.flat_map(|value| value.split(',')).chain(HOP_BY_HOP) {
        if let Ok(name) = name.trim().parse::<HeaderName>() {
            kept.remove(name);
        }
    }
    kept.remove(CONTENT_LENGTH);
    kept.remove(EXPECT);
    kept
}
