use std::time::Duration;

use data_encoding::HEXLOWER;
use http::HeaderName;
use sha2::{Digest, Sha256};

use super::{
    by_hand::{CheckResult, Methods, check, required_value, verifier, verify_any},
    providers,
};
use crate::verify::{
    Candidates, Encoding, Keyring, MacKind, Macs, Parameters, RequestContext, VerifyError, called_url,
    constant_time_eq, only_parameter, sorted_parameters,
};

static SIGNATURE: HeaderName = HeaderName::from_static("x-twilio-signature");

/// A field that every Twilio form contains, as it appears in the signed content: the name `AccountSid` and
/// the beginning of its value.
const OF_EVERY_FORM: &str = "AccountSidAC";

providers! {
    /// Creates a verifier for Twilio.
    ///
    /// * Signature: HMAC-SHA1 of the URL and the form's parameters, as base64 in `x-twilio-signature`.
    /// * Secret: the auth token, as text.
    /// * Signed content: for a form, the URL and the parameters, sorted by name. For any other body, only the
    ///   URL, whose query parameter `bodySHA256` is the SHA-256 of the body. The layer rejects a JSON body
    ///   without `bodySHA256`, because the signature would not cover it.
    /// * Delivery id: none, so deliveries are not deduplicated. Twilio retries if the connection fails
    ///   ([source](https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides)), and executes the
    ///   TwiML in the response. A duplicate would get an empty response, and the call would end. Twilio ignores
    ///   the response to a status callback, so deduplicate status callbacks by `I-Twilio-Idempotency-Token`. The
    ///   token is the same for all attempts, but not signed: see [the
    ///   guide](crate::guide::answers#providers-that-use-the-response).
    /// * Retries: yes.
    /// * Acknowledge within: 15 s.
    /// * Not covered: **the boundaries between a form's parameters**, their order, repetitions of a parameter,
    ///   the port, the method and the headers. Twilio concatenates names and values before signing, so an
    ///   attacker who captures a request can replay it with its parameters split differently, or with the end of
    ///   the URL as a parameter. Base decisions on data from Twilio's API. With
    ///   [`replay_guard`](crate::WebhookLayer::replay_guard), the layer treats all such requests as duplicates
    ///   of the captured request.
    /// * An attacker could write `bodySHA256` and a digest into a field of a form, such as the text of a
    ///   message, and replay the signed content of the form as a URL. The signed content of every form contains
    ///   `AccountSidAC` (the name `AccountSid` and the beginning of its value), so the layer rejects a URL that
    ///   contains both `bodySHA256` and `AccountSidAC`.
    /// * The layer verifies the URL both with and without its port, because Twilio may sign either URL. Set
    ///   [`public_url`](crate::WebhookLayer::public_url) behind a proxy, or if the URL contains a user name.
    twilio: "twilio", "Twilio",
        "https://www.twilio.com/docs/usage/webhooks/webhooks-security",
        @by_hand |secrets, profile| {
            let keys = Keyring::of_text(MacKind::HmacSha1, &secrets);
            verifier(keys, profile, Methods { begin, #[cfg(feature = "test-util")] sign: signing::sign })
        },
        profile: |profile| profile.with_id_signed(false).with_body_signed(false),
        ack_deadline: Some(Duration::from_secs(15)),
        retries: Some(true);
}

fn begin<'a>(keys: &'a Keyring, request: &RequestContext<'a>) -> CheckResult<'a> {
    let head = request.head();
    let signature = required_value(head, &SIGNATURE)?;
    let candidates = Candidates::read([signature].into_iter(), Encoding::Base64, keys.tag_length())?;
    let url = called_url(request)?;
    let urls = with_and_without_port(&url);
    // `bodySHA256` must come from the signed URL, which may differ from the request's URL.
    let query = url.split_once('?').map_or("", |(_, query)| query);
    if let Some(sent) = only_parameter(query.as_bytes(), "bodySHA256")? {
        // In the signed content, a form's parameters follow the URL, so a parameter's value could pose as the
        // URL's `bodySHA256`.
        if url.contains(OF_EVERY_FORM) {
            return Err(VerifyError::malformed("signed URL with `bodySHA256` contains the fields of a form"));
        }
        let sent = sent.to_ascii_lowercase();
        let verified = verify_any(keys, &candidates, urls, |macs, url| macs.update(url.as_bytes()))?;
        return check(Sha256::new(), None, move |hash, _| {
            let digest = HEXLOWER.encode(&hash.finalize());
            match constant_time_eq(digest.as_bytes(), sent.as_bytes()) {
                // The MAC covers the digest, and thereby the body.
                true => Ok(verified),
                false => Err(VerifyError::wrong("body does not match `bodySHA256`")),
            }
        });
    }
    check((), None, move |(), body| {
        let parameters = sorted_parameters(body)?;
        verify_any(keys, &candidates, urls, |macs, url| feed(macs, &url, &parameters))
    })
}

fn feed(macs: &mut Macs<'_>, url: &str, parameters: &Parameters<'_>) {
    macs.update(url.as_bytes());
    for (name, value) in parameters {
        macs.update(name.as_bytes());
        macs.update(value.as_bytes());
    }
}

/// Returns the URL without a port, and with a port: its own or the default of its scheme.
fn with_and_without_port(url: &str) -> Vec<String> {
    let Some((scheme, rest)) = url.split_once("://") else { return vec![url.to_owned()] };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (format!("{user}@"), host),
        None => (String::new(), authority),
    };
    let (host, port) = match host.rsplit_once(':') {
        // A colon before a `]` is part of an IPv6 address, and does not begin a port.
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (host, if scheme == "https" { "443" } else { "80" }),
    };
    vec![format!("{scheme}://{user}{host}{tail}"), format!("{scheme}://{user}{host}:{port}{tail}")]
}

#[cfg(feature = "test-util")]
mod signing {
    use std::time::SystemTime;

    use bytes::Bytes;
    use http::{header, request::Parts};

    use super::{
        Encoding, HEXLOWER, Keyring, RequestContext, SIGNATURE, called_url, feed, only_parameter,
        sorted_parameters,
    };
    use crate::verify::{
        digest,
        signing::{CannotSign, Write},
    };

    /// Signs the request. Adds the digest of a JSON body to the URL, like Twilio.
    pub(super) fn sign(
        keys: &Keyring,
        head: &mut Parts,
        body: &mut Bytes,
        _: SystemTime,
    ) -> Result<(), CannotSign> {
        let sent = only_parameter(head.uri.query().unwrap_or_default().as_bytes(), "bodySHA256")?;
        let sent = sent.map(|digest| digest.into_owned());
        let is_json = head
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
        let has_digest = sent.is_some() || is_json;
        let digest = HEXLOWER.encode(&digest(body));
        if has_digest && sent.is_none_or(|sent| !sent.eq_ignore_ascii_case(&digest)) {
            head.write_query("bodySHA256", &digest)?;
        }
        let url = called_url(&RequestContext::new(head))?;
        let parameters = if has_digest { Vec::new() } else { sorted_parameters(body)? };
        let mut macs = keys.signer(None)?;
        feed(&mut macs, &url, &parameters);
        head.write_header(&SIGNATURE, macs.signature(Encoding::Base64))
    }
}

#[cfg(test)]
mod tests {
    use super::with_and_without_port;

    #[test]
    fn ports_are_added_and_removed() {
        for (url, without, with) in [
            ("https://h/p?q=a:b@c", "https://h/p?q=a:b@c", "https://h:443/p?q=a:b@c"),
            ("http://h", "http://h", "http://h:80"),
            ("https://u:p@h:8443?x", "https://u:p@h?x", "https://u:p@h:8443?x"),
            ("https://[::1]/", "https://[::1]/", "https://[::1]:443/"),
            ("https://[::1]:9/", "https://[::1]/", "https://[::1]:9/"),
        ] {
            assert_eq!(with_and_without_port(url), [without, with]);
        }
        assert_eq!(with_and_without_port("no URL"), ["no URL"]);
        assert_eq!(with_and_without_port("://"), ["://", "://:80"]);
    }
}
