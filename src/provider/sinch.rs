use std::time::Duration;

use data_encoding::{BASE64, BASE64_NOPAD};
use http::{HeaderName, header};
use md5::{Digest, Md5};
use zeroize::Zeroizing;

use super::{
    SecretFormat,
    by_hand::{CheckResult, Methods, check, optional_value, required_value, verifier, without_mac},
    providers,
};
use crate::{
    InvalidSecret,
    verify::{
        Algorithm::HmacSha1,
        Candidates,
        Encoding::{self, Base64, Hex},
        Keyring, Location, MacKind, Macs, RequestContext, Scheme,
        TimeUnit::{self, Seconds},
        Tolerance, VerifyError, called_path,
    },
};

static TIMESTAMP: HeaderName = HeaderName::from_static("x-timestamp");

providers! {
    /// Creates a verifier for Sinch (Voice, Verification).
    ///
    /// The verifier accepts Voice and Verification callbacks.
    ///
    /// * Signature: HMAC-SHA256 of the method, the MD5 of the body, the content type, the timestamp and the
    ///   path, as base64 in `authorization`.
    /// * Secret: the application's secret, base64 (either alphabet), with the application key as its [key
    ///   id](crate::Secret::with_key_id). Without a key id, the layer accepts any application key.
    /// * Signed content: the method, the MD5 of the body as base64 (empty for an empty body), the content type,
    ///   `x-timestamp:{ts}` and the path, each on its own line. The header is `Authorization: Application
    ///   <application key>:<signature>`.
    /// * Delivery id: none, so deliveries are not deduplicated. Sinch acts on the response (the SVAML, or the
    ///   decision on a verification), and a duplicate would get an empty response. `callid` identifies the call,
    ///   which has several events.
    /// * Event type: `body:/event`, signed.
    /// * Timestamp: `header:x-timestamp`; any age unless the layer has a
    ///   [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future. Sinch documents no
    ///   maximum age.
    /// * Acknowledge within: 5 s.
    /// * Not covered: the host, the query and the other headers. Only an MD5 covers the body. An attacker who
    ///   can choose the content of the original body can create a second body with the same MD5.
    /// * Set [`public_url`](crate::WebhookLayer::public_url) behind a proxy that changes the path.
    sinch_application -> Result: "sinch-application", "Sinch (Voice, Verification)",
        "https://developers.sinch.com/docs/voice/api-reference/authentication/callback-signed-request",
        @by_hand |secrets, profile| {
            let keys = Keyring::decoded(MacKind::HmacSha256, &secrets, decode)?;
            verifier(keys, profile, Methods { begin, #[cfg(feature = "test-util")] sign: signing::sign })
        },
        secret: Some(SecretFormat::Base64),
        profile: |profile| profile
            .with_event_type(Location::json("/event"))
            .with_tolerance(Tolerance::any_age()),
        ack_deadline: Some(Duration::from_secs(5));

    /// Creates a verifier for Sinch (Conversation).
    ///
    /// * Signature: HMAC-SHA256 of `{body}.{header:x-sinch-webhook-signature-nonce}.{ts}`, as base64 in
    ///   `x-sinch-webhook-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:x-sinch-webhook-signature-nonce`, signed.
    /// * Timestamp: `header:x-sinch-webhook-signature-timestamp`; any age unless the layer has a
    ///   [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future.
    /// * Retries: yes.
    sinch_conversation: "sinch-conversation", "Sinch (Conversation)",
        "https://github.com/sinch/sinch-sdk-node/blob/HEAD/packages/sdk-client/tests/utils/authorization.helper.test.ts",
        Scheme::hmac_sha256("x-sinch-webhook-signature", Base64)
            .timestamp("header:x-sinch-webhook-signature-timestamp", Seconds)
            .tolerance(None, 300)
            .signs("{body}.{header:x-sinch-webhook-signature-nonce}.{ts}")
            .id("header:x-sinch-webhook-signature-nonce"),
        retries: Some(true);

    /// Creates a verifier for Sinch (Numbers).
    ///
    /// * Signature: HMAC-SHA1 of the body, as hex in `x-sinch-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `body:/eventId`, signed.
    /// * Event type: `body:/eventType`, signed.
    sinch_numbers: "sinch-numbers", "Sinch (Numbers)",
        "https://github.com/sinch/sinch-sdk-node/blob/HEAD/packages/sdk-client/tests/utils/authorization.helper.test.ts",
        Scheme::new(HmacSha1, "x-sinch-signature", Hex)
            .id("body:/eventId")
            .event_type("body:/eventType");
}

/// Decodes base64 like Sinch's code: in either alphabet, and with any trailing bits.
fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, InvalidSecret> {
    let invalid = || InvalidSecret::new("text is not base64");
    let mut lenient = BASE64_NOPAD.specification();
    lenient.check_trailing_bits = false;
    lenient.translate.from.push_str("-_");
    lenient.translate.to.push_str("+/");
    let text = text.trim_end_matches('=').as_bytes();
    let decoded = lenient.encoding().map_err(|_| invalid())?.decode(text).map_err(|_| invalid())?;
    Ok(Zeroizing::new(decoded))
}

fn begin<'a>(keys: &'a Keyring, request: &RequestContext<'a>) -> CheckResult<'a> {
    let (request, head) = (*request, request.head());
    let malformed = || VerifyError::malformed("`Authorization` is not `Application <key>:<signature>`");
    let authorization = required_value(head, &header::AUTHORIZATION)?;
    let authorization = std::str::from_utf8(authorization).map_err(|_| malformed())?;
    let (scheme, credentials) = authorization.split_once(' ').ok_or_else(malformed)?;
    let (key_id, signature) = credentials.split_once(':').ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("application") || key_id.starts_with(' ') {
        return Err(malformed());
    }
    if !keys.may_have(key_id.as_bytes()) {
        return Err(VerifyError::wrong("no secret has the request's application key as its key id"));
    }
    let candidates =
        Candidates::read([signature.as_bytes()].into_iter(), Encoding::Base64, keys.tag_length())?;
    let sent_at = TimeUnit::Rfc3339.read(required_value(head, &TIMESTAMP)?)?;
    // Only one of several values would be signed, so a repeated header is rejected.
    optional_value(head, &header::CONTENT_TYPE)?;

    check(Md5::new(), Some(sent_at), move |hash, body| {
        let digest = if body.is_empty() { String::new() } else { BASE64.encode(&hash.finalize()) };
        let mut macs = keys.begin(None);
        feed(&mut macs, &request, &digest)?;
        // The MAC covers the timestamp, which differs for each attempt, so the MAC is not a digest of the
        // body.
        macs.verify(&candidates).map(without_mac)
    })
}

fn feed(macs: &mut Macs<'_>, request: &RequestContext<'_>, digest: &str) -> Result<(), VerifyError> {
    let head = request.head();
    let content_type = optional_value(head, &header::CONTENT_TYPE)?.unwrap_or_default();
    let path = called_path(request)?;
    let path = path.split('?').next().unwrap_or_default();
    for line in [head.method.as_str().as_bytes(), digest.as_bytes(), content_type] {
        macs.update(line);
        macs.update(b"\n");
    }
    macs.update(b"x-timestamp:");
    macs.update(required_value(head, &TIMESTAMP)?);
    macs.update(b"\n");
    macs.update(path.as_bytes());
    Ok(())
}

#[cfg(feature = "test-util")]
mod signing {
    use std::time::SystemTime;

    use bytes::Bytes;
    use http::request::Parts;

    use super::{BASE64, Digest, Encoding, Keyring, Md5, RequestContext, TIMESTAMP, TimeUnit, feed, header};
    use crate::verify::signing::{CannotSign, Write};

    pub(super) fn sign(
        keys: &Keyring,
        head: &mut Parts,
        body: &mut Bytes,
        at: SystemTime,
    ) -> Result<(), CannotSign> {
        let now = TimeUnit::Rfc3339.write(at)?;
        head.default_header(&TIMESTAMP, || now)?;
        let digest = if body.is_empty() { String::new() } else { BASE64.encode(&Md5::digest(body)) };
        let mut macs = keys.signer(None)?;
        feed(&mut macs, &RequestContext::received(head, at), &digest)?;
        // Without a key id, the verifier accepts any application key.
        let key_id = keys.first_key_id().unwrap_or("application-key");
        let signature = macs.signature(Encoding::Base64);
        head.write_header(&header::AUTHORIZATION, format!("Application {key_id}:{signature}"))
    }
}
