#[cfg(feature = "jwt")]
use std::time::Duration;

use http::{HeaderName, request::Parts};
use sha2::{Digest, Sha256};

#[cfg(feature = "jwt")]
use super::shapes::jwt;
use super::{
    by_hand::{CheckResult, Methods, check, percent_encode, required_value, verifier, without_mac},
    providers,
};
use crate::verify::{Candidates, Encoding, Keyring, MacKind, Macs, RequestContext, TimeUnit};
#[cfg(feature = "jwt")]
use crate::verify::{
    Encoding::Hex,
    jwt::{
        Algorithm::{HS256, HS384, HS512},
        BodyClaim, Issuer,
        Presence::WithBody,
        Rules, UrlClaim,
    },
};

static SIGNATURE: HeaderName = HeaderName::from_static("messagebird-signature");
static TIMESTAMP: HeaderName = HeaderName::from_static("messagebird-request-timestamp");

providers! {
    /// Creates a verifier for MessageBird (legacy).
    ///
    /// The verifier accepts legacy signatures.
    ///
    /// * Signature: HMAC-SHA256 of the timestamp, the sorted query and the SHA-256 of the body, as base64 in
    ///   `messagebird-signature`.
    /// * Secret: the signing key, as text.
    /// * Signed content: the timestamp, the query with its parameters sorted by name, and the SHA-256 of the
    ///   body as bytes, separated by line breaks.
    /// * Delivery id: none.
    /// * Timestamp: `header:messagebird-request-timestamp`; tolerance 300 s. The tolerances of MessageBird's
    ///   SDKs range from 100 s to 24 hours.
    /// * Not covered: the path, the method and the headers.
    messagebird_legacy: "messagebird-legacy", "MessageBird (legacy)",
        "https://github.com/messagebird/go-rest-api/blob/HEAD/signature/signature.go",
        @by_hand |secrets, profile| {
            let keys = Keyring::of_text(MacKind::HmacSha256, &secrets);
            verifier(keys, profile, Methods { begin, #[cfg(feature = "test-util")] sign: signing::sign })
        };

    /// Creates a verifier for MessageBird (JWT).
    ///
    /// MessageBird is now Bird.
    ///
    /// * Signature: JSON Web Token (HS256, HS384 or HS512) in `messagebird-signature-jwt`, with the SHA-256 of
    ///   the URL and of the body as claims.
    /// * Secret: the signing key, as text.
    /// * Signed content: the token. It contains the SHA-256 of the request's URL (see
    ///   [`public_url`](crate::WebhookLayer::public_url)) and, unless the body is empty, the SHA-256 of the
    ///   body.
    /// * Delivery id: the token's `jti`, signed.
    /// * Timestamp: the token's `nbf` and `exp`; tokens are valid for one minute, with a tolerance of 1 s.
    #[cfg(feature = "jwt")]
    messagebird_jwt: "messagebird-jwt", "MessageBird (JWT)",
        "https://github.com/messagebird/python-rest-api/blob/HEAD/messagebird/request_validator.py",
        @by_hand |secrets, profile| {
            let rules = Rules {
                algorithms: &[HS256, HS384, HS512],
                issuer: Issuer::Named("MessageBird"),
                url: UrlClaim::Sha256Hex("url_hash"),
                payload: BodyClaim::Sha256("payload_hash", Hex, WithBody),
                requires: &["nbf", "exp"],
                leeway: Duration::from_secs(1),
                ..jwt::rules("messagebird-signature-jwt")
            };
            jwt::verifier(rules, profile, secrets)
        },
        profile: jwt::profile;
}

fn begin<'a>(keys: &'a Keyring, request: &RequestContext<'a>) -> CheckResult<'a> {
    let head = request.head();
    let signature = required_value(head, &SIGNATURE)?;
    let candidates = Candidates::read([signature].into_iter(), Encoding::Base64, keys.tag_length())?;
    let timestamp = required_value(head, &TIMESTAMP)?;
    let sent_at = TimeUnit::Seconds.read(timestamp)?;
    let mut macs = keys.begin(None);
    feed(&mut macs, timestamp, head);
    check(Sha256::new(), Some(sent_at), move |hash, _| {
        macs.update(&hash.finalize());
        macs.verify(&candidates).map(without_mac)
    })
}

/// Feeds the signed content that precedes the body's digest.
fn feed(macs: &mut Macs<'_>, timestamp: &[u8], head: &Parts) {
    macs.update(timestamp);
    macs.update(b"\n");
    macs.update(sorted(head.uri.query().unwrap_or_default()).as_bytes());
    macs.update(b"\n");
}

/// Returns the query with its parameters sorted by name and percent-encoded uniformly.
fn sorted(query: &str) -> String {
    let mut parameters: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    // Values of the same name keep their order.
    parameters.sort_by(|(one, _), (other, _)| one.cmp(other));
    let escaped = |text: &str| percent_encode(text.as_bytes(), b"-_.~ ").replace(' ', "+");
    let pairs = parameters.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(feature = "test-util")]
mod signing {
    use std::time::SystemTime;

    use bytes::Bytes;
    use http::request::Parts;

    use super::{Encoding, Keyring, SIGNATURE, TIMESTAMP, TimeUnit, feed, required_value};
    use crate::verify::{
        digest,
        signing::{CannotSign, Write},
    };

    pub(super) fn sign(
        keys: &Keyring,
        head: &mut Parts,
        body: &mut Bytes,
        at: SystemTime,
    ) -> Result<(), CannotSign> {
        let now = TimeUnit::Seconds.write(at)?;
        head.default_header(&TIMESTAMP, || now)?;
        let mut macs = keys.signer(None)?;
        feed(&mut macs, required_value(head, &TIMESTAMP)?, head);
        macs.update(&digest(body));
        head.write_header(&SIGNATURE, macs.signature(Encoding::Base64))
    }
}

#[cfg(test)]
mod tests {
    use super::sorted;

    #[test]
    fn parameters_are_sorted_by_name_and_escaped_uniformly() {
        assert_eq!(sorted("b=2&a=x%20y&b=1&c&~=%2a%c3%A9+z"), "a=x+y&b=2&b=1&c=&~=%2A%C3%A9+z");
        assert_eq!(sorted(""), "");
    }
}
