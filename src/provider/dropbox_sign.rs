use std::time::Duration;

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use serde::Deserialize;

use super::{
    by_hand::{CheckResult, JsonObject, Methods, Scalar, check, verifier, without_mac},
    handshake::Handshake,
    providers,
};
use crate::verify::{
    Candidates, Encoding, Keyring, MacKind, RequestContext, TimeUnit, Tolerance, Verified, VerifyError,
    multipart_field, only_parameter,
};

providers! {
    /// Creates a verifier for Dropbox Sign.
    ///
    /// Dropbox Sign was formerly HelloSign.
    ///
    /// * Signature: HMAC-SHA256 of the event's time and type, as hex in the event's `event_hash`.
    /// * Secret: the API key, as text.
    /// * Signed content: the event's `event_time` and `event_type`. **The signature covers nothing else**: an
    ///   attacker who captures a delivery can send any other event with the same type and time. Use the event
    ///   only to decide what to query from the API.
    /// * Delivery id: none, so deliveries are not deduplicated. Dropbox Sign accepts only the response `Hello
    ///   API Event Received`, which the handler must return. A duplicate would get an empty response instead.
    /// * Timestamp: `event_time`; any age unless the layer has a [`tolerance`](crate::WebhookLayer::tolerance),
    ///   and up to 300 s in the future. All attempts over three days have the same time.
    /// * Retries: yes, for up to 3 days.
    /// * Acknowledge within: 30 s.
    /// * Handshake: the event `callback_test`, to which the layer itself responds with `Hello API Event
    ///   Received` after verification.
    /// * The event is JSON, in the field `json` of a urlencoded or multipart form.
    dropbox_sign: "dropbox-sign", "Dropbox Sign",
        "https://developers.hellosign.com/docs/events/walkthrough/",
        @by_hand |secrets, profile| {
            let keys = Keyring::of_text(MacKind::HmacSha256, &secrets);
            verifier(keys, profile, Methods { begin, #[cfg(feature = "test-util")] sign: signing::sign })
        },
        profile: |profile| profile.with_body_signed(false).with_tolerance(Tolerance::any_age()),
        json_field: Some("json"),
        handshake: Some(HANDSHAKE),
        ack_deadline: Some(Duration::from_secs(30)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(3 * 24 * 3600));
}

const HANDSHAKE: Handshake = Handshake {
    signed: |_, body| {
        let event = event(body).ok()?;
        (event.event_type.0 == "callback_test").then(|| {
            let mut response = Response::new(Bytes::from_static(b"Hello API Event Received"));
            let text = HeaderValue::from_static("text/plain; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, text);
            response
        })
    },
    ..Handshake::NONE
};

fn begin<'a>(keys: &'a Keyring, _: &RequestContext<'a>) -> CheckResult<'a> {
    check((), None, |(), body| verify(keys, body))
}

/// The body's JSON. A repeated field is an error, because a handler might read a different value than the
/// verifier.
#[derive(Deserialize)]
struct Callback {
    event: JsonObject<CallbackEvent>,
}

#[derive(Deserialize)]
struct CallbackEvent {
    event_time: Scalar,
    event_type: Scalar,
    event_hash: Scalar,
}

fn event(body: &[u8]) -> Result<CallbackEvent, VerifyError> {
    let callback: Result<JsonObject<Callback>, _> = serde_json::from_slice(&json(body)?);
    callback.map(|JsonObject(callback)| callback.event.0).map_err(|_| missing())
}

/// Returns the event's JSON: the body, or the form field `json`.
fn json(body: &[u8]) -> Result<Cow<'_, [u8]>, VerifyError> {
    Ok(match body {
        [b'{', ..] => Cow::Borrowed(body),
        [b'-', b'-', ..] => Cow::Borrowed(multipart_field(body, "json").ok_or_else(missing)?),
        _ => {
            let json = only_parameter(body, "json")?.ok_or_else(missing)?;
            Cow::Owned(json.into_owned().into_bytes())
        }
    })
}

fn missing() -> VerifyError {
    VerifyError::missing("body has no event with `event_hash`")
}

fn verify(keys: &Keyring, body: &[u8]) -> Result<Verified, VerifyError> {
    let CallbackEvent { event_time: Scalar(time), event_type: Scalar(kind), event_hash: Scalar(hash) } =
        event(body)?;
    let candidates = Candidates::read([hash.as_bytes()].into_iter(), Encoding::Hex, keys.tag_length())?;
    let sent_at = TimeUnit::Seconds.read(time.as_bytes())?;
    // The signed content concatenates the time and the type, so an attacker could move digits from the time
    // to the type.
    if kind.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(VerifyError::malformed("event type begins with a digit"));
    }
    let mut macs = keys.begin(None);
    macs.update(time.as_bytes());
    macs.update(kind.as_bytes());
    let verified = without_mac(macs.verify(&candidates)?);
    Ok(verified.with_timestamp(sent_at).with_event_type(kind))
}

#[cfg(feature = "test-util")]
mod signing {
    use std::time::SystemTime;

    use bytes::Bytes;
    use http::request::Parts;

    use super::{Encoding, Keyring, event, json};
    use crate::verify::signing::{CannotSign, any_form_with, json_with};

    pub(super) fn sign(
        keys: &Keyring,
        _: &mut Parts,
        body: &mut Bytes,
        _: SystemTime,
    ) -> Result<(), CannotSign> {
        let sent = json(body)?;
        let unsigned = json_with(&sent, "/event/event_hash", "")?;
        let event = event(&unsigned)?;
        let mut macs = keys.signer(None)?;
        macs.update(event.event_time.0.as_bytes());
        macs.update(event.event_type.0.as_bytes());
        let signed = json_with(&unsigned, "/event/event_hash", &macs.signature(Encoding::Hex))?;
        *body = match &**body {
            [b'{', ..] => signed,
            form => {
                let text = std::str::from_utf8(&signed).map_err(|_| CannotSign::new("event is not UTF-8"))?;
                any_form_with(form, "json", text)?
            }
        };
        Ok(())
    }
}
