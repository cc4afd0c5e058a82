#[cfg(feature = "test-util")]
use std::time::SystemTime;
use std::{borrow::Cow, time::Duration};

use bytes::Bytes;
#[cfg(feature = "test-util")]
use http::request::Parts;
use http::{HeaderValue, Method};
use serde::Deserialize;
#[cfg(feature = "test-util")]
use serde_json::Value;

use super::{
    by_hand::{JsonObject, Tokens, token_profile},
    handshake::{Handshake, echo},
    providers,
};
#[cfg(feature = "test-util")]
use crate::verify::signing::{CannotSign, Signer, read_json};
use crate::verify::{Check, Finish, Profile, RequestContext, Verifier, VerifyError};

providers! {
    /// Creates a verifier for Microsoft Graph.
    ///
    /// The verifier accepts change and lifecycle notifications.
    ///
    /// * Signature: none: the provider sends the secret itself as the `clientState` of each notification, so
    ///   **the body is not protected**.
    /// * Secret: text, not decoded.
    /// * Delivery id: none. A delivery can carry several notifications, and has no id as a whole.
    /// * Retries: yes, for up to 4 hours
    ///   ([source](https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks)).
    /// * Acknowledge within: 3 s. Otherwise Microsoft Graph retries for up to 4 hours.
    /// * Handshake: `POST ?validationToken=…`. The layer echoes the token to any client. Unlike notifications,
    ///   the request is not JSON.
    /// * Batches: one body can carry several events.
    /// * The layer rejects a delivery if one of its notifications has no valid `clientState`. It does not check
    ///   the `validationTokens` of notifications with resource data.
    ms_graph: "ms-graph", "Microsoft Graph",
        "https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks",
        @by_hand |secrets, profile| Ok(Box::new(Graph { tokens: Tokens::new(secrets), profile })),
        batch: true,
        profile: token_profile,
        retries: Some(true),
        retry_period: Some(Duration::from_secs(4 * 3600)),
        ack_deadline: Some(Duration::from_secs(3)),
        handshake: Some(HANDSHAKE);
}

/// Microsoft Graph's handshake: `POST ?validationToken=…`, whose token the layer echoes. Unlike a
/// notification, the request is not JSON.
const HANDSHAKE: Handshake = Handshake {
    unsigned: |request| {
        let token = request.is(&Method::POST).then(|| request.query("validationToken"))??;
        let content_type = request.header("content-type").map(HeaderValue::as_bytes).unwrap_or_default();
        let is_text = content_type.get(..10).is_none_or(|kind| kind.eq_ignore_ascii_case(b"text/plain"));
        is_text.then(|| echo(&token)).flatten()
    },
    ..Handshake::NONE
};

struct Graph {
    tokens: Tokens,
    profile: Profile,
}

impl Verifier for Graph {
    fn begin<'a>(&'a self, _: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        Ok(Box::new(Notifications(&self.tokens)))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}

#[cfg(feature = "test-util")]
impl Signer for Graph {
    fn facts(&self) -> &Profile {
        &self.profile
    }

    fn sign(&self, _: &mut Parts, body: &mut Bytes, _: SystemTime) -> Result<(), CannotSign> {
        let no_collection = || CannotSign::new("body is not a collection of notifications");
        let mut collection = read_json(body)?;
        let notifications = collection.pointer_mut("/value").and_then(Value::as_array_mut);
        for notification in notifications.ok_or_else(no_collection)? {
            let fields = notification.as_object_mut().ok_or_else(no_collection)?;
            fields.insert("clientState".to_owned(), self.tokens.first()?.into());
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
            let JsonObject(sent): JsonObject<Collection<'_>> = serde_json::from_slice(body)
                .map_err(|_| VerifyError::malformed("body is not a collection of notifications"))?;
            let mut first = None;
            for JsonObject(notification) in &sent.value {
                let state = notification
                    .client_state
                    .as_deref()
                    .ok_or(VerifyError::missing("`clientState` is missing in a notification"))?;
                let verified = tokens.verify(state.as_bytes())?;
                first.get_or_insert(verified);
            }
            first.ok_or(VerifyError::missing("notification is missing in the body"))
        };
        verify().into()
    }
}

/// The fields of the body that the verifier reads.
#[derive(Deserialize)]
struct Collection<'a> {
    #[serde(borrow)]
    value: Vec<JsonObject<GraphNotification<'a>>>,
}

#[derive(Deserialize)]
struct GraphNotification<'a> {
    #[serde(borrow, rename = "clientState")]
    client_state: Option<Cow<'a, str>>,
}
