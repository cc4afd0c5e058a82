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
    /// Creates a verifier for CloudEvents HTTP webhooks.
    ///
    /// * Signature: none: the sender sends the secret itself, as `Authorization: Bearer <secret>` or
    ///   `?access_token=<secret>`, so **the body is not protected**.
    /// * Secret: text, not decoded.
    /// * Delivery id: the event's `source` and `id`, joined with a space, **not signed**. An `id` is unique only
    ///   within its source. The layer takes `source` and `id` from the headers `ce-source` and `ce-id`, or from
    ///   a body of type `application/cloudevents+json`. Batches have no delivery id. In the delivery id, a space
    ///   within the source is written as `\s`, and a backslash as `\\`.
    /// * Event type: the event's `type`, from the header `ce-type` or the body, **not signed**.
    /// * Handshake: `OPTIONS` with `WebHook-Request-Origin`. If the request contains the secret, the layer
    ///   responds with `WebHook-Allowed-Origin` and `WebHook-Allowed-Rate: *`. If the sender's `OPTIONS` request
    ///   has no `Authorization` header, register the URL with `?access_token=<secret>`.
    /// * [Shared secret](crate::verify::Profile::shared_secret): subscriptions can share a secret, and each gets
    ///   the event with the same id.
    cloudevents: "cloudevents", "CloudEvents HTTP webhooks",
        "https://github.com/cloudevents/spec/blob/HEAD/cloudevents/http-webhook.md",
        @by_hand |secrets, profile| Ok(Box::new(CloudEvents { tokens: Tokens::new(secrets), profile })),
        profile: token_profile,
        shared_secret: true,
        handshake: Some(HANDSHAKE);
}

/// The handshake of CloudEvents: `OPTIONS` with the sender's origin. The layer grants permission if the request
/// contains the secret, as a bearer token or in the query.
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
                .ok_or(VerifyError::missing("bearer token is missing in `authorization` and in the query"))?;
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

    /// Writes the token to `authorization`, or to the query if the query has an `access_token` and the
    /// request has no `authorization`.
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

/// Escapes spaces and backslashes, so that the first space of a delivery id ends the source. A valid URI
/// contains neither, and is returned unchanged.
fn without_space(source: &str) -> Cow<'_, str> {
    if source.contains([' ', '\\']) {
        return source.replace('\\', r"\\").replace(' ', r"\s").into();
    }
    source.into()
}

impl Check for CloudEvent<'_> {
    fn update(&mut self, _: &[u8]) {}

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        let header = |name: &str| self.head.headers.get(name)?.to_str().ok();
        let content_type = header("content-type").unwrap_or_default();
        let is_event = content_type.split(';').next().is_some_and(|kind| {
            // A batch has another content type and many ids.
            kind.trim().eq_ignore_ascii_case("application/cloudevents+json")
        });
        let attribute = |name: &str| -> Option<Cow<'_, str>> {
            if is_event {
                return scan(body, &format!("/{name}")).map(|text| String::from(text).into());
            }
            header(&format!("ce-{name}")).map(Into::into)
        };
        let mut verified = self.verified.clone();
        let text = |name| attribute(name).filter(|text| !text.is_empty());
        if let (Some(source), Some(id)) = (text("source"), text("id")) {
            verified = verified.with_id(format!("{} {id}", without_space(&source)));
        }
        if let Some(event_type) = attribute("type") {
            verified = verified.with_event_type(event_type);
        }
        Ok(verified).into()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use http::Request;

    use super::*;
    use crate::{BoxError, Secret, provider, verify::verify_request};

    #[tokio::test]
    async fn delivery_ids_are_unique_per_source_and_id() -> Result<(), BoxError> {
        let verifier = provider::cloudevents("token".parse::<Secret>()?);
        let now = std::time::SystemTime::now();
        let mut ids = HashSet::new();
        for (source, id) in [
            ("https://a", "b c"),
            ("https://a b", "c"),
            ("https://a%20b", "c"),
            (r"https://a\sb", "c"),
            (r"https://a\\sb", "c"),
        ] {
            let head = Request::post("/").header("authorization", "Bearer token");
            let (head, body) =
                head.header("ce-source", source).header("ce-id", id).body(Bytes::new())?.into_parts();
            let from_head = verify_request(&verifier, &head, &body, now).await?.id().map(str::to_owned);
            let head = Request::post("/").header("authorization", "Bearer token");
            let head = head.header("content-type", "application/cloudevents+json").body(())?.into_parts().0;
            let body = serde_json::json!({ "source": source, "id": id }).to_string().into();
            assert_eq!(verify_request(&verifier, &head, &body, now).await?.id(), from_head.as_deref());
            assert!(ids.insert(from_head), "{source} {id}");
        }
        assert!(ids.contains(&Some("https://a b c".to_owned())));
        Ok(())
    }

    #[tokio::test]
    async fn events_without_a_source_or_an_id_have_no_delivery_id() -> Result<(), BoxError> {
        let verifier = provider::cloudevents("token".parse::<Secret>()?);
        for (source, id) in [("", "1"), ("https://a", "")] {
            let head = Request::post("/").header("authorization", "Bearer token");
            let (head, body) =
                head.header("ce-source", source).header("ce-id", id).body(Bytes::new())?.into_parts();
            let verified = verify_request(&verifier, &head, &body, std::time::SystemTime::now()).await?;
            assert_eq!(verified.id(), None);
        }
        Ok(())
    }
}
