use std::time::Duration;

use std::{borrow::Cow, time::SystemTime};

use http::HeaderName;

use super::{
    by_hand::{
        CheckResult, Methods, check, optional_value, required_value, verifier, verify_any, without_mac,
    },
    providers,
};
use crate::verify::{
    Attempt, Candidates, Encoding, Keyring, Location, MacKind, Macs, RequestContext, TimeUnit, Tolerance,
    VerifyError, only_parameter,
};

static SIGNATURE: HeaderName = HeaderName::from_static("x-signature");
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

providers! {
    /// Creates a verifier for Mercado Pago.
    ///
    /// * Signature: HMAC-SHA256 of the ids and the timestamp, as hex in the field `v1` of `x-signature`.
    /// * Secret: the application's secret signature, as text. Mercado Pago does not sign notifications of QR
    ///   codes, so the layer rejects them.
    /// * Signed content: `id:{query:data.id};request-id:{header:x-request-id};ts:{ts};`. Missing values are
    ///   omitted together with their names. The layer accepts a signature of `data.id` as sent or, as
    ///   documented, in lower case. **The body is not covered**: use only `data.id` from the query, and request
    ///   the rest from the API.
    /// * Delivery id: `x-request-id` and `data.id`, signed; none if either is missing. `x-request-id` alone
    ///   would not suffice: it identifies an operation, which can have several notifications.
    /// * Event type: `body:/action`, **not signed**.
    /// * Timestamp: `field:ts`, in seconds (10 digits) or milliseconds (13 digits); any age unless the layer has
    ///   a [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future. Mercado Pago documents
    ///   no maximum age.
    /// * Retries: yes.
    /// * Acknowledge within: 22 s.
    mercadopago: "mercadopago", "Mercado Pago",
        "https://www.mercadopago.com.ar/developers/es/docs/checkout-api-orders/notifications",
        @by_hand |secrets, profile| {
            let keys = Keyring::of_text(MacKind::HmacSha256, &secrets);
            verifier(keys, profile, Methods { begin, #[cfg(feature = "test-util")] sign: signing::sign })
        },
        profile: |profile| profile
            .with_body_signed(false)
            .with_event_type(Location::json("/action"))
            .with_event_type_signed(false)
            .with_tolerance(Tolerance::any_age()),
        ack_deadline: Some(Duration::from_secs(22)),
        retries: Some(true),
        attempt: Some(|| Attempt::Retries(Location::header("x-retry")));
}

fn begin<'a>(keys: &'a Keyring, request: &RequestContext<'a>) -> CheckResult<'a> {
    let head = request.head();
    let signature = required_value(head, &SIGNATURE)?;
    let fields = || signature.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
    let ts = fields().find_map(|field| field.strip_prefix(b"ts="));
    let ts = ts.ok_or(VerifyError::missing("`ts` is missing in `x-signature`"))?.trim_ascii();
    let sent_at = time(ts)?;
    let tags = fields().filter_map(|field| field.strip_prefix(b"v1=")).map(<[u8]>::trim_ascii);
    let candidates = Candidates::read(tags, Encoding::Hex, keys.tag_length())?;

    let data_id = only_parameter(head.uri.query().unwrap_or_default().as_bytes(), "data.id")?;
    let data_id = data_id.filter(|id| !id.is_empty());
    let request_id = optional_value(head, &REQUEST_ID)?;
    let has_mark = |bytes: &[u8]| bytes.contains(&b';');
    if data_id.as_ref().is_some_and(|id| has_mark(id.as_bytes())) || request_id.is_some_and(has_mark) {
        return Err(VerifyError::malformed("`data.id` or `x-request-id` contains `;`"));
    }
    let lower =
        data_id.as_ref().map(|id| id.to_ascii_lowercase()).filter(|lower| data_id.as_deref() != Some(lower));
    let ids = [Some(data_id.clone()), lower.map(|lower| Some(Cow::Owned(lower)))].into_iter().flatten();
    let verified = verify_any(keys, &candidates, ids, |macs, id| feed(macs, id.as_deref(), request_id, ts))?;
    let id = request_id.zip(data_id).map(|(request_id, data_id)| {
        format!("{}:{}", String::from_utf8_lossy(request_id), data_id.to_ascii_lowercase())
    });
    check((), Some(sent_at), |(), _| {
        let verified = without_mac(verified);
        Ok(match id {
            Some(id) => verified.with_id(id),
            None => verified,
        })
    })
}

fn feed(macs: &mut Macs<'_>, data_id: Option<&str>, request_id: Option<&[u8]>, ts: &[u8]) {
    let data_id = data_id.map(str::as_bytes);
    for (name, value) in [("id:", data_id), ("request-id:", request_id), ("ts:", Some(ts))] {
        if let Some(value) = value {
            macs.update(name.as_bytes());
            macs.update(value);
            macs.update(b";");
        }
    }
}

/// Parses `ts`. Mercado Pago's SDK uses milliseconds, and its documentation seconds.
fn time(ts: &[u8]) -> Result<SystemTime, VerifyError> {
    if ts.len() == 13 { TimeUnit::Milliseconds.read(ts) } else { TimeUnit::Seconds.read(ts) }
}

#[cfg(feature = "test-util")]
mod signing {
    use std::time::SystemTime;

    use bytes::Bytes;
    use http::request::Parts;

    use super::{Encoding, Keyring, REQUEST_ID, SIGNATURE, TimeUnit, feed, only_parameter, optional_value};
    use crate::verify::signing::{CannotSign, Write};

    /// Signs with a timestamp in milliseconds and the id in lower case.
    pub(super) fn sign(
        keys: &Keyring,
        head: &mut Parts,
        _: &mut Bytes,
        at: SystemTime,
    ) -> Result<(), CannotSign> {
        let ts = TimeUnit::Milliseconds.write(at)?;
        let data_id = only_parameter(head.uri.query().unwrap_or_default().as_bytes(), "data.id")?;
        let data_id = data_id.filter(|id| !id.is_empty()).map(|id| id.to_ascii_lowercase());
        let mut macs = keys.signer(None)?;
        feed(&mut macs, data_id.as_deref(), optional_value(head, &REQUEST_ID)?, ts.as_bytes());
        let signature = macs.signature(Encoding::Hex);
        head.write_header(&SIGNATURE, format!("ts={ts},v1={signature}"))
    }
}
