use std::time::SystemTime;

use http::{HeaderName, header};
use serde::Deserialize;

use super::{
    by_hand::{CheckResult, JsonObject, Methods, Scalar, check, required_value, verifier},
    providers,
};
use crate::{
    InvalidSecret,
    verify::{
        Candidates, Encoding, Keyring, Location, MacKind, RequestContext, TimeUnit, Tolerance, VerifyError,
    },
};

const SIGNATURE: HeaderName = header::AUTHORIZATION;

providers! {
    /// Creates a verifier for TikTok Shop.
    ///
    /// The verifier accepts webhooks of the TikTok Shop Partner Center. For webhooks of TikTok for Developers,
    /// see [`tiktok`](crate::provider::tiktok).
    ///
    /// * Signature: HMAC-SHA256 of the app key and the body, as hex in `authorization`.
    /// * Secret: the app secret, as text, with the app key as its [key id](crate::Secret::with_key_id).
    /// * Delivery id: `body:/tts_notification_id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `body:/timestamp`, the time of the event, if present; any age unless the layer has a
    ///   [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future
    ///   ([source](https://partner.tiktokshop.com/docv2/page/42-combined-listing-change)).
    tiktok_shop -> Result: "tiktok-shop", "TikTok Shop",
        "https://github.com/hookdeck/webhook-skills/blob/HEAD/skills/tiktok-shop-webhooks/SKILL.md",
        @by_hand |secrets, profile| {
            if let Some(index) = secrets.iter().position(|secret| secret.key_id().is_none()) {
                return Err(InvalidSecret::new("secret has no key id").at(index));
            }
            let keys = Keyring::of_text(MacKind::HmacSha256, &secrets);
            verifier(keys, profile, Methods { begin, #[cfg(feature = "test-util")] sign: signing::sign })
        },
        profile: |profile| profile
            .with_id(Location::json("/tts_notification_id"))
            .with_event_type(Location::json("/type"))
            .with_tolerance(Tolerance::any_age());
}

fn begin<'a>(keys: &'a Keyring, request: &RequestContext<'a>) -> CheckResult<'a> {
    let signature = required_value(request.head(), &SIGNATURE)?;
    let candidates = Candidates::read([signature].into_iter(), Encoding::Hex, keys.tag_length())?;
    let mut macs = keys.begin(None);
    macs.update_with_key_ids();
    check(macs, None, move |macs, body| {
        let mut verified = macs.verify(&candidates)?;
        verified.timestamp = sent_at(body)?;
        Ok(verified)
    })
}

/// Returns the time in a verified body.
fn sent_at(body: &[u8]) -> Result<Option<SystemTime>, VerifyError> {
    #[derive(Deserialize)]
    struct Notification {
        timestamp: Option<Scalar>,
    }
    let notification = serde_json::from_slice::<JsonObject<Notification>>(body);
    let timestamp = notification.ok().and_then(|JsonObject(notification)| notification.timestamp);
    timestamp.map(|Scalar(timestamp)| TimeUnit::Seconds.read(timestamp.as_bytes())).transpose()
}

#[cfg(feature = "test-util")]
mod signing {
    use std::time::SystemTime;

    use bytes::Bytes;
    use http::request::Parts;

    use super::{Encoding, Keyring, SIGNATURE};
    use crate::verify::signing::{CannotSign, Write};

    pub(super) fn sign(
        keys: &Keyring,
        head: &mut Parts,
        body: &mut Bytes,
        _: SystemTime,
    ) -> Result<(), CannotSign> {
        let mut macs = keys.signer(None)?;
        macs.update_with_key_ids();
        macs.update(body);
        head.write_header(&SIGNATURE, macs.signature(Encoding::Hex))
    }
}
