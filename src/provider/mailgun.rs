use std::time::Duration;

use serde::Deserialize;

use super::{
    by_hand::{CheckResult, JsonObject, Methods, Scalar, check, verifier, without_mac},
    providers,
};
use crate::verify::{
    Candidates, Encoding, Keyring, Location, MacKind, RequestContext, TimeUnit, Tolerance, Verified,
    VerifyError, form_field, only_parameter, without_bom,
};

providers! {
    /// Creates a verifier for Mailgun.
    ///
    /// * Signature: HMAC-SHA256 of the timestamp and the token, as hex in the body's `signature.signature`.
    /// * Secret: the webhook signing key, as text.
    /// * Signed content: `signature.timestamp` and `signature.token` in the body.
    /// * Delivery id: `signature.timestamp` and `signature.token`, concatenated; signed. Mailgun recommends
    ///   storing the token to detect replays.
    /// * Event type: `body:/event-data/event`, **not signed**.
    /// * Timestamp: `body:/signature/timestamp`; any age unless the layer has a
    ///   [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future. Mailgun documents no
    ///   maximum age.
    /// * Retries: yes, for up to 8 hours.
    /// * Body limit: 30 MiB.
    /// * Not covered: **the event**. An attacker who captures a delivery can send any other event with the
    ///   captured signature. Within the deduplication window, the layer handles only the first delivery with
    ///   this signature.
    mailgun: "mailgun", "Mailgun",
        "https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks",
        @by_hand |secrets, profile| {
            let keys = Keyring::of_text(MacKind::HmacSha256, &secrets);
            verifier(keys, profile, Methods { begin, #[cfg(feature = "test-util")] sign: signing::sign })
        },
        profile: |profile| profile
            .with_body_signed(false)
            .with_event_type(Location::json("/event-data/event"))
            .with_event_type_signed(false)
            .with_tolerance(Tolerance::any_age()),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(8 * 3600)),
        body_limit: Some(30 * 1024 * 1024);
}

fn begin<'a>(keys: &'a Keyring, _: &RequestContext<'a>) -> CheckResult<'a> {
    check((), None, |(), body| verify(keys, body))
}

/// The signed part of the body. A repeated field is an error, because a handler might read a different value
/// than the verifier.
#[derive(Deserialize)]
struct SignedMessageBody {
    signature: JsonObject<SignatureObject>,
}

#[derive(Deserialize)]
struct SignatureObject {
    timestamp: Scalar,
    token: Scalar,
    signature: Scalar,
}

/// Reads the `signature` object of a webhook's JSON, or the fields of the form in which a Mailgun route
/// forwards a message.
fn signature(body: &[u8]) -> Result<SignatureObject, VerifyError> {
    let missing = VerifyError::missing("`signature` is missing in the body");
    if form_field(body, "signature").is_none() {
        let JsonObject(signed): JsonObject<SignedMessageBody> =
            serde_json::from_slice(without_bom(body)).map_err(|_| missing)?;
        return Ok(signed.signature.0);
    }
    let field = |name| {
        let text = if body.starts_with(b"--") {
            let value = form_field(body, name).ok_or(missing.clone())?;
            String::from_utf8(value.into_owned()).map_err(|_| missing.clone())?
        } else {
            only_parameter(body, name)?.ok_or(missing.clone())?.into_owned()
        };
        Ok(Scalar(text))
    };
    Ok(SignatureObject {
        timestamp: field("timestamp")?,
        token: field("token")?,
        signature: field("signature")?,
    })
}

fn verify(keys: &Keyring, body: &[u8]) -> Result<Verified, VerifyError> {
    let SignatureObject { timestamp: Scalar(timestamp), token: Scalar(token), signature } = signature(body)?;
    let candidates =
        Candidates::read([signature.0.as_bytes()].into_iter(), Encoding::Hex, keys.tag_length())?;
    // The signed content is the timestamp followed by the token. The boundary is unambiguous if the token
    // does not begin with a digit; otherwise the timestamp must have ten digits.
    let sent_at = match token.starts_with(|first: char| first.is_ascii_digit()) || timestamp.len() > 10 {
        true => TimeUnit::Seconds.read(timestamp.as_bytes())?,
        false => TimeUnit::Seconds.read_any_length(timestamp.as_bytes())?,
    };
    let mut macs = keys.begin(None);
    macs.update(timestamp.as_bytes());
    macs.update(token.as_bytes());
    let verified = without_mac(macs.verify(&candidates)?);
    // The id is the concatenation, because an attacker could move a digit between the timestamp and the
    // token.
    Ok(verified.with_timestamp(sent_at).with_id(timestamp + &token))
}

#[cfg(feature = "test-util")]
mod signing {
    use std::time::SystemTime;

    use bytes::Bytes;
    use http::request::Parts;
    use serde_json::{Map, Value};

    use super::{Encoding, Keyring, SignatureObject, form_field};
    use crate::provider::handshake::is_form;
    use crate::verify::{
        TimeUnit,
        signing::{CannotSign, any_form_with, made_up, read_json},
    };

    /// Signs the body. Adds a timestamp and a token if they are missing.
    pub(super) fn sign(
        keys: &Keyring,
        head: &mut Parts,
        body: &mut Bytes,
        at: SystemTime,
    ) -> Result<(), CannotSign> {
        if is_form(head) || body.starts_with(b"--") {
            return sign_form(keys, body, at);
        }
        let mut event = read_json(body)?;
        let event_fields = event.as_object_mut().ok_or_else(|| CannotSign::new("body is not an event"))?;
        let signature = event_fields.entry("signature").or_insert_with(|| Map::new().into());
        let fields = signature
            .as_object_mut()
            .ok_or_else(|| CannotSign::new("`signature` in the body is not an object"))?;
        let now = TimeUnit::Seconds.write_any_length(at)?;
        fields.entry("timestamp").or_insert_with(|| now.into());
        fields.entry("token").or_insert_with(|| made_up().into());
        fields.insert("signature".to_owned(), "".into());
        let SignatureObject { timestamp, token, .. } = serde_json::from_value(Value::clone(signature))
            .map_err(|_| {
                CannotSign::new("`timestamp` or `token` in `signature` is neither text nor a number")
            })?;
        let mut macs = keys.signer(None)?;
        macs.update(timestamp.0.as_bytes());
        macs.update(token.0.as_bytes());
        if let Some(place) = event.pointer_mut("/signature/signature") {
            *place = macs.signature(Encoding::Hex).into();
        }
        *body = event.to_string().into();
        Ok(())
    }

    /// Signs the form of a route. Adds a timestamp and a token if they are missing.
    fn sign_form(keys: &Keyring, body: &mut Bytes, at: SystemTime) -> Result<(), CannotSign> {
        let field = |name| String::from_utf8(form_field(body, name)?.into_owned()).ok();
        let timestamp = field("timestamp").map_or_else(|| TimeUnit::Seconds.write_any_length(at), Ok)?;
        let token = field("token").unwrap_or_else(made_up);
        let mut macs = keys.signer(None)?;
        macs.update(timestamp.as_bytes());
        macs.update(token.as_bytes());
        let form = any_form_with(body, "timestamp", &timestamp)?;
        let form = any_form_with(&form, "token", &token)?;
        *body = any_form_with(&form, "signature", &macs.signature(Encoding::Hex))?;
        Ok(())
    }
}
