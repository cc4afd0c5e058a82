use std::time::Duration;
#[cfg(feature = "test-util")]
use std::time::SystemTime;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use http::HeaderName;
#[cfg(feature = "test-util")]
use http::request::Parts;
use serde::de::MapAccess;
use sha2::{Digest, Sha256};

use super::providers;
#[cfg(feature = "test-util")]
use crate::verify::signing::{CannotSign, Signer, Write};
use crate::{
    Secret, Secrets,
    payload::lenient::{Field, Fields, Object},
    verify::{
        Candidates, Check, Encoding, Finish, Keyring, Location, MacKind, Macs, Profile, RequestContext,
        Verified, Verifier, VerifyError, matching_token, single_header,
    },
};

static SIGNATURE: HeaderName = HeaderName::from_static("x-webhook-signature");

providers! {
    /// Creates a verifier for Notifyer by WhatsAble.
    ///
    /// The events are WhatsApp messages: see [`payload::notifyer`](crate::payload::notifyer). Notifyer sends
    /// `X-Webhook-Signature` for endpoints created with `active_signature`. Its documentation does not specify
    /// the algorithm or the encoding, and the signature in its sample has the length of a token rather than of a
    /// digest. The verifier therefore accepts both a token and an HMAC, and compares in constant time.
    ///
    /// * Signature: the secret itself or the HMAC-SHA256 of the body, in `x-webhook-signature`.
    /// * Secret: the `signature_secret`, as text. Notifyer displays it only once.
    /// * Signed content: a token covers nothing. An HMAC covers `{body}`, and is sent as hex or base64 (either
    ///   alphabet, with or without padding), with or without the prefix `sha256=`.
    /// * Delivery id: computed from the contact's number, the time of the message and the digest of the body, as
    ///   Notifyer recommends; **not signed** if Notifyer sends a token. Because of the digest, two messages
    ///   within one second have different ids.
    /// * Event type: `body:/message_type` or `body:/data/message_type` or `body:/event`, **not signed**. The
    ///   layer uses the first of these fields that is present. Its value is the kind of a message, such as
    ///   `text` or `image`, or `message_status` for a status update.
    /// * Retries: yes.
    /// * Acknowledge within: 10 s.
    /// * Not covered: with a token, **the body**. An attacker who captures a request can send any other body
    ///   with its token. Use HTTPS, and keep the endpoint's URL secret.
    notifyer: "notifyer", "Notifyer by WhatsAble",
        "https://docs.whatsable.app/notifier-system/api-documentation/receive-incoming-message",
        @by_hand |tokens, profile| {
            let keys = Keyring::of_text(MacKind::HmacSha256, &tokens);
            Ok(Box::new(Notifyer { tokens, keys, profile }))
        },
        profile: |profile| profile
            .with_event_type([
                Location::json("/message_type"),
                Location::json("/data/message_type"),
                Location::json("/event"),
            ])
            // The signature may be a token, which covers nothing.
            .with_id_signed(false)
            .with_event_type_signed(false)
            .with_body_signed(false),
        equal_bodies: true,
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true);
}

#[derive(Debug)]
struct Notifyer {
    tokens: Secrets,
    keys: Keyring,
    profile: Profile,
}

impl Verifier for Notifyer {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let head = request.head();
        let sent = single_header(&head.headers, &SIGNATURE)?.as_bytes();
        let proof = match matching_token(self.tokens.iter().map(Secret::expose), sent) {
            Some(index) => TokenOrMac::Token(self.keys.verified(index)),
            None => {
                let tag = sent.strip_prefix(b"sha256=").unwrap_or(sent);
                // A token can be any text, so text that is not a MAC is a mismatch, not malformed.
                let candidates = [Encoding::Hex, Encoding::Base64, Encoding::Base64Url]
                    .into_iter()
                    .find_map(|encoding| {
                        Candidates::read([tag].into_iter(), encoding, self.keys.tag_length()).ok()
                    })
                    .ok_or(VerifyError::wrong("signature mismatch: neither a matching token nor a MAC"))?;
                TokenOrMac::Mac(self.keys.begin(None), candidates)
            }
        };
        Ok(Box::new(NotifyerCheck { proof, digest: Sha256::new() }))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}

#[cfg(feature = "test-util")]
impl Signer for Notifyer {
    fn facts(&self) -> &Profile {
        &self.profile
    }

    /// Signs with an HMAC, because a token does not depend on the body.
    fn sign(&self, head: &mut Parts, body: &mut Bytes, _: SystemTime) -> Result<(), CannotSign> {
        let mut macs = self.keys.signer(None)?;
        macs.update(body);
        head.write_header(&SIGNATURE, macs.signature(Encoding::Hex))
    }
}

struct NotifyerCheck<'a> {
    proof: TokenOrMac<'a>,
    digest: Sha256,
}

#[allow(clippy::large_enum_variant, reason = "boxed, one per request")]
enum TokenOrMac<'a> {
    Token(Verified),
    Mac(Macs<'a>, Candidates),
}

impl Check for NotifyerCheck<'_> {
    fn update(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        if let TokenOrMac::Mac(macs, _) = &mut self.proof {
            macs.update(bytes);
        }
    }

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        let verified = match self.proof {
            TokenOrMac::Token(verified) => Ok(verified),
            TokenOrMac::Mac(macs, candidates) => macs.verify(&candidates),
        };
        let digest: [u8; 32] = self.digest.finalize().into();
        verified.map(|verified| verified.with_id(event_id(body, &digest))).into()
    }
}

/// Returns `{phone number}:{time of the message}:{digest of the body}`, or only the digest if the body has no
/// phone number.
fn event_id(body: &[u8], digest: &[u8; 32]) -> String {
    let digest = HEXLOWER.encode(digest);
    let facts = serde_json::from_slice::<Object<MessageFacts>>(body).ok().and_then(Object::into_inner);
    match facts {
        Some(MessageFacts { phone_number: Some(number), outgoing, user_time, bot_time }) => {
            let time = if outgoing { bot_time } else { user_time };
            format!("{number}:{}:{digest}", time.unwrap_or_default())
        }
        _ => digest,
    }
}

/// The fields of a message from which the delivery id is computed.
#[derive(Default)]
struct MessageFacts {
    phone_number: Option<String>,
    outgoing: bool,
    user_time: Option<u64>,
    bot_time: Option<u64>,
}

impl Fields for MessageFacts {
    fn set<'de, A: MapAccess<'de>>(&mut self, field: Field<'_, A>) -> Result<(), A::Error> {
        match field.name {
            "phone_number" => self.phone_number = field.text()?,
            "incoming_message" => self.outgoing = field.flag()? == Some(false),
            "user_last_message_time" | "user_timestamp" => {
                self.user_time = field.seconds()?.or(self.user_time)
            }
            "bot_last_message_time" | "bot_timestamp" => self.bot_time = field.seconds()?.or(self.bot_time),
            // The envelope of older endpoints.
            "data" => *self = field.object()?.unwrap_or_default(),
            _ => field.skip()?,
        }
        Ok(())
    }
}
