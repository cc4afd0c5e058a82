//! Verification handshakes.
//!
//! The layer responds to an unsigned handshake without verifying a signature, and to a signed handshake once
//! it has verified the signature. Some unsigned handshakes require the secret or a verify token instead.
//! Unverified events never reach the handler.

mod shared;

use std::{borrow::Cow, time::SystemTime};

use bytes::Bytes;
use hmac::{KeyInit, Mac, digest::Output};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header, request::Parts};
use serde_json::Value;

#[cfg(feature = "jwt")]
pub(super) use self::shared::permission_for;
pub(super) use self::shared::{
    CHALLENGE, HOOK_SECRET, REACHABLE, bearer, permission_to_send, short_body, short_body_with,
};
use crate::{
    Secret,
    verify::{
        Check, Finish, RequestContext, VerifyError, constant_time_eq, digits, matching_token, parameter,
        single_header,
    },
};

/// The handshake of a provider: functions that return the response to an unsigned and to a signed request.
#[derive(Clone, Copy)]
pub(super) struct Handshake {
    pub(super) unsigned: fn(&HandshakeRequest<'_>) -> Option<Response<Bytes>>,
    pub(super) signed: fn(&HandshakeRequest<'_>, &Bytes) -> Option<Response<Bytes>>,
    /// The unsigned handshake with a body, if the provider has one.
    pub(super) unsigned_post: Option<UnsignedPost>,
    /// Returns whether the unsigned handshake would sign this text for any client. The layer rejects a body
    /// that is such a text, even if its signature matches.
    pub(super) signs: Option<fn(&[u8]) -> bool>,
    /// Returns the name of the query parameter with the verify token, if the request is a handshake that
    /// requires this token.
    pub(super) token: fn(&HandshakeRequest<'_>) -> Option<&'static str>,
}

/// An unsigned `POST` that a provider sends when a webhook is set up or tested.
#[derive(Clone, Copy)]
pub(super) struct UnsignedPost {
    /// Returns whether a request with this head may be such a `POST`. If not, the layer does not read the
    /// body.
    pub(super) has_head: fn(&HandshakeRequest<'_>) -> bool,
    /// Returns the response to a `POST` with this body, or `None` if the body is not that of the handshake.
    pub(super) response: fn(&HandshakeRequest<'_>, &[u8]) -> Option<Response<Bytes>>,
}

impl UnsignedPost {
    /// The largest body in bytes.
    const LARGEST: u64 = 4096;

    /// Returns the check of an unsigned request that may be the handshake, and `error` for any other request.
    pub(super) fn check<'a>(
        self,
        request: HandshakeRequest<'a>,
        error: VerifyError,
    ) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let length = request.header(header::CONTENT_LENGTH.as_str());
        let length = length.and_then(|length| digits(length.as_bytes()));
        let is_short = length.is_some_and(|length| (1..=Self::LARGEST).contains(&length));
        match request.is(&Method::POST) && is_short && (self.has_head)(&request) {
            true => Ok(Box::new(UnsignedPostCheck { request, response: self.response, error })),
            false => Err(error),
        }
    }
}

/// The check of a request without a signature. It never succeeds.
struct UnsignedPostCheck<'a> {
    request: HandshakeRequest<'a>,
    response: fn(&HandshakeRequest<'_>, &[u8]) -> Option<Response<Bytes>>,
    error: VerifyError,
}

impl Check for UnsignedPostCheck<'_> {
    fn update(&mut self, _: &[u8]) {}

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        let error = match (self.response)(&self.request, body) {
            Some(response) => VerifyError::handshake(response, self.error),
            None => self.error,
        };
        Err(error).into()
    }
}

/// A handshake request, with the provider's secrets.
pub(super) struct HandshakeRequest<'a> {
    pub(super) request: RequestContext<'a>,
    pub(super) secrets: &'a [Secret],
}

impl Handshake {
    /// No handshake.
    pub(super) const NONE: Self =
        Self { unsigned: |_| None, signed: |_, _| None, unsigned_post: None, signs: None, token: |_| None };

    /// Returns an error if the handshake requires a verify token, but the layer has no verify token or the
    /// request does not contain the layer's token. Both errors have the kind of a missing signature, so that
    /// clients cannot distinguish them.
    pub(super) fn token_error(&self, request: &HandshakeRequest<'_>) -> Option<VerifyError> {
        let name = (self.token)(request)?;
        if request.verify_token().is_none() {
            return Some(no_verify_token());
        }
        (!request.knows_token(name)).then(|| {
            VerifyError::missing(format!(
                "query parameter `{name}` is missing or does not match the layer's `verify_token`"
            ))
        })
    }

    /// Returns the response to an unsigned handshake, for a provider without secrets.
    #[cfg(feature = "asymmetric")]
    pub(super) fn without_secrets(&self, request: &RequestContext<'_>) -> Option<Response<Bytes>> {
        (self.unsigned)(&HandshakeRequest { request: *request, secrets: &[] })
    }
}

impl<'a> HandshakeRequest<'a> {
    pub(super) fn head(&self) -> &'a Parts {
        self.request.head()
    }

    pub(super) fn is(&self, method: &Method) -> bool {
        self.head().method == *method
    }

    /// Returns whether the content type is that of a form.
    pub(super) fn is_form(&self) -> bool {
        is_form(self.head())
    }

    /// Returns the first value of a query parameter.
    pub(super) fn query(&self, name: &str) -> Option<Cow<'a, str>> {
        parameter(self.head().uri.query()?.as_bytes(), name)
    }

    /// Returns the value of a header, if there is exactly one.
    pub(super) fn header(&self, name: &'static str) -> Option<&'a HeaderValue> {
        single_header(&self.head().headers, &HeaderName::from_static(name)).ok()
    }

    /// Returns the layer's [`verify_token`](crate::WebhookLayer::verify_token).
    pub(super) fn verify_token(&self) -> Option<&'a [u8]> {
        self.request.verify_token().map(Secret::expose)
    }

    /// Returns whether the query parameter `name` equals the layer's verify token. Returns `false` if the
    /// layer has no token.
    pub(super) fn knows_token(&self, name: &str) -> bool {
        let token = self.query(name).zip(self.verify_token());
        token.is_some_and(|(sent, token)| constant_time_eq(sent.as_bytes(), token))
    }

    /// Returns whether `sent` is one of the secrets.
    pub(super) fn is_secret(&self, sent: &[u8]) -> bool {
        matching_token(self.secrets.iter().map(Secret::expose), sent).is_some()
    }
}

/// Returns a response that echoes `text` as plain text, so that browsers do not guess another type. Returns
/// `None` if `text` is empty or too long for a challenge.
pub(super) fn echo(text: &str) -> Option<Response<Bytes>> {
    const MAX: usize = 4096;
    (!text.is_empty() && text.len() <= MAX)
        .then(|| response_of_type("text/plain; charset=utf-8", Bytes::copy_from_slice(text.as_bytes())))
}

/// Returns a response with JSON.
pub(super) fn json_response(value: &Value) -> Response<Bytes> {
    response_of_type("application/json", value.to_string().into())
}

fn response_of_type(content_type: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Returns whether a request's content type is that of a form.
pub(super) fn is_form(head: &Parts) -> bool {
    const FORM: &[u8] = b"application/x-www-form-urlencoded";
    let content_type = head.headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let start = content_type.and_then(|value| value.get(..FORM.len()));
    start.is_some_and(|start| start.eq_ignore_ascii_case(FORM))
}

/// Returns an empty response with a status.
pub(super) fn empty_response(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

/// Returns the MAC of the concatenated `parts`. Never returns `None`, because HMAC accepts keys of any
/// length.
pub(super) fn mac<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Option<Output<M>> {
    let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
    parts.iter().for_each(|part| mac.update(part));
    Some(mac.finalize().into_bytes())
}

pub(super) fn no_verify_token() -> VerifyError {
    VerifyError::missing("layer's `verify_token` is not set, but the handshake requires it")
}

/// A check that rejects bodies that the provider's handshake would sign for any client.
pub(super) struct ChallengeCheck<'a> {
    pub(super) check: Box<dyn Check + 'a>,
    pub(super) signs: fn(&[u8]) -> bool,
}

impl Check for ChallengeCheck<'_> {
    fn timestamp(&self) -> Option<SystemTime> {
        self.check.timestamp()
    }

    fn update(&mut self, bytes: &[u8]) {
        self.check.update(bytes);
    }

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        if (self.signs)(body) {
            return Err(is_challenge()).into();
        }
        self.check.finish(body)
    }
}

pub(super) fn is_challenge() -> VerifyError {
    VerifyError::wrong("body is a handshake challenge")
}

#[cfg(test)]
pub(super) mod testing {
    use http::Request;

    use super::*;

    /// Returns the handshake's response to a `GET` with this query. The context has a verify token and a
    /// public URL.
    pub(in crate::provider) fn unsigned(handshake: Handshake, secret: Secret, query: &str) -> Option<String> {
        let request = Request::get(format!("http://www.testendpoint.com/webhook?{query}")).body(()).ok()?;
        let head = request.into_parts().0;
        let token = "71745723-d031-455c-bfa5-f90d11b4f20a".parse().ok()?;
        let request = RequestContext::new(&head)
            .public_url("http://www.testendpoint.com/webhook")
            .with_verify_token(&token);
        let response = (handshake.unsigned)(&HandshakeRequest { request, secrets: &[secret] })?;
        String::from_utf8(response.into_body().to_vec()).ok()
    }
}
