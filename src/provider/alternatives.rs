//! Verification for providers with several forms of a delivery: a renamed signature header, JSON in a form
//! field or in the query, or canonical JSON.

use std::{borrow::Cow, time::SystemTime};

use bytes::Bytes;
use http::{Method, request::Parts};

use super::handshake::is_form;
#[cfg(feature = "canonical-json")]
use crate::verify::without_bom;
use crate::verify::{
    Check, Finish, Finishing, Location, Profile, RequestContext, SchemeVerifier, Verifier, VerifyError,
    form_field, parameter,
};

/// Begins the verification with each scheme whose signature the request has.
///
/// An attacker can remove or add a header of a captured request, and thereby choose the scheme. So all
/// schemes must be equally strong, and content signed under one scheme must not have another meaning under
/// any other scheme.
pub(super) fn begin<'a>(
    schemes: &'a [SchemeVerifier],
    profile: &Profile,
    request: &RequestContext<'a>,
) -> Result<Box<dyn Check + 'a>, VerifyError> {
    let head = request.head();
    let first = schemes.first().ok_or(VerifyError::missing("provider has no scheme"))?;
    let has_own_id = |scheme: &SchemeVerifier| {
        // Locations that the caller set with `with_profile` take precedence.
        scheme.profile().id() != first.profile().id() && profile.id() == first.profile().id()
    };
    let ids_differ = schemes.iter().any(has_own_id);
    let begin = |scheme: &'a SchemeVerifier| -> Result<Box<dyn Check + 'a>, VerifyError> {
        let check = scheme.begin(request)?;
        Ok(match ids_differ {
            true => Box::new(SchemeCheck { check, profile: scheme.profile(), head }),
            false => check,
        })
    };
    let mut found: Option<Result<Box<dyn Check + 'a>, VerifyError>> = None;
    for scheme in schemes.iter().filter(|scheme| scheme.has_signature(head)) {
        found = Some(match (found, begin(scheme)) {
            (Some(Ok(first)), Ok(second)) => Ok(Box::new(EitherCheck { first, second })),
            (Some(Ok(first)), Err(_)) => Ok(first),
            (Some(Err(_)) | None, check @ Ok(_)) => check,
            (None, error) => error,
            (Some(error), Err(_)) => error,
        });
    }
    found.unwrap_or_else(|| begin(first))
}

/// The checks of two schemes. One of them must succeed.
struct EitherCheck<'a> {
    first: Box<dyn Check + 'a>,
    second: Box<dyn Check + 'a>,
}

impl Check for EitherCheck<'_> {
    fn timestamp(&self) -> Option<SystemTime> {
        // The layer checks the timestamp before it knows which check succeeds, so return a timestamp only if
        // both checks have the same one.
        self.first.timestamp().filter(|timestamp| self.second.timestamp() == Some(*timestamp))
    }

    fn update(&mut self, bytes: &[u8]) {
        self.first.update(bytes);
        self.second.update(bytes);
    }

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        match self.first.finish(body) {
            Finish(Finishing::Now(Err(first))) => match self.second.finish(body) {
                Finish(Finishing::Now(Err(_))) => Err(first).into(),
                second => second,
            },
            first => first,
        }
    }
}

/// The check of one scheme out of several with different locations of the id. It takes the id from that
/// scheme's locations, because the signature does not cover the locations of the other schemes.
struct SchemeCheck<'a> {
    check: Box<dyn Check + 'a>,
    profile: &'a Profile,
    head: &'a Parts,
}

impl Check for SchemeCheck<'_> {
    fn timestamp(&self) -> Option<SystemTime> {
        self.check.timestamp()
    }

    fn update(&mut self, bytes: &[u8]) {
        self.check.update(bytes);
    }

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        let find = |location: &Location| {
            let value = location.first(self.head, body)?;
            Some(value.as_str()).filter(|id| !id.is_empty()).map(Box::<str>::from)
        };
        let id = self.profile.id().iter().find_map(find);
        self.check.finish(body).map(|verified| verified.with_final_id(id))
    }
}

/// The check of a provider that signs the JSON in a form field or in a query parameter, instead of the whole
/// form or query. The JSON is the payload.
pub(super) struct FieldCheck<'a> {
    check: Box<dyn Check + 'a>,
    head: &'a Parts,
    field: &'static str,
}

impl<'a> FieldCheck<'a> {
    /// Returns `check` itself for a request whose body is the JSON.
    pub(super) fn of(
        check: Box<dyn Check + 'a>,
        head: &'a Parts,
        field: &'static str,
    ) -> Box<dyn Check + 'a> {
        match head.method == Method::GET || is_form(head) {
            true => Box::new(Self { check, head, field }),
            false => check,
        }
    }
}

/// Returns the JSON in the query of a `GET`, or in a form.
pub(super) fn json_in_field<'b>(head: &Parts, body: &'b [u8], field: &str) -> Option<Cow<'b, [u8]>> {
    match head.method {
        Method::GET => {
            let value = parameter(head.uri.query()?.as_bytes(), field)?;
            Some(Cow::Owned(value.into_owned().into_bytes()))
        }
        _ if is_form(head) => form_field(body, field),
        _ => None,
    }
}

impl Check for FieldCheck<'_> {
    fn timestamp(&self) -> Option<SystemTime> {
        self.check.timestamp()
    }

    fn update(&mut self, _: &[u8]) {}

    fn finish(mut self: Box<Self>, body: &Bytes) -> Finish {
        let json = json_in_field(self.head, body, self.field).map(|json| Bytes::copy_from_slice(&json));
        let signed = json.as_ref().unwrap_or(body);
        self.check.update(signed);
        let finish = self.check.finish(signed);
        match json {
            Some(json) => finish.map(|verified| verified.with_payload(json)),
            None => finish,
        }
    }
}

/// The part of a request that the signature covers.
#[derive(Clone, Copy)]
pub(super) enum SignedContent {
    /// The body as sent.
    Body,
    /// The JSON in this form field or query parameter, if the request has one.
    Field(&'static str),
    /// The canonical form of the body's JSON (RFC 8785).
    CanonicalJson,
}

/// Returns a check that also accepts a signature of the canonical form of the body.
#[cfg(feature = "canonical-json")]
pub(super) fn canonical<'a>(
    check: Box<dyn Check + 'a>,
    scheme: &'a SchemeVerifier,
    request: &RequestContext<'a>,
) -> Box<dyn Check + 'a> {
    Box::new(CanonicalCheck { check, scheme, request: *request })
}

/// Returns `check`. Without the feature `canonical-json`, bodies must arrive in their canonical form.
#[cfg(not(feature = "canonical-json"))]
pub(super) fn canonical<'a>(
    check: Box<dyn Check + 'a>,
    _: &'a SchemeVerifier,
    _: &RequestContext<'a>,
) -> Box<dyn Check + 'a> {
    check
}

/// The check of a body that may be signed in its canonical form. If the signature covers the canonical form,
/// this form is the payload: the body as sent can repeat a key, and another parser could read the value that
/// is not signed.
#[cfg(feature = "canonical-json")]
struct CanonicalCheck<'a> {
    check: Box<dyn Check + 'a>,
    scheme: &'a SchemeVerifier,
    request: RequestContext<'a>,
}

#[cfg(feature = "canonical-json")]
impl CanonicalCheck<'_> {
    /// The largest body in bytes that is parsed before it is verified. Parsed JSON takes up to 50 times as
    /// much memory as the body.
    const LARGEST: usize = 256 * 1024;
}

#[cfg(feature = "canonical-json")]
impl Check for CanonicalCheck<'_> {
    fn timestamp(&self) -> Option<SystemTime> {
        self.check.timestamp()
    }

    fn update(&mut self, bytes: &[u8]) {
        self.check.update(bytes);
    }

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        let finish = self.check.finish(body);
        if !matches!(finish, Finish(Finishing::Now(Err(_)))) || body.len() > Self::LARGEST {
            return finish;
        }
        match (canonical_json(body), self.scheme.begin(&self.request)) {
            (Some(canonical), Ok(mut check)) if canonical != body => {
                check.update(&canonical);
                let payload = canonical.clone();
                check.finish(&canonical).map(|verified| verified.with_payload(payload))
            }
            _ => finish,
        }
    }
}

/// Returns the canonical form of a JSON body.
#[cfg(feature = "canonical-json")]
pub(super) fn canonical_json(body: &[u8]) -> Option<Bytes> {
    let json = serde_json::from_slice::<serde_json::Value>(without_bom(body)).ok()?;
    serde_json_canonicalizer::to_vec(&json).ok().map(Bytes::from)
}

/// Returns `None`. Without the feature `canonical-json`, bodies must be in their canonical form.
#[cfg(all(feature = "test-util", not(feature = "canonical-json")))]
pub(super) fn canonical_json(_: &[u8]) -> Option<Bytes> {
    None
}
