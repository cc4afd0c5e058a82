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
    /// HMAC-SHA256 of the timestamp and the token in the body's `signature`, hex.
    ///
    /// * Secret: the text of the webhook signing key.
    /// * Signed content: the `timestamp` and the `token` of the body's `signature`, HMAC-SHA256 in hex, beside
    ///   them.
    /// * Delivery id: the signed timestamp and token together, as Mailgun advises to remember them; signed.
    /// * Event type: `body:/event-data/event`, **not signed**.
    /// * Timestamp: `body:/signature/timestamp`. Any age, since Mailgun documents no limit
    ///   ([`tolerance`](crate::WebhookLayer::tolerance) sets one), and up to 300 s into the future.
    /// * Not covered: **the event**. An attacker who captures one delivery can send any other under its
    ///   signature, once while that is remembered.
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

/// A field that is there twice is an error: which one would others read?
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
        .map_err(|_| VerifyError::missing("there is no signature in the body"))?;
    let SignatureObject { timestamp: Scalar(timestamp), token: Scalar(token), signature } =
        signed.signature.0;
    let candidates =
        Candidates::read([signature.0.as_bytes()].into_iter(), Encoding::Hex, keys.tag_length())?;
    // Nothing separates the two, so the timestamp ends where the digits do, or after ten of them.
    let sent_at = match token.starts_with(|first: char| first.is_ascii_digit()) || timestamp.len() > 10 {
        true => TimeUnit::Seconds.read(timestamp.as_bytes())?,
        false => TimeUnit::Seconds.read_any_length(timestamp.as_bytes())?,
    };
    let mut macs = keys.begin(None);
    macs.update(timestamp.as_bytes());
    macs.update(token.as_bytes());
    let verified = without_mac(macs.verify(&candidates)?);
    // Together, because nothing says where the one ends: a digit could be moved to the other.
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

    /// With a timestamp and a token of its own, unless the body has them.
    pub(super) fn sign(
        keys: &Keyring,
        _: &mut Parts,
        body: &mut Bytes,
        at: SystemTime,
    ) -> Result<(), CannotSign> {
        let mut event = read_json(body)?;
        let event_fields = event.as_object_mut().ok_or_else(|| CannotSign::new("the body is no event"))?;
        let signature = event_fields.entry("signature").or_insert_with(|| Map::new().into());
        let fields =
            signature.as_object_mut().ok_or_else(|| CannotSign::new("its signature is no object"))?;
        let now = TimeUnit::Seconds.write_any_length(at)?;
        fields.entry("timestamp").or_insert_with(|| now.into());
        fields.entry("token").or_insert_with(|| made_up().into());
        fields.insert("signature".to_owned(), "".into());
        let SignatureObject { timestamp, token, .. } = serde_json::from_value(Value::clone(signature))
            .map_err(|_| {
                CannotSign::new("its signature has a timestamp or a token that is neither text nor number")
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
