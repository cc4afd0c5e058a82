use http::{HeaderName, header};

use super::{
    by_hand::{CheckResult, Methods, check, required_value, verifier},
    providers,
};
use crate::{
    InvalidSecret,
    verify::{Candidates, Encoding, Keyring, Location, MacKind, RequestContext},
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
            .with_event_type(Location::json("/type"));
}

fn begin<'a>(keys: &'a Keyring, request: &RequestContext<'a>) -> CheckResult<'a> {
    let signature = required_value(request.head(), &SIGNATURE)?;
    let candidates = Candidates::read([signature].into_iter(), Encoding::Hex, keys.tag_length())?;
    let mut macs = keys.begin(None);
    macs.update_with_key_ids();
    check(macs, None, move |macs, _| macs.verify(&candidates))
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
