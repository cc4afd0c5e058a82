//! How providers ask an endpoint whether it is one, and what they are answered.
//!
//! An unsigned handshake is answered and goes no further; a signed one is answered once its
//! signature was found to be right. Neither ever lets an unsigned event through.

use std::{borrow::Cow, fmt, time::SystemTime};

use bytes::Bytes;
use http::{HeaderValue, Method, Response, header, request::Parts};

use crate::{
    Secrets,
    verify::{
        Check, Profile, PublicUrl, SchemeVerifier, Verifier, VerifyError, VerifyToken, constant_time_eq,
        parameter,
    },
};

/// A provider's handshake: what is answered to a request by its head, and to one that was verified.
#[derive(Clone, Copy)]
pub(super) struct Handshake {
    pub(super) unsigned: fn(&Asked<'_>) -> Option<Response<Bytes>>,
    pub(super) signed: fn(&Asked<'_>, &Bytes) -> Option<Response<Bytes>>,
}

/// What a handshake is answered from.
pub(super) struct Asked<'a> {
    pub(super) head: &'a Parts,
    pub(super) secrets: &'a Secrets,
}

impl Handshake {
    /// None of either kind; what a handshake lacks is taken from it.
    const NONE: Self = Self { unsigned: |_| None, signed: |_, _| None };
}

/// Meta: `GET ?hub.mode=subscribe&hub.verify_token=…&hub.challenge=…`, whose challenge is echoed to
/// who knows the token.
pub(super) const META: Handshake = Handshake {
    unsigned: |asked| {
        let is_subscription = asked.head.method == Method::GET && asked.query("hub.mode")? == "subscribe";
        let knows_token =
            constant_time_eq(asked.query("hub.verify_token")?.as_bytes(), asked.verify_token()?);
        (is_subscription && knows_token)
            .then(|| asked.query("hub.challenge"))
            .flatten()
            .map(|text| echo(&text))
    },
    ..Handshake::NONE
};

impl<'a> Asked<'a> {
    /// The first value of a parameter in the query.
    pub(super) fn query(&self, name: &str) -> Option<Cow<'a, str>> {
        parameter(self.head.uri.query()?.as_bytes(), name)
    }

    /// What the layer was given as [`verify_token`](crate::WebhookLayer::verify_token).
    pub(super) fn verify_token(&self) -> Option<&'a [u8]> {
        self.head.extensions.get::<VerifyToken>().map(|token| token.0.expose().as_bytes())
    }

    /// What the layer was given as [`public_url`](crate::WebhookLayer::public_url).
    pub(super) fn public_url(&self) -> Option<&'a str> {
        self.head.extensions.get::<PublicUrl>().map(|url| &*url.0)
    }
}

/// A text that somebody else chose, said back: as plain text, and nothing a browser would guess at.
fn echo(text: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::copy_from_slice(text.as_bytes()));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A scheme's verifier, with its provider's handshake.
pub(super) struct Shaking {
    pub(super) verifier: SchemeVerifier,
    pub(super) handshake: Handshake,
    pub(super) secrets: Secrets,
}

impl Verifier for Shaking {
    fn begin<'a>(&'a self, head: &'a Parts, now: SystemTime) -> Result<Box<dyn Check + 'a>, VerifyError> {
        self.verifier.begin(head, now)
    }

    fn profile(&self) -> &Profile {
        self.verifier.profile()
    }

    fn handshake(&self, head: &Parts) -> Option<Response<Bytes>> {
        (self.handshake.unsigned)(&Asked { head, secrets: &self.secrets })
    }

    fn signed_handshake(&self, head: &Parts, body: &Bytes) -> Option<Response<Bytes>> {
        (self.handshake.signed)(&Asked { head, secrets: &self.secrets }, body)
    }
}

impl fmt::Debug for Shaking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.verifier.fmt(f)
    }
}
