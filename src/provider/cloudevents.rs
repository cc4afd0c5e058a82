use std::borrow::Cow;
#[cfg(feature = "test-util")]
use std::time::SystemTime;

use bytes::Bytes;
#[cfg(feature = "test-util")]
use http::header;
use http::request::Parts;

use super::{
    by_hand::{Tokens, token_profile},
    handshake::{Handshake, HandshakeRequest, bearer, permission_to_send},
    providers,
};
use crate::verify::{Check, Finish, Profile, RequestContext, Verified, Verifier, VerifyError, scan};
#[cfg(feature = "test-util")]
use crate::verify::{
    parameter,
    signing::{CannotSign, Signer, Write, hide},
};

providers! {
    /// The secret itself in `Authorization: Bearer` or `?access_token`.
    ///
    /// CloudEvents over HTTP webhooks.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: the event's source and its id, which is unique only there; from the headers `ce-source`
    ///   and `ce-id`, or from the body of an event in `application/cloudevents+json`. Not signed. Batches have
    ///   none.
    /// * Event type: the event's `type`, from the same place, **not signed**.
    /// * Handshake: `OPTIONS` with `WebHook-Request-Origin`, which is given permission, at any rate, if the
    ///   request has the secret in either place. A sender whose `OPTIONS` does not have the header must be given
    ///   the URL with `access_token` in it.
    /// * The secret itself is sent, as `Authorization: Bearer <secret>` or as `?access_token=<secret>`: **it
    ///   does not protect the body**.
    /// * [Shared secret](crate::verify::Profile::shared_secret): subscriptions can have one secret, and an event
    ///   has the same id at each.
    cloudevents: "cloudevents", "CloudEvents HTTP webhooks",
        "https://github.com/cloudevents/spec/blob/HEAD/cloudevents/http-webhook.md",
        @by_hand |secrets, profile| Ok(Box::new(CloudEvents { tokens: Tokens::new(secrets), profile })),
        profile: token_profile,
        shared_secret: true,
        handshake: Some(HANDSHAKE);
}

/// CloudEvents: `OPTIONS` with the sender's name, which is given permission if it has the secret, as
/// `Authorization: Bearer` or in the query. Who else asks is not known to send anything we want.
const HANDSHAKE: Handshake = Handshake { unsigned: permission_to_send, ..Handshake::NONE };

struct CloudEvents {
    tokens: Tokens,
    profile: Profile,
}

impl Verifier for CloudEvents {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let head = request.head();
        let sent =
            bearer(&HandshakeRequest { request: *request, secrets: self.tokens.secrets.as_slice() })
                .ok_or(VerifyError::missing("there is no bearer token in the headers, nor in the query"))?;
        Ok(Box::new(CloudEvent { head, verified: self.tokens.verify(&sent)? }))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}

#[cfg(feature = "test-util")]
impl Signer for CloudEvents {
    fn facts(&self) -> &Profile {
        &self.profile
    }

    /// In the query if it has a token already, else in the header.
    fn sign(&self, head: &mut Parts, _: &mut Bytes, _: SystemTime) -> Result<(), CannotSign> {
        let token = self.tokens.first()?;
        let query = head.uri.query().unwrap_or_default().as_bytes();
        if parameter(query, "access_token").is_some() && !head.headers.contains_key(header::AUTHORIZATION) {
            return head.write_query("access_token", token);
        }
        head.write_header(&header::AUTHORIZATION, format!("Bearer {token}"))?;
        hide(head, &header::AUTHORIZATION);
        Ok(())
    }
}

struct CloudEvent<'a> {
    head: &'a Parts,
    verified: Verified,
}

impl Check for CloudEvent<'_> {
    fn update(&mut self, _: &[u8]) {}

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        let header = |name: &str| self.head.headers.get(name)?.to_str().ok();
        let content_type = header("content-type").unwrap_or_default();
        let is_event = content_type.split(';').next().is_some_and(|kind| {
            // A batch is of another type: it has many ids.
            kind.trim().eq_ignore_ascii_case("application/cloudevents+json")
        });
        let attribute = |name: &str| -> Option<Cow<'_, str>> {
            if is_event {
                return scan(body, &format!("/{name}")).map(|text| String::from(text).into());
            }
            header(&format!("ce-{name}")).map(Into::into)
        };
        let mut verified = self.verified.clone();
        if let (Some(source), Some(id)) = (attribute("source"), attribute("id")) {
            // A source is a URI, which has no space in it.
            verified = verified.with_id(format!("{source} {id}"));
        }
        if let Some(event_type) = attribute("type") {
            verified = verified.with_event_type(event_type);
        }
        Ok(verified).into()
    }
}
