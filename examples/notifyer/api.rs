//! A client of the provider's management API.
//!
//! These calls are documented in "Incoming Messages" on docs.whatsable.app, and, except for `create`, in the provider's
//! repository `whatsapp-business-agent-skills` (`references/webhooks-reference.md`):
//!
//! | | |
//! |---|---|
//! | `POST /api:qh9OQ3OW/webhook/dev/create` | creates an endpoint; only this response contains its `signature_secret` |
//! | `GET /api:qh9OQ3OW/webhook/dev` | lists all endpoints, as an array |
//! | `PATCH /api:qh9OQ3OW/webhook/dev/{id}` | replaces an endpoint; requires all fields |
//! | `DELETE /api:qh9OQ3OW/webhook/dev/{id}` | deletes an endpoint |
//!
//! Every call needs a bearer token, and the `Origin` of the provider's console. A URL that is already registered gets a
//! 400 with "Same webhook exist"; an invalid token gets a 401.
//!
//! This client assumes the following, which the documentation does not mention:
//!
//! * An error response is a JSON object. Its field `message`, if present, contains the reason.
//! * An endpoint that is replaced without `signature_secret` keeps its secret.
//! * An unknown id gets a 404. In case that is wrong, the client first looks up each id among the account's endpoints,
//!   so that a mistyped id changes nothing.

use std::{env, error::Error, fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header, uri::Scheme};
use http_body_util::{BodyExt, Limited};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::time::timeout;
use tower_webhook::BoxError;

use crate::client::HttpClient;

const ENDPOINTS: &str = "/api:qh9OQ3OW/webhook/dev";
const ORIGIN: &str = "https://console.notifyer-systems.com";
const TIMEOUT: Duration = Duration::from_secs(15);
const MAX_SIZE: usize = 4 << 20;

pub(crate) struct Api {
    client: HttpClient,
    base_url: String,
    bearer: HeaderValue,
}

/// An endpoint in the API's format. It has no field for the secret, so the secret cannot be printed.
#[derive(Deserialize, Serialize)]
pub(crate) struct Endpoint {
    pub(crate) id: u64,
    /// The URL of the endpoint.
    pub(crate) webhooks: String,
    /// `true` if the endpoint is enabled.
    pub(crate) status: bool,
    #[serde(default)]
    pub(crate) incoming: bool,
    #[serde(default)]
    pub(crate) outgoing: bool,
    #[serde(default)]
    schedule_activity: bool,
    #[serde(default)]
    waiting_duration: u64,
    #[serde(default, skip_serializing)]
    pub(crate) active_signature: bool,
}

/// The response to `register`. The id may have any type, because a response that cannot be decoded would lose the
/// secret.
#[derive(Deserialize)]
pub(crate) struct Registered {
    #[serde(default)]
    pub(crate) id: Value,
    pub(crate) signature_secret: Option<String>,
}

impl Api {
    pub(crate) fn new(client: HttpClient, base_url: &str) -> Result<Self, BoxError> {
        let url: Uri = base_url.parse().map_err(|_| format!("base URL {base_url} is invalid"))?;
        // The key gives access to the whole account, so send it without TLS only to this machine.
        let is_here = matches!(url.host(), Some("127.0.0.1" | "localhost"));
        if url.scheme() != Some(&Scheme::HTTPS) && !is_here {
            return Err(format!("base URL {base_url} is not https").into());
        }
        let key = env::var("NOTIFYER_API_KEY").map_err(|_| "NOTIFYER_API_KEY is not set")?;
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", key.trim()))
            .map_err(|_| "NOTIFYER_API_KEY contains characters that are invalid in a header")?;
        bearer.set_sensitive(true);
        Ok(Self { client, base_url: base_url.trim_end_matches('/').to_owned(), bearer })
    }

    /// Creates an endpoint. Its deliveries are always signed, because unsigned deliveries cannot be verified.
    pub(crate) async fn register(&self, url: &str, outgoing: bool) -> Result<Registered, ApiError> {
        let endpoint = json!({
            "webhooks": url, "status": true, "incoming": true, "outgoing": outgoing,
            "schedule_activity": false, "waiting_duration": 0, "active_signature": true,
        });
        read(&self.call(Method::POST, "/create", Some(&endpoint)).await?)
    }

    pub(crate) async fn list(&self) -> Result<Vec<Endpoint>, ApiError> {
        read(&self.call(Method::GET, "", None::<&()>).await?)
    }

    pub(crate) async fn find(&self, id: u64) -> Result<Endpoint, ApiError> {
        self.list().await?.into_iter().find(|endpoint| endpoint.id == id).ok_or(ApiError::NotFound)
    }

    pub(crate) async fn write(&self, endpoint: &Endpoint) -> Result<(), ApiError> {
        self.call(Method::PATCH, &format!("/{}", endpoint.id), Some(endpoint)).await.map(drop)
    }

    pub(crate) async fn delete(&self, endpoint: &Endpoint) -> Result<(), ApiError> {
        self.call(Method::DELETE, &format!("/{}", endpoint.id), None::<&()>).await.map(drop)
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<Bytes, ApiError> {
        let calling = async {
            let body = body.map(serde_json::to_vec).transpose()?.unwrap_or_default();
            let request = Request::builder()
                .method(method)
                .uri(format!("{}{ENDPOINTS}{path}", self.base_url))
                .header(header::AUTHORIZATION, &self.bearer)
                .header(header::ORIGIN, ORIGIN)
                .header(header::CONTENT_TYPE, "application/json")
                .body(body.into())?;
            let (head, body) = self.client.send(request).await?.into_parts();
            Ok((head.status, Limited::new(body, MAX_SIZE).collect().await?.to_bytes()))
        };
        let answered: Result<_, BoxError> =
            timeout(TIMEOUT, calling).await.unwrap_or_else(|late| Err(late.into()));
        let (status, body) = answered.map_err(ApiError::Unreachable)?;
        if status.is_success() { Ok(body) } else { Err(ApiError::of(status, &body)) }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(ApiError::Unreadable)
}

/// An error of the management API.
#[derive(Debug)]
pub(crate) enum ApiError {
    DuplicateUrl,
    Unauthorised,
    NotFound,
    Status { status: StatusCode, message: String },
    Unreachable(BoxError),
    Unreadable(serde_json::Error),
}

impl ApiError {
    fn of(status: StatusCode, body: &[u8]) -> Self {
        let said: Option<Value> = serde_json::from_slice(body).ok();
        let message = said.as_ref().and_then(|said| said.get("message")?.as_str()).unwrap_or_default();
        match status {
            _ if message.contains("Same webhook exist") => Self::DuplicateUrl,
            StatusCode::UNAUTHORIZED => Self::Unauthorised,
            StatusCode::NOT_FOUND => Self::NotFound,
            // The message is printed to a terminal, so escape and shorten it.
            _ => Self::Status {
                status,
                message: message.chars().take(200).flat_map(char::escape_debug).collect(),
            },
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateUrl => f.write_str("URL is already registered: see `list`"),
            Self::Unauthorised => f.write_str("provider does not accept the key in NOTIFYER_API_KEY"),
            Self::NotFound => f.write_str("no such endpoint: see `list`"),
            Self::Status { status, message } if message.is_empty() => {
                write!(f, "provider responded with {status}")
            }
            Self::Status { status, message } => write!(f, "provider responded with {status}: {message}"),
            Self::Unreachable(_) => f.write_str("provider does not respond"),
            Self::Unreadable(_) => f.write_str("unexpected response from the provider"),
        }
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unreachable(error) => Some(&**error),
            Self::Unreadable(error) => Some(error),
            _ => None,
        }
    }
}
