use std::time::Duration;

use data_encoding::{BASE64, HEXLOWER};
use hmac::Hmac;
use http::Method;
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use super::{
    by_hand::{CheckResult, Methods, check, verifier},
    handshake::{Handshake, echo, mac},
    providers,
};
use crate::verify::{
    Candidates, Encoding, Keyring, MacKind, RequestContext, Verified, VerifyError, only_parameter,
};

providers! {
    /// Creates a verifier for Braintree.
    ///
    /// * Signature: HMAC-SHA1 of the form field `bt_payload`, as hex in the form field `bt_signature`.
    /// * Secret: the private key, as text, with the public key as its [key id](crate::Secret::with_key_id).
    ///   Without a key id, the layer does not check which public key `bt_signature` names, and does not answer
    ///   the handshake.
    /// * Signed content: the text of the form field `bt_payload`, which is base64 of XML. The HMAC key is the
    ///   SHA-1 of the private key. `bt_signature` is `<public key>|<hex>`, or several such pairs joined with
    ///   `&`.
    /// * Delivery id: none. Each notification contains its time, so only retries have equal bodies, which count
    ///   as duplicates.
    /// * Event type: the notification's `kind`, signed.
    /// * Retries: yes, for up to 1 day.
    /// * Acknowledge within: 30 s.
    /// * Handshake: `GET ?bt_challenge=…`, to which the layer responds with the challenge's signature. The layer
    ///   signs the challenge of any client, with the key that also signs notifications. It therefore rejects
    ///   payloads that could be a challenge.
    /// * Not covered: **other fields of the form**. Braintree sends none, but an attacker can add some. Read
    ///   only `bt_payload` from the form.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all destinations of a merchant share its keys,
    ///   and get equal notifications.
    braintree: "braintree", "Braintree",
        "https://github.com/braintree/braintree_node/blob/HEAD/lib/braintree/webhook_notification_gateway.js",
        @by_hand |secrets, profile| {
            let keys = Keyring::decoded(MacKind::HmacSha1, &secrets, |text| Ok(sha1(text)))?;
            verifier(keys, profile, Methods { begin, #[cfg(feature = "test-util")] sign: signing::sign })
        },
        profile: |profile| profile.with_body_signed(false),
        shared_secret: true,
        equal_bodies: true,
        handshake: Some(HANDSHAKE),
        ack_deadline: Some(Duration::from_secs(30)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(24 * 3600));
}

/// Braintree's handshake: `GET ?bt_challenge=…`, answered with the public key and the challenge's MAC,
/// computed with the private key.
///
/// The same key signs payloads. The handshake therefore signs only 20 to 32 hexadecimal digits, which cannot
/// be a payload: a payload is XML as base64, and no XML document has a base64 form of only these characters.
const HANDSHAKE: Handshake = Handshake {
    unsigned: |request| {
        let challenge = request.is(&Method::GET).then(|| request.query("bt_challenge"))??;
        let secret = request.secrets.iter().next().filter(|_| is_challenge(&challenge))?;
        let key = secret.expose_str().map_or_else(|| Zeroizing::new(secret.expose().into()), sha1);
        let mac = mac::<Hmac<Sha1>>(&key, &[challenge.as_bytes()])?;
        echo(&format!("{}|{}", secret.key_id()?, HEXLOWER.encode(&mac)))
    },
    ..Handshake::NONE
};

fn sha1(secret: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Sha1::digest(secret).to_vec())
}

/// Returns whether `text` is a challenge, which the handshake signs for any client.
fn is_challenge(text: &str) -> bool {
    (20..=32).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn begin<'a>(keys: &'a Keyring, _: &RequestContext<'a>) -> CheckResult<'a> {
    check((), None, |(), body| verify(keys, body))
}

fn verify(keys: &Keyring, body: &[u8]) -> Result<Verified, VerifyError> {
    let parameter = |name: &str| {
        only_parameter(body, name)?
            .ok_or_else(|| VerifyError::missing(format!("`{name}` is missing in the form")))
    };
    let signatures = parameter("bt_signature")?;
    let payload = parameter("bt_payload")?;
    if is_challenge(payload.trim()) {
        return Err(VerifyError::wrong("payload is a challenge, which the handshake signs for any client"));
    }
    let pairs = signatures.split('&').filter_map(|pair| pair.split_once('|'));
    let mut known = pairs.filter(|(public_key, _)| keys.may_have(public_key.as_bytes())).peekable();
    if known.peek().is_none() {
        return Err(match signatures.contains('|') {
            true => VerifyError::wrong("no secret has the public key in `bt_signature` as its key id"),
            false => VerifyError::malformed("`bt_signature` does not contain a public key"),
        });
    }
    let tags = known.map(|(_, tag)| tag.as_bytes());
    let candidates = Candidates::read(tags, Encoding::Hex, keys.tag_length())?;
    let mut macs = keys.begin(None);
    macs.update(payload.as_bytes());
    let verified = macs.verify(&candidates)?;
    Ok(match kind(&payload) {
        Some(kind) => verified.with_event_type(kind),
        None => verified,
    })
}

/// Returns the text of the first `kind` element in the XML.
fn kind(payload: &str) -> Option<String> {
    let packed: Vec<u8> = payload.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let xml = String::from_utf8(BASE64.decode(&packed).ok()?).ok()?;
    let (kind, _) = xml.split_once("<kind>")?.1.split_once("</kind>")?;
    Some(kind.trim().to_owned())
}

#[cfg(feature = "test-util")]
mod signing {
    use std::time::SystemTime;

    use bytes::Bytes;
    use http::request::Parts;

    use super::{Encoding, Keyring, VerifyError, only_parameter};
    use crate::verify::signing::{CannotSign, form_with};

    pub(super) fn sign(
        keys: &Keyring,
        _: &mut Parts,
        body: &mut Bytes,
        _: SystemTime,
    ) -> Result<(), CannotSign> {
        let payload = only_parameter(body, "bt_payload")?
            .ok_or(VerifyError::missing("`bt_payload` is missing in the form"))?;
        let mut macs = keys.signer(None)?;
        macs.update(payload.as_bytes());
        // Without a key id, the verifier does not check the public key.
        let public_key = keys.first_key_id().unwrap_or("public_key");
        let signature = format!("{public_key}|{}", macs.signature(Encoding::Hex));
        *body = form_with(body, "bt_signature", &signature)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::HANDSHAKE;
    use crate::{Secret, provider::handshake::testing::unsigned};

    #[test]
    fn braintree_signs_only_challenges() -> Result<(), crate::InvalidSecret> {
        let secret = "integration_private_key".parse::<Secret>()?.with_key_id("integration_public_key");
        let sign =
            |challenge: &str| unsigned(HANDSHAKE, secret.clone(), &format!("bt_challenge={challenge}"));
        // A value from the provider's library.
        let known = "integration_public_key|d9b899556c966b3f06945ec21311865d35df3ce4";
        assert_eq!(sign("20f9f8ed05f77439fe955c977e4c8a53").as_deref(), Some(known));
        for payload in
            ["", "20f9f8ed05f77439fe9", "20f9f8ed05f77439fe955c977e4c8a530", "PG5vdGlmaWNhdGlvbj48"]
        {
            assert_eq!(sign(payload), None, "{payload}");
        }
        // The response needs the public key.
        let nameless = "integration_private_key".parse()?;
        assert_eq!(unsigned(HANDSHAKE, nameless, "bt_challenge=20f9f8ed05f77439fe955c977e4c8a53"), None);
        Ok(())
    }
}
