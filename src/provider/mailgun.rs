use serde::Deserialize;

use super::{
    by_hand::{CheckResult, JsonObject, Methods, Scalar, check, verifier, without_mac},
    providers,
};
use crate::verify::{
    Candidates, Encoding, Keyring, Location, MacKind, RequestContext, TimeUnit, Tolerance, Verified,
    VerifyError,
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
    /// * Not covered: **the event**. An attacker who captures a delivery can send any other event with its
    ///   signature. Within the deduplication window, the layer handles only one of them.
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
            .with_tolerance(Tolerance::any_age());
}

fn begin<'a>(keys: &'a Keyring, _: &RequestContext<'a>) -> CheckResult<'a> {
    check((), None, |(), body| verify(keys, body))
}

/// The signed part of the body. A repeated field is an error, because a handler might read the other value.
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

fn verify(keys: &Keyring, body: &[u8]) -> Result<Verified, VerifyError> {
    let JsonObject(signed): JsonObject<SignedMessageBody> = serde_json::from_slice(body)
        .map_err(|_| VerifyError::missing("`signature` is missing in the body"))?;
    let SignatureObject { timestamp: Scalar(timestamp), token: Scalar(token), signature } =
        signed.signature.0;
    let candidates =
        Candidates::read([signature.0.as_bytes()].into_iter(), Encoding::Hex, keys.tag_length())?;
    // The signed content concatenates both. The boundary is unambiguous if the token does not begin with a
    // digit; otherwise the timestamp must have ten digits.
    let sent_at = match token.starts_with(|first: char| first.is_ascii_digit()) || timestamp.len() > 10 {
        true => TimeUnit::Seconds.read(timestamp.as_bytes())?,
        false => TimeUnit::Seconds.read_any_length(timestamp.as_bytes())?,
    };
    let mut macs = keys.begin(None);
    macs.update(timestamp.as_bytes());
    macs.update(token.as_bytes());
    let verified = without_mac(macs.verify(&candidates)?);
    // The id is the concatenation, because an attacker could move a digit between the two.
    Ok(verified.with_timestamp(sent_at).with_id(timestamp + &token))
}

#[cfg(feature = "test-util")]
mod signing {
    use std::time::SystemTime;

    use bytes::Bytes;
    use http::request::Parts;
    use serde_json::{Map, Value};

    use super::{Encoding, Keyring, SignatureObject};
    use crate::verify::{
        TimeUnit,
        signing::{CannotSign, made_up, read_json},
    };

    /// Signs the body. Adds a timestamp and a token if they are missing.
    pub(super) fn sign(
        keys: &Keyring,
        _: &mut Parts,
        body: &mut Bytes,
        at: SystemTime,
    ) -> Result<(), CannotSign> {
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
}
