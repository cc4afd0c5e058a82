use http::{HeaderName, request::Parts};

use super::check::{Begun, Way, check, header, not_of_the_body, verifier, verify_any};
use crate::{
    provider::facts::providers,
    verify::{
        Candidates, Encoding, Keyring, Location, MacKind, Macs, Parameters, Profile, VerifyError,
        all_sorted_parameters, called_url,
    },
};

static SIGNATURE: HeaderName = HeaderName::from_static("x-plivo-signature-v2");
static NONCE: HeaderName = HeaderName::from_static("x-plivo-signature-v2-nonce");
static SIGNATURE_V3: HeaderName = HeaderName::from_static("x-plivo-signature-v3");
static NONCE_V3: HeaderName = HeaderName::from_static("x-plivo-signature-v3-nonce");

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
            verifier(keys, profile, Way { begin: begin_v2, #[cfg(feature = "test-util")] sign: signing::sign_v2 })
        };

    /// Plivo v3 (voice).
    ///
    /// * Signed, with HMAC-SHA256 in `X-Plivo-Signature-V3`: the URL, the parameters of its query and of
    ///   the form, each in the order of their names, and the nonce; the form's names and values are
    ///   strung together, so that who has seen a request can send it with its parameters parted
    ///   otherwise. Secret: the text of the auth token. Behind a proxy the layer needs
    ///   [`public_url`](crate::WebhookLayer::public_url).
    /// * Id: `X-Plivo-Signature-V3-Nonce`, signed.
    plivo_v3, try_plivo_v3: "plivo-v3", "Plivo v3",
        "https://github.com/plivo/plivo-node/blob/HEAD/lib/utils/v3Security.js",
        @by_hand |secrets| {
            let mut profile = Profile::new("plivo-v3");
            profile.id = Some(Location::Header(NONCE_V3.clone()));
            profile.event_type = Some(Location::Form("Event".into()));
            let keys = Keyring::of_text(MacKind::HmacSha256, &secrets);
            verifier(keys, profile, Way { begin: begin_v3, #[cfg(feature = "test-util")] sign: signing::sign_v3 })
        };
}

fn begin_v2<'a>(keys: &'a Keyring, head: &'a Parts) -> Begun<'a> {
    let (candidates, nonce) = offered(keys, head, &SIGNATURE, &NONCE)?;
    let url = called_url(head);
    let (url, _) = parted(&url);
    let verified = verify_any(keys, &candidates, places(url), |macs, url| {
        [url, nonce].iter().for_each(|part| macs.update(part));
    })?;
    check((), None, |(), _| Ok(not_of_the_body(verified)))
}

fn begin_v3<'a>(keys: &'a Keyring, head: &'a Parts) -> Begun<'a> {
    let (candidates, nonce) = offered(keys, head, &SIGNATURE_V3, &NONCE_V3)?;
    let url = called_url(head);
    check((), None, move |(), body| {
        let (place, query) = parted(&url);
        let (query, form) = (all_sorted_parameters(query)?, all_sorted_parameters(body)?);
        verify_any(keys, &candidates, places(place), |macs, place| feed_v3(macs, place, &query, &form, nonce))
    })
}

fn feed_v3(macs: &mut Macs<'_>, place: &[u8], query: &Parameters<'_>, form: &Parameters<'_>, nonce: &[u8]) {
    macs.update(place);
    if !(query.is_empty() && form.is_empty()) {
        macs.update(b"?");
    }
    for (index, (name, value)) in query.iter().enumerate() {
        let part = if index == 0 { "" } else { "&" };
        [part, name, "=", value].iter().for_each(|text| macs.update(text.as_bytes()));
    }
    if !(query.is_empty() || form.is_empty()) {
        macs.update(b".");
    }
    for (name, value) in form {
        macs.update(name.as_bytes());
        macs.update(value.as_bytes());
    }
    macs.update(b".");
    macs.update(nonce);
}

/// What of a URL comes before the query, and the query.
fn parted(url: &[u8]) -> (&[u8], &[u8]) {
    let mut parts = url.splitn(2, |&byte| byte == b'?');
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// What may be the signature, for there may be several, and the nonce.
fn offered<'a>(
    keys: &Keyring,
    head: &'a Parts,
    signature: &HeaderName,
    nonce: &HeaderName,
) -> Result<(Candidates, &'a [u8]), VerifyError> {
    let signatures = header(head, signature)?.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
    let candidates = Candidates::read(signatures, Encoding::Base64, keys.tag_length())?;
    let nonce = header(head, nonce)?;
    // It is signed right after something else: no part of that may pass for its beginning, and be a
    // new id.
    if !nonce.iter().all(u8::is_ascii_alphanumeric) {
        return Err(VerifyError::malformed("the nonce has other signs than letters and digits"));
    }
    Ok((candidates, nonce))
}

/// What may have been called. A request for nothing but a host has the path `/`, whether its URL had
/// or not.
fn places(url: &[u8]) -> impl Iterator<Item = &[u8]> {
    let bare = url.strip_suffix(b"/").filter(|bare| bare.iter().filter(|&&byte| byte == b'/').count() == 2);
    [Some(url), bare].into_iter().flatten()
}

#[cfg(feature = "test-util")]
mod signing {
    use std::time::SystemTime;

    use bytes::Bytes;
    use http::{HeaderName, request::Parts};

    use super::{
        Encoding, Keyring, NONCE, NONCE_V3, SIGNATURE, SIGNATURE_V3, all_sorted_parameters, called_url,
        feed_v3, header, parted,
    };
    use crate::testing::{CannotSign, Write, made_up};

    pub(super) fn sign_v2(
        keys: &Keyring,
        head: &mut Parts,
        _: &mut Bytes,
        _: SystemTime,
    ) -> Result<(), CannotSign> {
        let nonce = nonce(head, &NONCE)?;
        let url = called_url(head);
        let mut macs = keys.signer(None)?;
        macs.update(parted(&url).0);
        macs.update(&nonce);
        head.write_header(&SIGNATURE, macs.signature(Encoding::Base64))
    }

    pub(super) fn sign_v3(
        keys: &Keyring,
        head: &mut Parts,
        body: &mut Bytes,
        _: SystemTime,
    ) -> Result<(), CannotSign> {
        let nonce = nonce(head, &NONCE_V3)?;
        let url = called_url(head);
        let (place, query) = parted(&url);
        let mut macs = keys.signer(None)?;
        feed_v3(&mut macs, place, &all_sorted_parameters(query)?, &all_sorted_parameters(body)?, &nonce);
        head.write_header(&SIGNATURE_V3, macs.signature(Encoding::Base64))
    }

    fn nonce(head: &mut Parts, name: &HeaderName) -> Result<Vec<u8>, CannotSign> {
        head.default_header(name, made_up)?;
        Ok(header(head, name)?.to_vec())
    }
}
