use std::time::SystemTime;

use http::HeaderName;

use super::{
    by_hand::{CheckResult, Methods, check, required_value, verifier, without_mac},
    providers,
};
use crate::verify::{
    Candidates, Encoding, Keyring, Location, MacKind, RequestContext, TimeUnit, Tolerance, VerifyError,
};

static SIGNATURE: HeaderName = HeaderName::from_static("x-orb-signature");
static TIMESTAMP: HeaderName = HeaderName::from_static("x-orb-timestamp");

providers! {
    /// Creates a verifier for Orb.
    ///
    /// * Signature: HMAC-SHA256 of `v1:{ts}:{body}`, as hex with the prefix `v1=` in `x-orb-signature`, which is
    ///   a list separated by spaces.
    /// * Secret: text, not decoded.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:x-orb-timestamp`, in RFC 3339 format, but usually without an offset, which means
    ///   UTC; tolerance 300 s.
    orb: "orb", "Orb",
        "https://github.com/orbcorp/orb-python/blob/HEAD/src/orb/resources/webhooks.py",
        @by_hand |secrets, profile| {
            let keys = Keyring::of_text(MacKind::HmacSha256, &secrets);
            verifier(keys, profile, Methods { begin, #[cfg(feature = "test-util")] sign: signing::sign })
        },
        profile: |profile| profile
            .with_id(Location::json("/id"))
            .with_event_type(Location::json("/type"))
            .with_tolerance(Tolerance::default());
}

fn begin<'a>(keys: &'a Keyring, request: &RequestContext<'a>) -> CheckResult<'a> {
    let head = request.head();
    let signatures = required_value(head, &SIGNATURE)?;
    let ts = required_value(head, &TIMESTAMP)?;
    let sent_at = time(ts)?;
    let signatures = signatures.split(|&byte| byte == b' ').filter_map(|item| item.strip_prefix(b"v1="));
    let candidates = Candidates::read(signatures, Encoding::Hex, keys.tag_length())?;
    let mut macs = keys.begin(None);
    macs.update(b"v1:");
    macs.update(ts);
    macs.update(b":");
    check(macs, Some(sent_at), move |macs, _| {
        Ok(without_mac(macs.verify(&candidates)?).with_timestamp(sent_at))
    })
}

/// Parses the timestamp. Like Orb's SDK, assumes UTC if it has no offset. With and without an offset, its end
/// is recognizable, because the seconds and the minutes of the offset are required.
fn time(ts: &[u8]) -> Result<SystemTime, VerifyError> {
    TimeUnit::Rfc3339.read(ts).or_else(|_| TimeUnit::Rfc3339.read(&[ts, b"Z"].concat()))
}

#[cfg(feature = "test-util")]
mod signing {
    use std::time::SystemTime;

    use bytes::Bytes;
    use http::{HeaderValue, request::Parts};

    use super::{Encoding, Keyring, SIGNATURE, TIMESTAMP, TimeUnit};
    use crate::verify::signing::{CannotSign, Write};

    pub(super) fn sign(
        keys: &Keyring,
        head: &mut Parts,
        body: &mut Bytes,
        at: SystemTime,
    ) -> Result<(), CannotSign> {
        let now = TimeUnit::Rfc3339.write(at)?;
        head.default_header(&TIMESTAMP, || now.trim_end_matches('Z').to_owned())?;
        let ts = head.headers.get(&TIMESTAMP).map(HeaderValue::as_bytes).unwrap_or_default();
        let mut macs = keys.signer(None)?;
        macs.update(b"v1:");
        macs.update(ts);
        macs.update(b":");
        macs.update(body);
        head.write_header(&SIGNATURE, format!("v1={}", macs.signature(Encoding::Hex)))
    }
}
