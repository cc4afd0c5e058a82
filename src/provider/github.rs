use std::time::{Duration, SystemTime};

use http::{HeaderName, request::Parts};

use super::single;
use crate::{
    InvalidSecret, Secrets,
    verify::{Candidates, Check, Encoding, HmacCheck, Keyring, Location, Profile, Verifier, VerifyError},
};

static SIGNATURE: HeaderName = HeaderName::from_static("x-hub-signature-256");

/// [GitHub](https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries).
///
/// * Secret: the text as it stands.
/// * Signed: the body, with HMAC-SHA256; `X-Hub-Signature-256: sha256=<hex>`. The older
///   `X-Hub-Signature` (SHA-1) is never looked at.
/// * Id: `X-GitHub-Delivery`, the same when a delivery is sent again. **It is not signed**: see
///   [`replay_guard`](crate::WebhookLayer::replay_guard). No timestamp.
/// * Event type: `X-GitHub-Event`, not signed either.
/// * A payload that GitHub posts as a form is found in its `payload` field.
/// * Bodies of up to 25 MB ([source](https://docs.github.com/en/webhooks/webhook-events-and-payloads));
///   an answer within 10 s ([source](https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks));
///   **no retries** of its own ([source](https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries)),
///   which makes [`StoreFailure::Proceed`](crate::StoreFailure::Proceed) worth a thought.
///
/// # Panics
///
/// Never: a [`Secret`](crate::Secret) is not empty, and any other text is a key.
pub fn github(secrets: impl Into<Secrets>) -> impl Verifier {
    GitHub::new(&secrets.into())
}

/// [`github`] in the form that all providers have.
///
/// # Errors
///
/// None today: a [`Secret`](crate::Secret) is not empty, and any other text is a key.
pub fn try_github(secrets: impl Into<Secrets>) -> Result<impl Verifier, InvalidSecret> {
    Ok(GitHub::new(&secrets.into()))
}

#[derive(Debug)]
struct GitHub {
    keys: Keyring,
    profile: Profile,
}

impl GitHub {
    fn new(secrets: &Secrets) -> Self {
        let mut profile = Profile::new("github");
        profile.id = Some(Location::header("x-github-delivery"));
        profile.id_signed = false;
        profile.event_type = Some(Location::header("x-github-event"));
        profile.json_field = Some("payload".into());
        profile.body_limit = Some(25 * 1024 * 1024);
        profile.ack_deadline = Some(Duration::from_secs(10));
        profile.retries = Some(false);
        Self { keys: Keyring::of_text(secrets), profile }
    }
}

impl Verifier for GitHub {
    fn begin<'a>(&'a self, head: &'a Parts, _: SystemTime) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let hex = single(head, &SIGNATURE)?
            .strip_prefix(b"sha256=")
            .ok_or(VerifyError::malformed("the x-hub-signature-256 does not begin with sha256="))?;
        let candidates = Candidates::read([hex].into_iter(), Encoding::Hex)?;
        Ok(Box::new(HmacCheck::new(&self.keys, candidates, None)))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}
