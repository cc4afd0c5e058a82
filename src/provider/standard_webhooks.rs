use std::time::SystemTime;

use data_encoding::BASE64_NOPAD;
use http::{HeaderName, request::Parts};
use zeroize::Zeroizing;

use super::single;
use crate::{
    InvalidSecret, Secrets, secret,
    verify::{
        Candidates, Check, Encoding, HmacCheck, Keyring, Location, Profile, Verifier, VerifyError,
        unix_seconds,
    },
};

static ID: HeaderName = HeaderName::from_static("webhook-id");
static TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
static SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// [Standard Webhooks](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md),
/// symmetric (`v1`): what [`WebhookLayer::new`](crate::WebhookLayer::new) verifies.
///
/// * Secret: base64, after `whsec_` if that is there.
/// * Signed: `webhook-id`, `webhook-timestamp` and the body, with HMAC-SHA256.
/// * `webhook-signature`: a list of `v1,<base64>`, parted by spaces; any may match, and other
///   versions are passed over.
/// * Timestamp: whole seconds, 300 s either way. Id: `webhook-id`. Event type: `/type` in the body.
///
/// # Panics
///
/// If a secret is not base64. [`try_standard_webhooks`] returns that as an error.
#[track_caller]
pub fn standard_webhooks(secrets: impl Into<Secrets>) -> impl Verifier {
    secret::usable(StandardWebhooks::new(&secrets.into()))
}

/// [`standard_webhooks`] for secrets that come from users or a database.
///
/// # Errors
///
/// If a secret is not base64.
pub fn try_standard_webhooks(secrets: impl Into<Secrets>) -> Result<impl Verifier, InvalidSecret> {
    StandardWebhooks::new(&secrets.into())
}

#[derive(Debug)]
struct StandardWebhooks {
    keys: Keyring,
    profile: Profile,
}

impl StandardWebhooks {
    fn new(secrets: &Secrets) -> Result<Self, InvalidSecret> {
        let mut profile = Profile::new("standard-webhooks");
        profile.id = Some(Location::Header(ID.clone()));
        profile.event_type = Some(Location::json("/type"));
        Ok(Self { keys: Keyring::decoded(secrets, decode)?, profile })
    }
}

/// The key's bytes. Padding may be left out: what it decodes to is the same.
fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, InvalidSecret> {
    let base64 = text.strip_prefix("whsec_").unwrap_or(text).trim_end_matches('=');
    match BASE64_NOPAD.decode(base64.as_bytes()) {
        Ok(key) => Ok(Zeroizing::new(key)),
        Err(_) => {
            Err(InvalidSecret::new("it is not base64, which Standard Webhooks secrets are after `whsec_`"))
        }
    }
}

impl Verifier for StandardWebhooks {
    fn begin<'a>(&'a self, head: &'a Parts, _: SystemTime) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let signatures = single(head, &SIGNATURE)?;
        let (id, timestamp) = (single(head, &ID)?, single(head, &TIMESTAMP)?);
        // A dot in the id would let its end be read as the timestamp, and the other way round.
        if id.is_empty() || id.contains(&b'.') {
            return Err(VerifyError::malformed("the webhook-id is empty or has a dot in it"));
        }
        let signed_at = unix_seconds(timestamp)
            .ok_or(VerifyError::malformed("the webhook-timestamp is not a number of seconds"))?;
        let versioned = signatures.split(|&byte| byte == b' ').filter(|item| !item.is_empty());
        let candidates =
            Candidates::read(versioned.filter_map(|item| item.strip_prefix(b"v1,")), Encoding::Base64)?;
        // The timestamp is signed as it was sent, not as it was read.
        let check = HmacCheck::new(&self.keys, candidates, Some(signed_at));
        Ok(Box::new(check.chain(id).chain(b".").chain(timestamp).chain(b".")))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}
