use std::time::Duration;

use http::{HeaderName, request::Parts};

use super::{
    check::{Begun, check, header, verifier},
    escape::escape,
};
use crate::{
    provider::facts::providers,
    verify::{
        Candidates, Encoding, Keyring, Location, MacKind, Profile, TimeUnit, Tolerance, VerifyError,
        called_url, path_and_query, signed_headers,
    },
};

static SIGNATURE: HeaderName = HeaderName::from_static("x-contentful-signature");
static SIGNED_HEADERS: HeaderName = HeaderName::from_static("x-contentful-signed-headers");
static TIMESTAMP: HeaderName = HeaderName::from_static("x-contentful-timestamp");

providers! {
    /// Contentful (webhooks and app events).
    ///
    /// * Signed: the method, the path with its query, the headers that `X-Contentful-Signed-Headers`
    ///   names as `name:value` with `;` between, and the body, each on a line of its own; HMAC-SHA256
    ///   in hex, in `X-Contentful-Signature`. A list without itself and the timestamp in it is refused.
    ///   Secret: the text of the signing secret. Behind a proxy that changes the path the layer needs
    ///   [`public_url`](crate::WebhookLayer::public_url).
    /// * Id: none.
    /// * Timestamp: `X-Contentful-Timestamp`; less than 30 s into the past and any into the
    ///   future.
    contentful, try_contentful: "contentful", "Contentful",
        "https://contentful.com/developers/docs/extensibility/webhooks/request-verification",
        @by_hand |secrets| {
            let mut profile = Profile::new("contentful");
            profile.event_type = Some(Location::header("x-contentful-topic"));
            // Whole seconds: 30 s are too old, as they are to Contentful's own SDK.
            profile.tolerance = Tolerance { past: Some(Duration::from_secs(29)), future: None };
            let keys = Keyring::of_text(MacKind::HmacSha256, &secrets);
            verifier(keys, profile, begin)
        };
}

fn begin<'a>(keys: &'a Keyring, head: &'a Parts) -> Begun<'a> {
    let signature = header(head, &SIGNATURE)?;
    let candidates = Candidates::read([signature].into_iter(), Encoding::Hex, keys.tag_length())?;
    let sent_at = TimeUnit::Milliseconds.read(header(head, &TIMESTAMP)?)?;
    let names = signed_headers(header(head, &SIGNED_HEADERS)?, b',')?;
    if !names.contains(&TIMESTAMP) || !names.contains(&SIGNED_HEADERS) {
        return Err(VerifyError::malformed("the time, or what is signed, is not signed"));
    }

    let url = called_url(head);
    let mut macs = keys.begin(None);
    macs.update(head.method.as_str().as_bytes());
    macs.update(b"\n");
    macs.update(canonical(path_and_query(&url)).as_bytes());
    for (index, name) in names.iter().enumerate() {
        macs.update(if index == 0 { b"\n" } else { b";" });
        macs.update(name.as_str().as_bytes());
        macs.update(b":");
        macs.update(header(head, name)?.trim_ascii());
    }
    macs.update(b"\n");
    check(macs, Some(sent_at), move |macs, _| macs.verify(&candidates))
}

/// The path escaped once more, and the query twice.
fn canonical(path: &[u8]) -> String {
    const KEPT_IN_URI: &[u8] = b";,/?:@&=+$-_.!~*'()#";
    const KEPT_IN_QUERY: &[u8] = b"-_.!~*'()";
    let mut parts = path.splitn(2, |&byte| byte == b'?');
    let mut canonical = escape(parts.next().unwrap_or_default(), KEPT_IN_URI);
    if let Some(query) = parts.next().filter(|query| !query.is_empty()) {
        canonical.push('?');
        canonical.push_str(&escape(escape(query, KEPT_IN_QUERY).as_bytes(), KEPT_IN_URI));
    }
    canonical
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
