//! The provider's management API, as far as it is needed here, and what is known of it.
//!
//! Documented, in "Incoming Messages" on docs.whatsable.app, and for all but `create` in the provider's
//! repository `whatsapp-business-agent-skills` (`references/webhooks-reference.md`):
//!
//! | | |
//! |---|---|
//! | `POST /api:qh9OQ3OW/webhook/dev/create` | makes an endpoint; the answer has its `signature_secret`, once |
//! | `GET /api:qh9OQ3OW/webhook/dev` | all endpoints, an array |
//! | `PATCH /api:qh9OQ3OW/webhook/dev/{id}` | writes an endpoint, and wants the whole of it |
//! | `DELETE /api:qh9OQ3OW/webhook/dev/{id}` | |
//!
//! Each with a bearer token, and with the `Origin` of the provider's console. A URL that is registered
//! already is "Same webhook exist", 400; a token that is not good is 401.
//!
//! Assumed, for it is not documented:
//!
//! * what failed is said in `message` of a JSON object, or not at all;
//! * an endpoint that was written without `signature_secret` keeps the one it has;
//! * an id that there is not is a 404. It is looked for among the account's own first, so that a typing
//!   error is found out before anything is changed.

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
const LONGEST: Duration = Duration::from_secs(15);
const LARGEST: usize = 4 << 20;

pub(crate) struct Api {
    client: HttpClient,
    base_url: String,
    bearer: HeaderValue,
}

/// An endpoint as the API has it. Of its secret it has no field: what is not read is not shown.
#[derive(Deserialize, Serialize)]
pub(crate) struct Endpoint {
    pub(crate) id: u64,
    /// Its URL.
    pub(crate) webhooks: String,
    /// Whether it is enabled.
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

/// An endpoint that was just made. Its id may be anything: the secret is not to be lost for that.
#[derive(Deserialize)]
pub(crate) struct Registered {
    #[serde(default)]
    pub(crate) id: Value,
    pub(crate) signature_secret: Option<String>,
}

impl Api {
    pub(crate) fn new(client: HttpClient, base_url: &str) -> Result<Self, BoxError> {
        let url: Uri = base_url.parse().map_err(|_| format!("the base URL {base_url} is no URL"))?;
        // The key opens the whole account: it is not sent in the clear, but to this very machine.
        let is_here = matches!(url.host(), Some("127.0.0.1" | "localhost"));
        if url.scheme() != Some(&Scheme::HTTPS) && !is_here {
            return Err(format!("the base URL {base_url} is not https").into());
        }
        let key = env::var("NOTIFYER_API_KEY").map_err(|_| "NOTIFYER_API_KEY is not set")?;
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", key.trim()))
            .map_err(|_| "NOTIFYER_API_KEY is no key: there are characters in it that cannot be sent")?;
        bearer.set_sensitive(true);
        Ok(Self { client, base_url: base_url.trim_end_matches('/').to_owned(), bearer })
    }

    /// Makes an endpoint. It is always a signed one: others cannot be told from anybody's.
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
            Ok((head.status, Limited::new(body, LARGEST).collect().await?.to_bytes()))
        };
        let answered: Result<_, BoxError> =
            timeout(LONGEST, calling).await.unwrap_or_else(|late| Err(late.into()));
        let (status, body) = answered.map_err(ApiError::Unreachable)?;
        if status.is_success() { Ok(body) } else { Err(ApiError::of(status, &body)) }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(ApiError::Unreadable)
}

/// Why the API did not do what it was asked for.
#[derive(Debug)]
pub(crate) enum ApiError {
    DuplicateUrl,
    Unauthorised,
    NotFound,
    Refused { status: StatusCode, message: String },
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
            // It is shown on a terminal, so not whatever it is, and not all of it.
            _ => Self::Refused {
                status,
                message: message.chars().take(200).flat_map(char::escape_debug).collect(),
            },
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateUrl => f.write_str("this URL is registered already: see `list`"),
            Self::Unauthorised => f.write_str("the provider does not accept the key in NOTIFYER_API_KEY"),
            Self::NotFound => f.write_str("there is no such endpoint: see `list`"),
            Self::Refused { status, message } if message.is_empty() => {
                write!(f, "the provider answers {status}")
            }
            Self::Refused { status, message } => write!(f, "the provider answers {status}: {message}"),
            Self::Unreachable(_) => f.write_str("the provider does not answer"),
            Self::Unreadable(_) => f.write_str("the provider's answer is not what was expected"),
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
