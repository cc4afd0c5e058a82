use http::{HeaderName, request::Parts};

use super::check::{Begun, check, header, not_of_the_body, verifier, verify_any};
use crate::{
    provider::facts::providers,
    verify::{Candidates, Encoding, Keyring, Location, MacKind, Profile, VerifyError, called_url},
};

static SIGNATURE: HeaderName = HeaderName::from_static("x-plivo-signature-v2");
static NONCE: HeaderName = HeaderName::from_static("x-plivo-signature-v2-nonce");

providers! {
    /// Plivo v2.
    ///
    /// * Signed: the URL without its query, and the nonce; HMAC-SHA256, in `X-Plivo-Signature-V2`.
    ///   **The body is not covered**: whoever has seen one request can send any other to the same URL,
    ///   once for each nonce while it is remembered. Secret: the text of the auth token. Behind a proxy
    ///   the layer needs [`public_url`](crate::WebhookLayer::public_url).
    /// * Id: `X-Plivo-Signature-V2-Nonce`, signed.
    plivo_v2, try_plivo_v2: "plivo-v2", "Plivo v2",
        "https://github.com/plivo/plivo-node/blob/HEAD/lib/utils/security.js",
        @by_hand |secrets| {
            let mut profile = Profile::new("plivo-v2");
            profile.body_signed = false;
            profile.id = Some(Location::Header(NONCE.clone()));
            profile.event_type = Some(Location::Form("Event".into()));
            let keys = Keyring::of_text(MacKind::HmacSha256, &secrets);
            verifier(keys, profile, begin)
        };
}

fn begin<'a>(keys: &'a Keyring, head: &'a Parts) -> Begun<'a> {
    let signatures = header(head, &SIGNATURE)?;
    let signatures = signatures.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
    let candidates = Candidates::read(signatures, Encoding::Base64, keys.tag_length())?;
    let nonce = header(head, &NONCE)?;
    // It is signed right after the URL: no part of that may pass for its beginning, and be a new id.
    if !nonce.iter().all(u8::is_ascii_alphanumeric) {
        return Err(VerifyError::malformed("the nonce has other signs than letters and digits"));
    }

    let url = called_url(head);
    let url = url.split(|&byte| byte == b'?').next().unwrap_or_default();
    // A request for nothing but a host has the path `/`, whether its URL had or not.
    let bare = url.strip_suffix(b"/").filter(|bare| bare.iter().filter(|&&byte| byte == b'/').count() == 2);
    let verified = verify_any(keys, &candidates, [Some(url), bare].into_iter().flatten(), |macs, url| {
        macs.update(url);
        macs.update(nonce);
    })?;
    check((), None, |(), _| Ok(not_of_the_body(verified)))
}
