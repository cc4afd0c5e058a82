use std::io::{self, Write};

use http::HeaderName;

use super::{
    by_hand::{CheckResult, Methods, check, required_value, verifier, without_mac},
    providers,
};
use crate::verify::{
    Candidates, Encoding, Keyring, Location, MacKind, Macs, RequestContext, TimeUnit, Tolerance, VerifyError,
};

static SIGNATURE: HeaderName = HeaderName::from_static("gcms-signature");

providers! {
    /// Creates a verifier for Hygraph.
    ///
    /// * Signature: HMAC-SHA256 of a JSON object with the body, as base64 in the field `sign` of
    ///   `gcms-signature`.
    /// * Secret: the webhook's secret key, as text.
    /// * Signed content: `{"Body":…,"EnvironmentName":…,"TimeStamp":…}`, with the body as a JSON string and the
    ///   fields `env` and `t` of the header. The layer rejects a body that is not UTF-8.
    /// * Delivery id: none.
    /// * Event type: `body:/operation`, signed.
    /// * Timestamp: `field:t`, in milliseconds; tolerance 300 s.
    hygraph: "hygraph", "Hygraph",
        "https://github.com/hygraph/hygraph-utils/blob/HEAD/index.js",
        @by_hand |secrets, profile| {
            let keys = Keyring::of_text(MacKind::HmacSha256, &secrets);
            verifier(keys, profile, Methods { begin, #[cfg(feature = "test-util")] sign: signing::sign })
        },
        profile: |profile| profile
            .with_event_type(Location::json("/operation"))
            .with_tolerance(Tolerance::default());
}

fn begin<'a>(keys: &'a Keyring, request: &RequestContext<'a>) -> CheckResult<'a> {
    let signature = required_value(request.head(), &SIGNATURE)?;
    let field = |prefix: &'static str| {
        let mut fields = signature.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
        let value = fields.find_map(|field| field.strip_prefix(prefix.as_bytes()));
        let name = prefix.trim_end_matches('=');
        value.ok_or_else(|| VerifyError::missing(format!("`{name}` is missing in `gcms-signature`")))
    };
    let candidates = Candidates::read([field("sign=")?].into_iter(), Encoding::Base64, keys.tag_length())?;
    let environment = text(field("env=")?, "`env` is not valid UTF-8")?;
    let ts = field("t=")?;
    let sent_at = TimeUnit::Milliseconds.read(ts)?;
    check((), Some(sent_at), move |(), body| {
        let mut macs = keys.begin(None);
        feed(&mut macs, text(body, "body is not valid UTF-8")?, environment, ts)
            .map_err(|_| VerifyError::malformed("body cannot be written as a JSON string"))?;
        Ok(without_mac(macs.verify(&candidates)?).with_timestamp(sent_at))
    })
}

fn text<'t>(bytes: &'t [u8], error: &'static str) -> Result<&'t str, VerifyError> {
    std::str::from_utf8(bytes).map_err(|_| VerifyError::malformed(error))
}

/// Feeds the signed JSON object, without a copy of the body.
fn feed(macs: &mut Macs<'_>, body: &str, environment: &str, ts: &[u8]) -> serde_json::Result<()> {
    macs.update(b"{\"Body\":");
    serde_json::to_writer(Sink(macs), body)?;
    macs.update(b",\"EnvironmentName\":");
    serde_json::to_writer(Sink(macs), environment)?;
    macs.update(b",\"TimeStamp\":");
    macs.update(ts);
    macs.update(b"}");
    Ok(())
}

struct Sink<'m, 'k>(&'m mut Macs<'k>);

impl Write for Sink<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(feature = "test-util")]
mod signing {
    use std::time::SystemTime;

    use bytes::Bytes;
    use http::request::Parts;

    use super::{Encoding, Keyring, SIGNATURE, TimeUnit, feed};
    use crate::verify::signing::{CannotSign, Write};

    pub(super) fn sign(
        keys: &Keyring,
        head: &mut Parts,
        body: &mut Bytes,
        at: SystemTime,
    ) -> Result<(), CannotSign> {
        let ts = TimeUnit::Milliseconds.write(at)?;
        let text = std::str::from_utf8(body).map_err(|_| CannotSign::new("body is not valid UTF-8"))?;
        let mut macs = keys.signer(None)?;
        feed(&mut macs, text, "master", ts.as_bytes())
            .map_err(|_| CannotSign::new("body cannot be written as a JSON string"))?;
        let signature = macs.signature(Encoding::Base64);
        head.write_header(&SIGNATURE, format!("sign={signature}, env=master, t={ts}"))
    }
}
