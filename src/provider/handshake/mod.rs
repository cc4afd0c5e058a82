//! How providers ask an endpoint whether it is one, and what they are answered.
//!
//! An unsigned handshake is answered and goes no further; a signed one is answered once its
//! signature was found to be right. Neither ever lets an unsigned event through.

mod signed;
mod unsigned;

use std::{borrow::Cow, fmt, sync::Arc, time::SystemTime};

use bytes::Bytes;
use hmac::{KeyInit, Mac, digest::Output};
use http::{HeaderValue, Method, Response, StatusCode, header, request::Parts};
use serde_json::Value;

#[allow(unused_imports, reason = "their providers are wired by a feature")]
pub(super) use self::{
    signed::{DISCORD, MONDAY},
    unsigned::EBAY,
};
pub(super) use self::{
    signed::{FRONT, SLACK, TWITCH, ZOOM},
    unsigned::{
        ASANA, BRAINTREE, CHALLENGE, CLOUDEVENTS, CRC, EVENT_GRID, META, MS_GRAPH, OKTA, REACHABLE, WEBSUB,
        bearer,
    },
};
#[cfg(feature = "test-util")]
use crate::verify::signing::CannotSign;
use crate::{
    Secret, Secrets,
    verify::{Check, Finish, Profile, Verifier, VerifyError, VerifyToken, constant_time_eq, parameter},
};

/// A provider's handshake: what is answered to a request by its head, and to one that was verified.
#[derive(Clone, Copy)]
pub(super) struct Handshake {
    pub(super) unsigned: fn(&Asked<'_>) -> Option<Response<Bytes>>,
    pub(super) signed: fn(&Asked<'_>, &Bytes) -> Option<Response<Bytes>>,
    /// Whether the unsigned handshake signs this text for anybody who asks. A body that it could
    /// have signed is no event, however right its signature is.
    pub(super) signs: Option<fn(&[u8]) -> bool>,
}

/// What a handshake is answered from.
pub(super) struct Asked<'a> {
    pub(super) head: &'a Parts,
    pub(super) secrets: &'a [Secret],
}

impl Handshake {
    /// None of either kind; what a handshake lacks is taken from it.
    const NONE: Self = Self { unsigned: |_| None, signed: |_, _| None, signs: None };

    /// What is answered by the head alone, where the provider is not made of secrets.
    #[cfg(feature = "asymmetric")]
    pub(super) fn without_secrets(&self, head: &Parts) -> Option<Response<Bytes>> {
        (self.unsigned)(&Asked { head, secrets: &[] })
    }
}

impl<'a> Asked<'a> {
    fn is(&self, method: &Method) -> bool {
        self.head.method == *method
    }

    /// The first value of a parameter in the query.
    fn query(&self, name: &str) -> Option<Cow<'a, str>> {
        parameter(self.head.uri.query()?.as_bytes(), name)
    }

    /// The value of a header, if there is just one.
    fn header(&self, name: &str) -> Option<&'a HeaderValue> {
        let mut values = self.head.headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none())
    }

    /// What the layer was given as [`verify_token`](crate::WebhookLayer::verify_token).
    fn verify_token(&self) -> Option<&'a [u8]> {
        self.head.extensions.get::<VerifyToken>().map(|token| token.0.expose().as_bytes())
    }

    /// Whether a parameter is the token that the layer was given. Nothing is, if it was given none.
    fn knows_token(&self, name: &str) -> bool {
        let token = self.query(name).zip(self.verify_token());
        token.is_some_and(|(sent, token)| constant_time_eq(sent.as_bytes(), token))
    }

    /// Whether this is one of the secrets, each compared so that the time does not tell.
    fn is_secret(&self, sent: &[u8]) -> bool {
        let is_it = |secret: &Secret| constant_time_eq(sent, secret.expose().as_bytes());
        self.secrets.iter().fold(false, |any, secret| any | is_it(secret))
    }
}

/// A text that somebody else chose, said back: as plain text, and nothing a browser would guess at.
/// Challenges are short; none is said back that is not.
fn echo(text: &str) -> Option<Response<Bytes>> {
    const MOST: usize = 4096;
    (!text.is_empty() && text.len() <= MOST)
        .then(|| answer("text/plain; charset=utf-8", Bytes::copy_from_slice(text.as_bytes())))
}

/// An answer in JSON.
fn json(value: &Value) -> Response<Bytes> {
    answer("application/json", value.to_string().into())
}

fn answer(content_type: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// An answer that says all by its status.
fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

/// The MAC of `parts`, one after another. HMAC takes keys of any length, so there always is one.
fn mac<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Option<Output<M>> {
    let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
    parts.iter().for_each(|part| mac.update(part));
    Some(mac.finalize().into_bytes())
}

/// A verifier, with its provider's handshake.
pub(super) struct Shaking {
    pub(super) verifier: Arc<dyn Verifier>,
    pub(super) handshake: Handshake,
    pub(super) secrets: Secrets,
}

impl Verifier for Shaking {
    fn begin<'a>(&'a self, head: &'a Parts, now: SystemTime) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let check = self.verifier.begin(head, now)?;
        Ok(match self.handshake.signs {
            Some(signs) => Box::new(NoChallenge { check, signs }),
            None => check,
        })
    }

    fn profile(&self) -> &Profile {
        self.verifier.profile()
    }

    fn handshake(&self, head: &Parts) -> Option<Response<Bytes>> {
        (self.handshake.unsigned)(&Asked { head, secrets: self.secrets.as_slice() })
    }

    fn signed_handshake(&self, head: &Parts, body: &Bytes) -> Option<Response<Bytes>> {
        (self.handshake.signed)(&Asked { head, secrets: self.secrets.as_slice() }, body)
    }

    #[cfg(feature = "test-util")]
    fn sign(&self, head: &mut Parts, body: &mut Bytes, at: SystemTime) -> Result<(), CannotSign> {
        if self.handshake.signs.is_some_and(|signs| signs(body)) {
            return Err(is_challenge().into());
        }
        self.verifier.sign(head, body, at)
    }
}

impl fmt::Debug for Shaking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shaking").field(&self.verifier.profile()).finish()
    }
}

/// The check of a provider whose handshake signs what anybody sends: refuses bodies that could have
/// been signed so.
struct NoChallenge<'a> {
    check: Box<dyn Check + 'a>,
    signs: fn(&[u8]) -> bool,
}

impl Check for NoChallenge<'_> {
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

fn is_challenge() -> VerifyError {
    VerifyError::wrong("the body is a challenge, which is signed for anybody who asks")
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::verify::PublicUrl;

    /// The answer to a `GET` of this query, by a layer with a token and a URL.
    fn unsigned(handshake: Handshake, secret: Secret, query: &str) -> Option<String> {
        let request = Request::get(format!("http://www.testendpoint.com/webhook?{query}")).body(()).ok()?;
        let mut head = request.into_parts().0;
        head.extensions.insert(VerifyToken("71745723-d031-455c-bfa5-f90d11b4f20a".parse().ok()?));
        head.extensions.insert(PublicUrl::Given("http://www.testendpoint.com/webhook".into()));
        let response = (handshake.unsigned)(&Asked { head: &head, secrets: &[secret] })?;
        String::from_utf8(response.into_body().to_vec()).ok()
    }

    #[test]
    fn braintree_signs_challenges_and_nothing_else() -> Result<(), crate::InvalidSecret> {
        let secret = "integration_private_key".parse::<Secret>()?.with_key_id("integration_public_key");
        let sign =
            |challenge: &str| unsigned(BRAINTREE, secret.clone(), &format!("bt_challenge={challenge}"));
        // From the provider's own library.
        let known = "integration_public_key|d9b899556c966b3f06945ec21311865d35df3ce4";
        assert_eq!(sign("20f9f8ed05f77439fe955c977e4c8a53").as_deref(), Some(known));
        for payload in
            ["", "20f9f8ed05f77439fe9", "20f9f8ed05f77439fe955c977e4c8a530", "PG5vdGlmaWNhdGlvbj48"]
        {
            assert_eq!(sign(payload), None, "{payload}");
        }
        // Without the public key there is no answer to give.
        let nameless = "integration_private_key".parse()?;
        assert_eq!(unsigned(BRAINTREE, nameless, "bt_challenge=20f9f8ed05f77439fe955c977e4c8a53"), None);
        Ok(())
    }

    #[test]
    fn ebay_is_answered_with_the_hash_of_code_token_and_endpoint() -> Result<(), crate::InvalidSecret> {
        let answer = unsigned(EBAY, "-".parse()?, "challenge_code=71745723-d031-455c-bfa5-f90d11b4f20a");
        let hash = "048de9ffd0e35021fefc0388d5c52e0f475324f582f3778ca81a53354ccbbc97";
        assert_eq!(answer, Some(format!(r#"{{"challengeResponse":"{hash}"}}"#)));
        Ok(())
    }

    #[test]
    fn monday_is_told_its_challenge_and_sends_events_besides() -> Result<(), crate::InvalidSecret> {
        let secrets = ["-".parse()?];
        let head = Request::new(()).into_parts().0;
        let asked = Asked { head: &head, secrets: &secrets };
        let answer = |body: &'static str| Some((MONDAY.signed)(&asked, &body.into())?.into_body());
        assert_eq!(answer(r#"{"challenge":"3eZ\"b"}"#), Some(r#"{"challenge":"3eZ\"b"}"#.into()));
        for event in
            [r#"{"event":{"type":"create_item"},"challenge":"x"}"#, r#"{"event":{"challenge":"x"}}"#, ""]
        {
            assert_eq!(answer(event), None, "{event}");
        }
        Ok(())
    }

    #[test]
    fn discord_pings_by_two_numbers_one_of_which_is_also_that_of_events() -> Result<(), crate::InvalidSecret>
    {
        let secrets = ["-".parse()?];
        let head = Request::new(()).into_parts().0;
        let asked = Asked { head: &head, secrets: &secrets };
        let answer = |body: &'static str| {
            let response = (DISCORD.signed)(&asked, &body.into())?;
            Some((response.status().as_u16(), response.into_body()))
        };
        assert_eq!(answer(r#"{"id":"1","type":1,"version":1}"#), Some((200, r#"{"type":1}"#.into())));
        assert_eq!(answer(r#"{"version":1,"application_id":"1","type":0}"#), Some((204, Bytes::new())));
        let event = r#"{"version":1,"type":1,"event":{"type":"APPLICATION_AUTHORIZED","data":{}}}"#;
        for event in [event, r#"{"type":2,"data":{}}"#, r#"{"event":{"type":0}}"#, ""] {
            assert_eq!(answer(event), None, "{event}");
        }
        Ok(())
    }
}
