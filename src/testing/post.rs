use std::{fmt, time::SystemTime};

use bytes::Bytes;
use http::{HeaderValue, Request, header, request::Parts};
use serde::Serialize;

use super::{CannotSign, Signer, sign_at};
use crate::verify::{
    Location,
    signing::{Write, form_with, json_with},
};

/// Builds a signed `POST` request to `uri`, such as `/hooks/github`.
///
/// ```
/// # use axum::{Router, body::Body, routing::post};
/// # use http::StatusCode;
/// # use tower::ServiceExt;
/// use serde_json::json;
/// use tower_webhook::{Delivery, Secret, WebhookLayer, provider, testing};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tower_webhook::BoxError> {
/// let github = provider::github("a secret".parse::<Secret>()?);
/// let layer = WebhookLayer::with_verifier(github.clone());
/// let handler = async |delivery: Delivery| delivery.event_type().unwrap_or_default().to_owned();
/// let app = Router::new().route("/hooks/github", post(handler).layer(layer));
///
/// let push = testing::post(&github, "/hooks/github").event("push").json::<Body>(&json!({"ref": "main"}))?;
/// let response = app.oneshot(push).await?;
/// assert_eq!(response.status(), StatusCode::OK);
/// # Ok(())
/// # }
/// ```
///
/// Specify the body type, as in `json::<Body>`, if the service accepts more than one. axum's `Router` and the
/// layer do.
pub fn post<'s, S>(signer: &'s S, uri: &str) -> Post<'s>
where
    S: Signer + ?Sized,
{
    Post { signer: Box::new(signer), uri: uri.to_owned(), event_type: None, headers: Vec::new(), at: None }
}

/// The builder that [`post`] returns.
#[must_use = "`json` or `body` builds the request"]
pub struct Post<'s> {
    signer: Box<dyn Signer + 's>,
    uri: String,
    event_type: Option<String>,
    headers: Vec<(String, String)>,
    at: Option<SystemTime>,
}

impl Post<'_> {
    /// Sets the event type. It is written to the place where the provider sends it: a header, the query, the
    /// JSON body or the form. Default: the request is left as it is.
    pub fn event(mut self, event_type: &str) -> Self {
        self.event_type = Some(event_type.to_owned());
        self
    }

    /// Adds a header, such as the delivery id. Signing adds the headers that the signature requires and the
    /// header of the delivery id, unless they are present.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the time of the signature. Default: the current time.
    pub fn at(mut self, at: SystemTime) -> Self {
        self.at = Some(at);
        self
    }

    /// Builds and signs the request with `value` as its JSON body.
    ///
    /// # Errors
    ///
    /// Returns an error if `value` cannot be serialized, or in the cases that [`body`](Self::body) documents.
    pub fn json<B: From<Bytes>>(self, value: &(impl Serialize + ?Sized)) -> Result<Request<B>, CannotSign> {
        let json = serde_json::to_vec(value).map_err(|error| CannotSign::new(error.to_string()))?;
        self.build(json.into(), Some("application/json"))
    }

    /// Builds and signs the request with `body`. Sets no `content-type`; use [`header`](Self::header) for
    /// that.
    ///
    /// # Errors
    ///
    /// Returns an error if the URI or a header is invalid, if the provider has no location for the [event
    /// type](Self::event), or in the cases that [`sign`](super::sign) documents.
    pub fn body<B: From<Bytes>>(self, body: impl Into<Bytes>) -> Result<Request<B>, CannotSign> {
        self.build(body.into(), None)
    }

    fn build<B: From<Bytes>>(
        self,
        mut body: Bytes,
        content_type: Option<&'static str>,
    ) -> Result<Request<B>, CannotSign> {
        let Self { signer, uri, event_type, headers, at } = self;
        let request =
            headers.iter().fold(Request::post(uri), |request, (name, value)| request.header(name, value));
        let request = request.body(()).map_err(|error| CannotSign::new(error.to_string()))?;
        let (mut head, ()) = request.into_parts();
        if let Some(content_type) = content_type {
            head.headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
        }
        if let Some(event_type) = event_type {
            let place = signer.facts().event_type().first();
            let place = place.ok_or_else(no_place)?;
            body = write_event_type(place, &event_type, &mut head, body)?;
        }
        let request = Request::from_parts(head, body);
        Ok(sign_at(&signer, request, at.unwrap_or_else(SystemTime::now))?.map(B::from))
    }
}

impl fmt::Debug for Post<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post")
            .field("provider", &self.signer.facts().provider())
            .field("uri", &self.uri)
            .field("event_type", &self.event_type)
            .finish_non_exhaustive()
    }
}

fn write_event_type(
    place: &Location,
    event_type: &str,
    head: &mut Parts,
    body: Bytes,
) -> Result<Bytes, CannotSign> {
    match place {
        Location::Header(name) => head.write_header(name, event_type)?,
        Location::Query(name) => head.write_query(name, event_type)?,
        Location::Json(pointer) => return json_with(&body, pointer, event_type),
        Location::Form(name) => return form_with(&body, name, event_type),
        Location::Field(_) | Location::Item(_) => return Err(no_place()),
    }
    Ok(body)
}

fn no_place() -> CannotSign {
    CannotSign::new("provider has no location for an event type")
}
