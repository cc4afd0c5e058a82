use std::time::Duration;

use http::{HeaderName, request::Parts};

use super::{
    by_hand::{CheckResult, Methods, check, required_value, verifier, verify_any, without_mac},
    providers,
};
use crate::verify::{
    Algorithm::HmacSha1,
    Candidates,
    Encoding::{self, Base64},
    Keyring, Location, MacKind, Macs, Parameters, RequestContext, Scheme, VerifyError, all_sorted_parameters,
    called_url,
};

static SIGNATURE: HeaderName = HeaderName::from_static("x-plivo-signature-v2");
static NONCE: HeaderName = HeaderName::from_static("x-plivo-signature-v2-nonce");
static SIGNATURE_V3: HeaderName = HeaderName::from_static("x-plivo-signature-v3");
static NONCE_V3: HeaderName = HeaderName::from_static("x-plivo-signature-v3-nonce");

providers! {
    /// Creates a verifier for Plivo v1.
    ///
    /// * Signature: HMAC-SHA1 of `{url}{sorted_form}`, as base64 in `x-plivo-signature`.
    /// * Secret: the auth token, as text.
    /// * Signed content: the URL and the form's parameters, sorted by name.
    /// * Delivery id: none. `CallUUID` identifies the call, which has several events.
    /// * Event type: `form:Event`, **not signed**.
    /// * Retries: yes.
    /// * Acknowledge within: 8 s.
    /// * Not covered: **the boundaries between parameters**, their order, repetitions of a parameter, the method
    ///   and the headers. Plivo concatenates names and values before signing, so an attacker who captures a
    ///   request can replay it with its parameters split differently. The attacker can also move bytes between
    ///   the query and the form.
    /// * Set [`public_url`](crate::WebhookLayer::public_url) behind a proxy.
    plivo_v1: "plivo-v1", "Plivo v1",
        "https://github.com/plivo/plivo-node/blob/HEAD/lib/utils/security.js",
        Scheme::new(HmacSha1, "x-plivo-signature", Base64)
            .signs("{url}{sorted_form}")
            .event_type("form:Event"),
        ack_deadline: Some(Duration::from_secs(8)),
        retries: Some(true);

    /// Creates a verifier for Plivo v2.
    ///
    /// * Signature: HMAC-SHA256 of the URL and a nonce, as base64 in `x-plivo-signature-v2`.
    /// * Secret: the auth token, as text.
    /// * Signed content: the URL without its query, and the nonce.
    /// * Delivery id: the URL without its query and the `X-Plivo-Signature-V2-Nonce`, concatenated; signed. It
    ///   identifies the request, not the event. A second request with the same id counts as a replay: the layer
    ///   responds with an empty 200, without the XML that a call requires. See [the
    ///   guide](crate::guide::answers#providers-that-use-the-response).
    /// * Event type: `form:Event`, **not signed**.
    /// * Retries: yes.
    /// * Acknowledge within: 8 s.
    /// * Not covered: **the body**, the query, the method and the headers. An attacker who captures a request
    ///   can send any other body to the same URL, with the signature of the captured request. Within the
    ///   deduplication window, the layer handles only the first request with this signature.
    /// * Set [`public_url`](crate::WebhookLayer::public_url) behind a proxy.
    /// * The nonce must consist of digits. An attacker can still move digits from the end of the path to the
    ///   nonce, which does not change the delivery id. Do not distinguish accounts by digits at the end of the
    ///   path. With a `public_url`, the signature does not cover the path of the request at all.
    plivo_v2: "plivo-v2", "Plivo v2",
        "https://github.com/plivo/plivo-node/blob/HEAD/lib/utils/security.js",
        @by_hand |secrets, profile| {
            let keys = Keyring::of_text(MacKind::HmacSha256, &secrets);
            verifier(keys, profile, Methods { begin: begin_v2, #[cfg(feature = "test-util")] sign: signing::sign_v2 })
        },
        profile: |profile| profile
            .with_body_signed(false)
            .with_event_type(Location::Form("Event".into()))
            .with_event_type_signed(false),
        ack_deadline: Some(Duration::from_secs(8)),
        retries: Some(true);

    /// Creates a verifier for Plivo v3.
    ///
    /// The verifier accepts voice callbacks.
    ///
    /// * Signature: HMAC-SHA256 of the URL, the parameters and a nonce, as base64 in `x-plivo-signature-v3`.
    /// * Secret: the auth token, as text.
    /// * Signed content: the URL, the query parameters and the form parameters, both sorted by name, and the
    ///   nonce.
    /// * Delivery id: `header:x-plivo-signature-v3-nonce`, signed. A second request with the same nonce counts
    ///   as a replay: the layer responds with an empty 200, without the XML that a call requires. See [the
    ///   guide](crate::guide::answers#providers-that-use-the-response).
    /// * Event type: `form:Event`, **not signed**.
    /// * Retries: yes.
    /// * Not covered: **the boundaries between parameters**, their order, repetitions of a parameter, the method
    ///   and the headers. Plivo concatenates names and values before signing, so an attacker who captures a
    ///   request can replay it with its parameters split differently. The attacker can also move bytes between
    ///   the query and the form.
    /// * Set [`public_url`](crate::WebhookLayer::public_url) behind a proxy.
    plivo_v3: "plivo-v3", "Plivo v3",
        "https://github.com/plivo/plivo-node/blob/HEAD/lib/utils/v3Security.js",
        @by_hand |secrets, profile| {
            let keys = Keyring::of_text(MacKind::HmacSha256, &secrets);
            verifier(keys, profile, Methods { begin: begin_v3, #[cfg(feature = "test-util")] sign: signing::sign_v3 })
        },
        profile: |profile| profile
            .with_body_signed(false)
            .with_id(Location::Header(NONCE_V3.clone()))
            .with_event_type(Location::Form("Event".into()))
            .with_event_type_signed(false),
        retries: Some(true);
}

fn begin_v2<'a>(keys: &'a Keyring, request: &RequestContext<'a>) -> CheckResult<'a> {
    let head = request.head();
    let candidates = candidates(keys, head, &SIGNATURE)?;
    let nonce = nonce(head, &NONCE, u8::is_ascii_digit)?;
    let url = called_url(request)?;
    let (url, _) = parted(&url);
    let verify = |url: &str| {
        let signed = [url, nonce].concat();
        let mut macs = keys.begin(None);
        macs.update(signed.as_bytes());
        // The id is the whole signed content, because an attacker could move a digit between its parts.
        Ok(without_mac(macs.verify(&candidates)?).with_id(signed))
    };
    let verified = verify(url).or_else(|error| bare(url).map_or(Err(error), verify))?;
    check((), None, |(), _| Ok(verified))
}

fn begin_v3<'a>(keys: &'a Keyring, request: &RequestContext<'a>) -> CheckResult<'a> {
    let head = request.head();
    let candidates = candidates(keys, head, &SIGNATURE_V3)?;
    let nonce = nonce(head, &NONCE_V3, u8::is_ascii_alphanumeric)?;
    let url = called_url(request)?;
    check((), None, move |(), body| {
        let (place, query) = parted(&url);
        let (query, form) = (all_sorted_parameters(query.as_bytes())?, all_sorted_parameters(body)?);
        let places = [Some(place), bare(place)].into_iter().flatten();
        verify_any(keys, &candidates, places, |macs, place| feed_v3(macs, place, &query, &form, nonce))
    })
}

fn feed_v3(macs: &mut Macs<'_>, place: &str, query: &Parameters<'_>, form: &Parameters<'_>, nonce: &str) {
    macs.update(place.as_bytes());
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
    macs.update(nonce.as_bytes());
}

/// Splits a URL at its query.
fn parted(url: &str) -> (&str, &str) {
    url.split_once('?').unwrap_or((url, ""))
}

/// Parses the signatures, a list separated by commas.
fn candidates(keys: &Keyring, head: &Parts, name: &HeaderName) -> Result<Candidates, VerifyError> {
    let signatures = required_value(head, name)?.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
    Candidates::read(signatures, Encoding::Base64, keys.tag_length())
}

/// Returns the nonce. Its characters are restricted, because other text directly precedes the nonce in the
/// signed content.
fn nonce<'a>(
    head: &'a Parts,
    name: &HeaderName,
    is_of_nonce: fn(&u8) -> bool,
) -> Result<&'a str, VerifyError> {
    let nonce = required_value(head, name)?;
    let nonce = nonce.iter().all(is_of_nonce).then(|| std::str::from_utf8(nonce).ok()).flatten();
    nonce.ok_or(VerifyError::malformed("nonce contains an invalid character"))
}

/// Returns the URL without its path if the path is `/`. A configured URL may have no path, but a request
/// always has one.
fn bare(url: &str) -> Option<&str> {
    url.strip_suffix('/').filter(|bare| bare.bytes().filter(|&byte| byte == b'/').count() == 2)
}

#[cfg(feature = "test-util")]
mod signing {
    use std::time::SystemTime;

    use bytes::Bytes;
    use http::request::Parts;

    use super::{
        Encoding, Keyring, NONCE, NONCE_V3, RequestContext, SIGNATURE, SIGNATURE_V3, all_sorted_parameters,
        called_url, feed_v3, nonce, parted, required_value,
    };
    use crate::verify::signing::{CannotSign, Write, made_up_number};

    pub(super) fn sign_v2(
        keys: &Keyring,
        head: &mut Parts,
        _: &mut Bytes,
        _: SystemTime,
    ) -> Result<(), CannotSign> {
        head.default_header(&NONCE, made_up_number)?;
        let mut macs = keys.signer(None)?;
        macs.update(parted(&called_url(&RequestContext::new(head))?).0.as_bytes());
        macs.update(required_value(head, &NONCE)?);
        head.write_header(&SIGNATURE, macs.signature(Encoding::Base64))
    }

    pub(super) fn sign_v3(
        keys: &Keyring,
        head: &mut Parts,
        body: &mut Bytes,
        _: SystemTime,
    ) -> Result<(), CannotSign> {
        head.default_header(&NONCE_V3, made_up_number)?;
        let nonce = nonce(head, &NONCE_V3, u8::is_ascii_alphanumeric)?;
        let url = called_url(&RequestContext::new(head))?;
        let (place, query) = parted(&url);
        let (query, form) = (all_sorted_parameters(query.as_bytes())?, all_sorted_parameters(body)?);
        let mut macs = keys.signer(None)?;
        feed_v3(&mut macs, place, &query, &form, nonce);
        head.write_header(&SIGNATURE_V3, macs.signature(Encoding::Base64))
    }
}
