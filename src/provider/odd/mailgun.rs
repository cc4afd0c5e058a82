use http::request::Parts;
use serde::Deserialize;

use super::{
    check::{ANY_AGE, Begun, check, not_of_the_body, verifier},
    text::Text,
};
use crate::{
    provider::facts::providers,
    verify::{
        Candidates, Encoding, Keyring, Location, MacKind, Profile, Verified, VerifyError, unix_seconds,
    },
};

providers! {
    /// Mailgun.
    ///
    /// * Signed: the `timestamp` and the `token` of the body's `signature`, HMAC-SHA256 in hex, beside
    ///   them. **The event is not covered**: whoever has seen one delivery can send any other under its
    ///   signature, once while that is remembered. Secret: the text of the webhook signing key.
    /// * Id: the signed timestamp and token together, as Mailgun advises to remember them; signed.
    /// * Timestamp: `body:/signature/timestamp`. No tolerance is documented, so any age is accepted
    ///   unless the layer has a [`tolerance`](crate::WebhookLayer::tolerance).
    mailgun, try_mailgun: "mailgun", "Mailgun",
        "https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks",
        @by_hand |secrets| {
            let mut profile = Profile::new("mailgun");
            profile.body_signed = false;
            profile.event_type = Some(Location::json("/event-data/event"));
            profile.tolerance = ANY_AGE;
            let keys = Keyring::of_text(MacKind::HmacSha256, &secrets);
            verifier(keys, profile, begin)
        };
}

fn begin<'a>(keys: &'a Keyring, _: &'a Parts) -> Begun<'a> {
    check((), None, |(), body| verify(keys, body))
}

/// A field that is there twice is an error: which one would others read?
#[derive(Deserialize)]
struct Signed {
    signature: Signature,
}

#[derive(Deserialize)]
struct Signature {
    timestamp: Text,
    token: Text,
    signature: Text,
}

fn verify(keys: &Keyring, body: &[u8]) -> Result<Verified, VerifyError> {
    let signed: Signed = serde_json::from_slice(body)
        .map_err(|_| VerifyError::missing("there is no signature in the body"))?;
    let Signature { timestamp: Text(timestamp), token: Text(token), signature } = signed.signature;
    let candidates =
        Candidates::read([signature.0.as_bytes()].into_iter(), Encoding::Hex, keys.tag_length())?;
    let sent_at = unix_seconds(timestamp.as_bytes())
        .ok_or(VerifyError::malformed("the timestamp is no number of seconds"))?;
    let mut macs = keys.begin(None);
    macs.update(timestamp.as_bytes());
    macs.update(token.as_bytes());
    let verified = not_of_the_body(macs.verify(&candidates)?);
    // Together, because nothing says where the one ends: a digit could be moved to the other.
    Ok(verified.timestamp(sent_at).id(timestamp + &token))
}
