//! Providers whose secret comes with the delivery, and whose deliveries want more than to be looked
//! at in one place. A token does not protect the body.

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
#[cfg(feature = "test-util")]
use http::header;
use http::request::Parts;
use serde::Deserialize;
#[cfg(feature = "test-util")]
use serde_json::Value;

use super::{
    facts::providers,
    handshake::{Asked, CLOUDEVENTS, MS_GRAPH, bearer},
};
#[cfg(feature = "test-util")]
use crate::verify::parameter;
#[cfg(feature = "test-util")]
use crate::verify::signing::{CannotSign, Write, hide, read_json};
use crate::{
    Secret, Secrets,
    verify::{
        Check, Finish, Keyring, MacKind, Profile, Verified, Verifier, VerifyError, constant_time_eq, scan,
    },
};

providers! {
    /// CloudEvents over HTTP webhooks.
    ///
    /// * The secret itself is sent, as `Authorization: Bearer <secret>` or as
    ///   `?access_token=<secret>`: **it does not protect the body**.
    /// * Id: the event's source and its id, which is unique only there; from the headers `ce-source`
    ///   and `ce-id`, or from the body of an event in `application/cloudevents+json`. Not signed.
    ///   Batches have none.
    /// * Event type: the event's `type`, from the same place, **not signed**.
    /// * Handshake: `OPTIONS` with `WebHook-Request-Origin`, which is given permission, at any rate, if
    ///   the request has the secret in either place. A sender whose `OPTIONS` does not have the header
    ///   must be given the URL with `access_token` in it.
    /// * [Shared secret](crate::verify::Profile::shared_secret): subscriptions can have one
    ///   secret, and an event has the same id at each.
    cloudevents, try_cloudevents: "cloudevents", "CloudEvents HTTP webhooks",
        "https://github.com/cloudevents/spec/blob/HEAD/cloudevents/http-webhook.md",
        @by_hand |secrets| {
            let mut profile = profile("cloudevents");
            profile.shared_secret = true;
            Ok(Arc::new(CloudEvents { tokens: Tokens::new(secrets), profile }))
        },
        handshake: Some(CLOUDEVENTS);

    /// Microsoft Graph: change notifications, and those of a subscription's lifecycle.
    ///
    /// * The secret itself is sent as the `clientState` of every notification in the body: **it does
    ///   not protect the body**, and one notification without it makes all of them wrong. The tokens
    ///   of notifications with resource data (`validationTokens`) are not looked at.
    /// * Id: none that names the delivery as a whole.
    /// * An answer within 3 s, or else it is sent again, for up to 4 hours.
    /// * Handshake: `POST ?validationToken=…`, whose token is echoed to anybody; it is plain text, and
    ///   notifications are JSON.
    ms_graph, try_ms_graph: "ms-graph", "Microsoft Graph",
        "https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks",
        @by_hand |secrets| {
            let mut profile = profile("ms-graph");
            profile.retries = Some(true);
            profile.ack_deadline = Some(Duration::from_secs(3));
            Ok(Arc::new(Graph { tokens: Tokens::new(secrets), profile }))
        },
        handshake: Some(MS_GRAPH);
}

/// That of a provider whose secret protects nothing but itself.
fn profile(provider: &'static str) -> Profile {
    let mut profile = Profile::new(provider);
    profile.id_signed = false;
    profile.event_type_signed = false;
    profile.body_signed = false;
    profile
}

/// Secrets that are sent as they are.
struct Tokens {
    secrets: Secrets,
    keys: Keyring,
}

impl Tokens {
    fn new(secrets: Secrets) -> Self {
        // For their fingerprints alone.
        Self { keys: Keyring::of_text(MacKind::HmacSha256, &secrets), secrets }
    }

    #[cfg(feature = "test-util")]
    fn first(&self) -> &str {
        self.secrets.as_slice().first().map_or("", Secret::expose)
    }

    /// Compares with every secret, so that the time does not tell which it nearly was.
    fn verify(&self, sent: &[u8]) -> Result<Verified, VerifyError> {
        let matches = |secret: &Secret| constant_time_eq(sent, secret.expose().as_bytes());
        let index = self.secrets.iter().enumerate().fold(None, |first: Option<usize>, (index, secret)| {
            let matches = matches(secret);
            first.or(matches.then_some(index))
        });
        index.map(|index| self.keys.verified(index)).ok_or(VerifyError::wrong("it is not the token"))
    }
}

struct CloudEvents {
    tokens: Tokens,
    profile: Profile,
}

impl Verifier for CloudEvents {
    fn begin<'a>(&'a self, head: &'a Parts, _: SystemTime) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let sent = bearer(&Asked { head, secrets: self.tokens.secrets.as_slice() })
            .ok_or(VerifyError::missing("there is no bearer token in the headers, nor in the query"))?;
        Ok(Box::new(CloudEvent { head, verified: self.tokens.verify(&sent)? }))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }

    /// In the query if it has a token already, else in the header.
    #[cfg(feature = "test-util")]
    fn sign(&self, head: &mut Parts, _: &mut Bytes, _: SystemTime) -> Result<(), CannotSign> {
        let token = self.tokens.first();
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
            verified = verified.id(format!("{source} {id}"));
        }
        if let Some(event_type) = attribute("type") {
            verified = verified.event_type(event_type);
        }
        Ok(verified).into()
    }
}

struct Graph {
    tokens: Tokens,
    profile: Profile,
}

impl Verifier for Graph {
    fn begin<'a>(&'a self, _: &'a Parts, _: SystemTime) -> Result<Box<dyn Check + 'a>, VerifyError> {
        Ok(Box::new(Notifications(&self.tokens)))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }

    #[cfg(feature = "test-util")]
    fn sign(&self, _: &mut Parts, body: &mut Bytes, _: SystemTime) -> Result<(), CannotSign> {
        let no_collection = || CannotSign::new("the body is no collection of notifications");
        let mut collection = read_json(body)?;
        let notifications = collection.pointer_mut("/value").and_then(Value::as_array_mut);
        for notification in notifications.ok_or_else(no_collection)? {
            let fields = notification.as_object_mut().ok_or_else(no_collection)?;
            fields.insert("clientState".to_owned(), self.tokens.first().into());
        }
        *body = collection.to_string().into();
        Ok(())
    }
}

struct Notifications<'a>(&'a Tokens);

impl Check for Notifications<'_> {
    fn update(&mut self, _: &[u8]) {}

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        let tokens = self.0;
        let verify = || {
            let sent: Collection<'_> = serde_json::from_slice(body)
                .map_err(|_| VerifyError::malformed("the body is no collection of notifications"))?;
            let mut first = None;
            for notification in &sent.value {
                let state = notification
                    .client_state
                    .as_deref()
                    .ok_or(VerifyError::missing("there is a notification without a clientState"))?;
                let verified = tokens.verify(state.as_bytes())?;
                first.get_or_insert(verified);
            }
            first.ok_or(VerifyError::missing("there is no notification, and so no clientState"))
        };
        verify().into()
    }
}

/// What of the body proves that it is true.
#[derive(Deserialize)]
struct Collection<'a> {
    #[serde(borrow)]
    value: Vec<Notification<'a>>,
}

#[derive(Deserialize)]
struct Notification<'a> {
    #[serde(borrow, rename = "clientState")]
    client_state: Option<Cow<'a, str>>,
}
