use std::time::Duration;

use http::{HeaderName, request::Parts};

use super::{
    by_hand::{CheckResult, Methods, check, percent_encode, required_value, verifier, without_mac},
    providers,
};
use crate::verify::{
    Candidates, Encoding, Keyring, Location, MacKind, Macs, RequestContext, TimeUnit, Tolerance, VerifyError,
    called_path, signed_headers,
};

static SIGNATURE: HeaderName = HeaderName::from_static("x-contentful-signature");
static SIGNED_HEADERS: HeaderName = HeaderName::from_static("x-contentful-signed-headers");
static TIMESTAMP: HeaderName = HeaderName::from_static("x-contentful-timestamp");

providers! {
    /// Creates a verifier for Contentful.
    ///
    /// The verifier accepts webhooks and app events.
    ///
    /// * Signature: HMAC-SHA256 of the method, path, listed headers and body, as hex in
    ///   `x-contentful-signature`.
    /// * Secret: the signing secret, as text.
    /// * Signed content: the method, the path with its query, the signed headers and the body, each on its own
    ///   line. `X-Contentful-Signed-Headers` lists the signed headers, which are written as `name:value` and
    ///   joined with `;`. The layer rejects a delivery if the list lacks `X-Contentful-Signed-Headers` or
    ///   `X-Contentful-Timestamp`. The layer also rejects a header value that contains `;` directly followed by
    ///   the name of a signed header and `:`, because this text could be read as another header. Behind a proxy
    ///   that changes the path, set [`public_url`](crate::WebhookLayer::public_url).
    /// * Delivery id: `header:x-contentful-idempotency-key`, **not signed**.
    /// * Event type: `header:x-contentful-topic`, **not signed**, unless `X-Contentful-Signed-Headers` lists
    ///   this header.
    /// * Timestamp: `header:x-contentful-timestamp`; tolerance 29 s in the past and 300 s in the future.
    /// * Acknowledge within: 30 s
    ///   ([source](https://www.contentful.com/developers/changelog/reduced-webhook-timeout/)).
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of a space share the secret.
    contentful: "contentful", "Contentful",
        "https://contentful.com/developers/docs/extensibility/webhooks/request-verification",
        @by_hand |secrets, profile| {
            let keys = Keyring::of_text(MacKind::HmacSha256, &secrets);
            verifier(keys, profile, Methods { begin, #[cfg(feature = "test-util")] sign: signing::sign })
        },
        profile: |profile| profile
            .with_id(Location::header("x-contentful-idempotency-key"))
            .with_id_signed(false)
            .with_event_type(Location::header("x-contentful-topic"))
            .with_event_type_signed(false)
            // Contentful's SDK rejects an age of 30 s, and the tolerance is in whole seconds.
            .with_tolerance(Tolerance::any_age().with_past(Duration::from_secs(29))),
        shared_secret: true,
        ack_deadline: Some(Duration::from_secs(30));
}

fn begin<'a>(keys: &'a Keyring, request: &RequestContext<'a>) -> CheckResult<'a> {
    let head = request.head();
    let signature = required_value(head, &SIGNATURE)?;
    let candidates = Candidates::read([signature].into_iter(), Encoding::Hex, keys.tag_length())?;
    let sent_at = TimeUnit::Milliseconds.read(required_value(head, &TIMESTAMP)?)?;
    let names = signed_headers(required_value(head, &SIGNED_HEADERS)?, b',')?;
    if !names.contains(&TIMESTAMP) || !names.contains(&SIGNED_HEADERS) {
        return Err(VerifyError::malformed(
            "`x-contentful-timestamp` and `x-contentful-signed-headers` must be among the signed headers",
        ));
    }

    let mut macs = keys.begin(None);
    feed(&mut macs, request, &names)?;
    check(macs, Some(sent_at), move |macs, _| {
        let verified = without_mac(macs.verify(&candidates)?);
        are_apart(head, &names)
            .then_some(verified)
            .ok_or(VerifyError::malformed("signed header value contains `;` and the name of a signed header"))
    })
}

/// Returns whether the headers are unambiguous. Only `;` separates them, so a value must not contain text
/// that could be the next header.
fn are_apart(head: &Parts, names: &[HeaderName]) -> bool {
    let is_header = |text: &[u8]| {
        let end = text.iter().position(|&byte| byte == b':');
        end.and_then(|end| text.get(..end))
            .is_some_and(|name| names.iter().any(|other| other.as_str().as_bytes() == name))
    };
    let values = names.iter().filter_map(|name| head.headers.get(name));
    values.flat_map(|value| value.as_bytes().split(|&byte| byte == b';').skip(1)).all(|text| !is_header(text))
}

/// Feeds the signed content that precedes the body.
fn feed(macs: &mut Macs<'_>, request: &RequestContext<'_>, names: &[HeaderName]) -> Result<(), VerifyError> {
    let head = request.head();
    let path = called_path(request)?;
    macs.update(head.method.as_str().as_bytes());
    macs.update(b"\n");
    macs.update(canonical(path.as_bytes()).as_bytes());
    for (index, name) in names.iter().enumerate() {
        macs.update(if index == 0 { b"\n" } else { b";" });
        macs.update(name.as_str().as_bytes());
        macs.update(b":");
        macs.update(required_value(head, name)?.trim_ascii());
    }
    macs.update(b"\n");
    Ok(())
}

/// Percent-encodes the path once more, and the query twice more.
fn canonical(path: &[u8]) -> String {
    const KEPT_IN_URI: &[u8] = b";,/?:@&=+$-_.!~*'()#";
    const KEPT_IN_QUERY: &[u8] = b"-_.!~*'()";
    let mut parts = path.splitn(2, |&byte| byte == b'?');
    let mut canonical = percent_encode(parts.next().unwrap_or_default(), KEPT_IN_URI);
    if let Some(query) = parts.next().filter(|query| !query.is_empty()) {
        canonical.push('?');
        canonical.push_str(&percent_encode(percent_encode(query, KEPT_IN_QUERY).as_bytes(), KEPT_IN_URI));
    }
    canonical
}

#[cfg(feature = "test-util")]
mod signing {
    use std::time::SystemTime;

    use bytes::Bytes;
    use http::{HeaderName, request::Parts};

    use super::{
        Encoding, Keyring, RequestContext, SIGNATURE, SIGNED_HEADERS, TIMESTAMP, TimeUnit, feed,
        required_value, signed_headers,
    };
    use crate::verify::signing::{CannotSign, Write};

    pub(super) fn sign(
        keys: &Keyring,
        head: &mut Parts,
        body: &mut Bytes,
        at: SystemTime,
    ) -> Result<(), CannotSign> {
        let now = TimeUnit::Milliseconds.write(at)?;
        head.default_header(&TIMESTAMP, || now)?;
        let own = own_headers(head);
        head.default_header(&SIGNED_HEADERS, || own)?;
        let names = signed_headers(required_value(head, &SIGNED_HEADERS)?, b',')?;
        let mut macs = keys.signer(None)?;
        feed(&mut macs, &RequestContext::received(head, at), &names)?;
        macs.update(body);
        head.write_header(&SIGNATURE, macs.signature(Encoding::Hex))
    }

    /// Returns the names of all Contentful headers except the signature. `X-Contentful-Signed-Headers` is
    /// always one of them.
    fn own_headers(head: &Parts) -> String {
        let is_own = |name: &&HeaderName| name.as_str().starts_with("x-contentful-") && **name != SIGNATURE;
        let mut names: Vec<_> = head.headers.keys().filter(is_own).map(HeaderName::as_str).collect();
        names.push(SIGNED_HEADERS.as_str());
        names.sort_unstable();
        names.dedup();
        names.join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn queries_are_escaped_twice() {
        assert_eq!(canonical(b"/a/b?c=d&e=%20"), "/a/b?c%253Dd%2526e%253D%252520");
        assert_eq!(canonical(b"/a%20b;c?"), "/a%2520b;c");
        assert_eq!(canonical(b""), "");
    }
}
