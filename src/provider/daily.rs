use std::time::SystemTime;

use http::{HeaderName, StatusCode};
use serde::Deserialize;

use super::{
    SecretFormat,
    by_hand::{CheckResult, JsonObject, Methods, check, required_value, verifier, without_mac},
    handshake::{Handshake, UnsignedPost, empty_response},
    providers,
};
use crate::verify::{
    Candidates, Encoding, Keyring, Location, MacKind, RequestContext, TimeUnit, Tolerance, VerifyError,
};

static SIGNATURE: HeaderName = HeaderName::from_static("x-webhook-signature");
static TIMESTAMP: HeaderName = HeaderName::from_static("x-webhook-timestamp");

providers! {
    /// Creates a verifier for Daily.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as base64 in `x-webhook-signature`.
    /// * Secret: the webhook's `hmac`, base64.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:x-webhook-timestamp`, in milliseconds (13 digits) or seconds (10 digits); tolerance
    ///   300 s.
    /// * Handshake: a `POST` with the body `{"test":"test"}` when the webhook is created. It can be unsigned,
    ///   because Daily returns the `hmac` only afterwards. The layer responds with an empty 200.
    daily -> Result: "daily", "Daily",
        "https://docs.daily.co/reference/rest-api/webhooks",
        @by_hand |secrets, profile| {
            let decode = |text: &str| Encoding::Base64.decode_key(text);
            let keys = Keyring::decoded(MacKind::HmacSha256, &secrets, decode)?;
            verifier(keys, profile, Methods { begin, #[cfg(feature = "test-util")] sign: signing::sign })
        },
        secret: Some(SecretFormat::Base64),
        profile: |profile| profile
            .with_id(Location::json("/id"))
            .with_event_type(Location::json("/type"))
            .with_tolerance(Tolerance::default()),
        handshake: Some(HANDSHAKE);
}

fn begin<'a>(keys: &'a Keyring, request: &RequestContext<'a>) -> CheckResult<'a> {
    let head = request.head();
    let signature = required_value(head, &SIGNATURE)?;
    let ts = required_value(head, &TIMESTAMP)?;
    let sent_at = time(ts)?;
    let candidates = Candidates::read([signature].into_iter(), Encoding::Base64, keys.tag_length())?;
    let mut macs = keys.begin(None);
    macs.update(ts);
    macs.update(b".");
    check(macs, Some(sent_at), move |macs, _| {
        Ok(without_mac(macs.verify(&candidates)?).with_timestamp(sent_at))
    })
}

/// Parses the timestamp. Daily's documentation does not state its unit.
fn time(ts: &[u8]) -> Result<SystemTime, VerifyError> {
    if ts.len() == 13 { TimeUnit::Milliseconds.read(ts) } else { TimeUnit::Seconds.read(ts) }
}

/// Daily's handshake: a `POST` with `{"test":"test"}`, to which the layer responds with an empty 200.
const HANDSHAKE: Handshake = Handshake {
    unsigned_post: Some(UnsignedPost {
        has_head: |_| true,
        response: |_, body| {
            #[derive(Deserialize)]
            #[serde(deny_unknown_fields)]
            struct Test {
                test: String,
            }
            let JsonObject(Test { test }) = serde_json::from_slice(body).ok()?;
            (test == "test").then(|| empty_response(StatusCode::OK))
        },
    }),
    ..Handshake::NONE
};

#[cfg(feature = "test-util")]
mod signing {
    use std::time::SystemTime;

    use bytes::Bytes;
    use http::request::Parts;

    use super::{Encoding, Keyring, SIGNATURE, TIMESTAMP, TimeUnit};
    use crate::verify::signing::{CannotSign, Write};

    pub(super) fn sign(
        keys: &Keyring,
        head: &mut Parts,
        body: &mut Bytes,
        at: SystemTime,
    ) -> Result<(), CannotSign> {
        let ts = TimeUnit::Milliseconds.write(at)?;
        let mut macs = keys.signer(None)?;
        macs.update(ts.as_bytes());
        macs.update(b".");
        macs.update(body);
        head.write_header(&TIMESTAMP, ts)?;
        head.write_header(&SIGNATURE, macs.signature(Encoding::Base64))
    }
}
