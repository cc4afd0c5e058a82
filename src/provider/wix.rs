use std::{collections::BTreeMap, time::Duration};

#[cfg(feature = "test-util")]
use bytes::Bytes;
use serde_json::value::RawValue;
#[cfg(feature = "test-util")]
use serde_json::{Map, Value};

use super::{SecretFormat, providers, shapes::jwt};
#[cfg(feature = "test-util")]
use crate::verify::signing::{CannotSign, read_json};
use crate::verify::{
    Location, Verified, VerifyError,
    jwt::{Algorithm::RS256, BodyTokenRules, BodyTokenVerifier, KeyText, TokenClaims},
    scan,
};

providers! {
    /// Creates a verifier for Wix.
    ///
    /// * Signature: the body is a JSON Web Token (RS256).
    /// * Secret: the app's public key, as PEM.
    /// * Signed content: the token. Its claim `data` is JSON as text, with the fields `eventType`, `instanceId`,
    ///   `data` and `identity`, and the last two are JSON as text again. The handler gets this JSON as the body
    ///   and as [`Delivery::payload`](crate::Delivery::payload), **with `data` and `identity` decoded**.
    ///   [`Delivery::raw`](crate::Delivery::raw) is the token.
    /// * Delivery id: `body:/data/id`, signed. Only webhooks in Wix's standard format, which have an
    ///   `entityFqdn`, have this id
    ///   ([source](https://dev.wix.com/docs/rest/articles/get-started/webhook-structure)). Legacy webhooks have
    ///   none.
    /// * Event type: `body:/eventType`, signed.
    /// * Timestamp: the token's `iat`; any age unless the layer has a
    ///   [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future. The layer rejects tokens
    ///   whose `exp` has passed.
    /// * Retries: yes, for up to 48 hours. Wix retries 12 times
    ///   ([source](https://dev.wix.com/docs/rest/articles/getting-started/webhook-resend-policy)).
    /// * Acknowledge within: 1250 ms.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an app have the same public
    ///   key.
    wix -> Result: "wix", "Wix",
        "https://dev.wix.com/docs/rest/articles/getting-started/webhooks",
        @by_hand |secrets, profile| {
            let rules = BodyTokenRules {
                algorithms: &[RS256],
                keys: KeyText::Public,
                leeway: Duration::ZERO,
                read,
                #[cfg(feature = "test-util")]
                claims,
            };
            Ok(Box::new(BodyTokenVerifier::new(rules, profile, &secrets)?))
        },
        secret: Some(SecretFormat::PublicKey),
        profile: |profile| jwt::profile(profile)
            .with_id(Location::json("/data/id"))
            .with_event_type(Location::json("/eventType")),
        shared_secret: true,
        ack_deadline: Some(Duration::from_millis(1250)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs((47 * 60 + 11) * 60));
}

/// The fields that contain JSON as text.
const NESTED: [&str; 2] = ["data", "identity"];

/// Returns the payload: the JSON in the claim `data`, with the nested JSON decoded.
fn read(claims: &TokenClaims, verified: Verified) -> Result<Verified, VerifyError> {
    // The parser's error may quote the event.
    let malformed = |_| VerifyError::malformed("token's `data` is not an event");
    let event = claims.text("data").unwrap_or_default();
    let mut event: BTreeMap<String, Box<RawValue>> = serde_json::from_str(event).map_err(malformed)?;
    for name in NESTED {
        if let Some(value) = event.get_mut(name)
            && let Ok(text) = serde_json::from_str::<String>(value.get())
            // Legacy webhooks may contain other text.
            && let Ok(json) = RawValue::from_string(text)
        {
            *value = json;
        }
    }
    let payload = serde_json::to_vec(&event).map_err(malformed)?;
    // In a legacy webhook, the id can be that of the entity, which other events share.
    let is_standard = scan(&payload, "/data/entityFqdn").is_some();
    let id = is_standard.then(|| scan(&payload, "/data/id")).flatten();
    Ok(verified.with_final_id(id).with_payload(payload.into()))
}

/// Returns the claims for a payload.
#[cfg(feature = "test-util")]
fn claims(payload: &Bytes) -> Result<Map<String, Value>, CannotSign> {
    let mut event = read_json(payload)?;
    for name in NESTED {
        if let Some(value) = event.get_mut(name).filter(|value| !value.is_string()) {
            *value = value.to_string().into();
        }
    }
    Ok(Map::from_iter([("data".to_owned(), event.to_string().into())]))
}
