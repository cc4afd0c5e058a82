use std::borrow::Cow;

use data_encoding::{HEXLOWER, HEXUPPER};
use http::request::Parts;
use percent_encoding::percent_decode_str;

use super::Settings;
use crate::{
    Delivery,
    rejection::MissingScope,
    store::Key,
    verify::{Endpoint, Find, RequestContext, UrlSource, fingerprint},
};

impl Settings {
    /// Returns the deduplication key, or `None` if the delivery cannot be deduplicated. Never uses the
    /// signature or the timestamp, because retries are signed again.
    pub(super) fn key(&self, head: &Parts, delivery: &Delivery) -> Result<Option<Key>, MissingScope> {
        if let Some(key_of) = &self.key_of {
            return Ok(key_of(head, delivery).map(|key| self.key_of_tenant(delivery, key)));
        }
        let id = match delivery.id() {
            Some(id) => Cow::Borrowed(id),
            None if delivery.verifier().profile().equal_bodies() => Cow::Owned(body_id(delivery)),
            None => return Ok(None),
        };
        self.key_within(delivery, "", &id).map(Some)
    }

    /// Returns the key of a delivery whose body is encoded and cannot be decoded. It differs from the key of
    /// the same delivery without a `content-encoding`, because that header is not signed. With equal keys, an
    /// attacker could add the header to a captured delivery, and the genuine delivery would count as a
    /// duplicate.
    pub(super) fn key_of_encoded(&self, delivery: &Delivery) -> Result<Key, MissingScope> {
        let id = delivery.id().map_or_else(|| Cow::Owned(body_id(delivery)), Cow::Borrowed);
        self.key_within(delivery, "#encoded", &id)
    }

    /// Returns the key of `id` in the delivery's scope, or in the sub-scope `part`.
    ///
    /// Providers send the same id to every endpoint of an account. Endpoints are distinguished by the secret
    /// that matched and, if they share the secret, by the public URL or the path.
    pub(super) fn key_within(&self, delivery: &Delivery, part: &str, id: &str) -> Result<Key, MissingScope> {
        if self.needs_scope && self.named_scope(delivery).is_none() && delivery.key_fingerprint().is_none() {
            return Err(MissingScope);
        }
        let write_scope = |text: &mut String| {
            self.write_scope(delivery, text);
            text.push_str(part);
        };
        Ok(Key::within(write_scope, id))
    }

    /// Adds the endpoint's scope to a `dedupe_by` key if the layer has a lookup, so that the function does
    /// not have to distinguish tenants.
    fn key_of_tenant(&self, delivery: &Delivery, key: Key) -> Key {
        if self.lookup.is_none() {
            return key;
        }
        let write_scope = |text: &mut String| {
            self.write_scope(delivery, text);
            text.push_str("#by-");
            escape(key.scope(), text);
        };
        Key::within(write_scope, key.id())
    }

    fn named_scope<'a>(&'a self, delivery: &'a Delivery) -> Option<&'a str> {
        delivery.endpoint().own_scope().or(self.scope.as_deref())
    }

    /// Writes the provider and the scope. The layer's own parts begin with `#`, which is escaped in names.
    fn write_scope(&self, delivery: &Delivery, text: &mut String) {
        let provider = delivery.provider();
        escape(provider, text);
        if let Some(scope) = self.named_scope(delivery) {
            text.push('-');
            return write_name(provider, scope, text);
        }
        for (mark, digest) in [('-', delivery.key_fingerprint()), ('#', delivery.receiver())] {
            if let Some(digest) = digest {
                text.push(mark);
                HEXLOWER.encode_append(&digest.to_be_bytes(), text);
            }
        }
    }

    /// Returns a digest that distinguishes the receivers of an event. `None` if the key needs no digest, for
    /// example because a scope is set.
    pub(super) fn digest_of_receiver(
        &self,
        request: &RequestContext<'_>,
        endpoint: &Endpoint,
    ) -> Option<u64> {
        if self.store.is_none() || self.scope.is_some() || endpoint.own_scope().is_some() {
            return None;
        }
        let shared = endpoint.verifier().profile().shared_secret();
        match &self.lookup {
            Some(lookup) => Some(tenant(&**lookup, request, shared)),
            None => shared.then(|| receiver(request)),
        }
    }
}

/// Provider names that begin with another provider's name, as (shorter name, rest). A scope of the
/// shorter name that begins with the rest could be mistaken for a scope of the longer name.
const LONGER_NAMES: &[(&str, &str)] = &[
    ("apple-app-store", "sandbox"),
    ("azure-eventgrid", "entra"),
    ("bitbucket", "server"),
    ("buildkite", "token"),
    ("dropbox", "sign"),
    ("easypost", "v2"),
    ("fireblocks", "jwks"),
    ("fireblocks", "v2"),
    ("flutterwave", "v4"),
    ("github", "secret-scanning"),
    ("github", "sha1"),
    ("hook0", "v1"),
    ("postal", "sha1"),
    ("qonto", "onboarding"),
    ("standard-webhooks", "rawkey"),
    ("standard-webhooks", "v1a"),
    ("tiktok", "shop"),
    ("vapi", "secret"),
    ("vonage-params", "md5"),
    ("vonage-params", "md5hash"),
    ("vonage-params", "sha1"),
    ("vonage-params", "sha512"),
    ("websub", "sha256"),
];

/// Writes a scope, which a tenant may have chosen. If the scope could be mistaken for the rest of a longer
/// provider name, or for a fingerprint, its first byte is percent-encoded. No other scope results in the same
/// text, because `%` is always escaped.
fn write_name(provider: &str, scope: &str, text: &mut String) {
    let is_rest = |rest: &str| scope.strip_prefix(rest).is_some_and(|scope| scope.starts_with('-'));
    let is_other_provider = LONGER_NAMES.iter().any(|(name, rest)| *name == provider && is_rest(rest));
    let is_fingerprint =
        scope.len() == 16 && scope.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let mut rest = scope.chars();
    if is_other_provider || is_fingerprint {
        rest.next().into_iter().for_each(|first| encode(first, text));
    }
    escape(rest.as_str(), text);
}

/// Writes `name` with `#`, `%` and `:` percent-encoded.
fn escape(name: &str, text: &mut String) {
    for character in name.chars() {
        match character {
            '#' | '%' | ':' => encode(character, text),
            character => text.push(character),
        }
    }
}

fn encode(ascii: char, text: &mut String) {
    text.push('%');
    HEXUPPER.encode_append(&[ascii as u8], text);
}

/// Returns a digest of the public URL, or else of the request path. The path is decoded first, because
/// routers treat all encodings of a path alike. The digest excludes the request's own host and query, because
/// a replay can change them.
#[inline(never)] // keeps it out of the common path
fn receiver(request: &RequestContext<'_>) -> u64 {
    let url = match request.url_source() {
        UrlSource::PublicUrl(url) => Cow::Borrowed(url.as_bytes()),
        _ => Cow::Owned(normalize_path(request.head().uri.path())),
    };
    fingerprint(&url)
}

/// Returns a digest of the name that was looked up. For a closure, which has no name, it is a digest of the
/// request path exactly as received: decoding the path could merge two tenants and lose an event. If one
/// tenant may have several receivers, the digest also covers the receiver.
#[inline(never)]
fn tenant(lookup: &dyn Find, request: &RequestContext<'_>, shared_secret: bool) -> u64 {
    let head = request.head();
    let name =
        lookup.name(head).map_or_else(|| fingerprint(head.uri.path().as_bytes()), |name| fingerprint(&name));
    match request.url_source() {
        UrlSource::Request | UrlSource::Proxies(_) if !shared_secret => name,
        _ => fingerprint(&[name, receiver(request)].map(u64::to_be_bytes).concat()),
    }
}

/// Decodes the segments of a path, but not encoded slashes, which do not separate segments.
fn normalize_path(path: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(path.len());
    for segment in path.split('/') {
        decoded.push(b'/');
        for byte in percent_decode_str(segment) {
            match byte {
                b'/' => decoded.extend_from_slice(b"%2F"),
                byte => decoded.push(byte),
            }
        }
    }
    decoded
}

pub(super) fn body_id(delivery: &Delivery) -> String {
    format!("body-{}", HEXLOWER.encode(&delivery.body_digest()))
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "tests may panic")]
mod tests {
    use std::collections::HashMap;

    use super::{LONGER_NAMES, escape, write_name};
    use crate::provider;

    fn written(provider: &str, scope: &str) -> String {
        let mut text = String::new();
        escape(provider, &mut text);
        text.push('-');
        write_name(provider, scope, &mut text);
        text
    }

    #[test]
    fn ordinary_names_are_not_escaped() {
        for provider in provider::all() {
            for scope in ["acme", "tenant-7", "Tenant_7.eu", "sha1", "v1", "sha256", "7", "deadbeef", "schön"]
            {
                assert_eq!(written(provider.id, scope), format!("{}-{scope}", provider.id));
            }
        }
    }

    #[test]
    fn scopes_of_all_providers_are_written_distinctly() {
        let ids: Vec<_> =
            provider::all().map(|provider| provider.id).chain(["made-up", "made:up", "a#b"]).collect();
        let longer: Vec<_> = ids
            .iter()
            .flat_map(|id| {
                ids.iter().filter_map(move |other| Some((*id, other.strip_prefix(*id)?.strip_prefix('-')?)))
            })
            .collect();
        for pair in &longer {
            assert!(LONGER_NAMES.contains(pair), "`LONGER_NAMES` does not contain {pair:?}");
        }
        let mut scopes: Vec<String> =
            ["", "-", "acme", "acme#item", "acme#body", "acme%23item", "acme:1", "acme%3A1"]
                .map(str::to_owned)
                .into();
        for (_, rest) in LONGER_NAMES {
            for tail in ["", "-", "-acme", "-0123456789abcdef", "-%61cme", "#item"] {
                let scope = format!("{rest}{tail}");
                let mut encoded = format!("%{:02X}", scope.as_bytes()[0]);
                encoded.push_str(&scope[1..]);
                scopes.extend([scope, encoded]);
            }
        }
        scopes.sort();
        scopes.dedup();
        let mut seen = HashMap::new();
        for id in ids {
            for scope in &scopes {
                let other = seen.insert(written(id, scope), (id, scope));
                assert!(other.is_none(), "{other:?} and {:?}", (id, scope));
            }
        }
    }

    #[test]
    fn scopes_cannot_collide_with_generated_parts() {
        for (scope, text) in [
            ("acme#item", "discord-acme%23item"),
            ("a:b", "discord-a%3Ab"),
            ("100%", "discord-100%25"),
            ("0123456789abcdef", "discord-%30123456789abcdef"),
            ("0123456789abcdef#0123456789abcdef", "discord-0123456789abcdef%230123456789abcdef"),
        ] {
            assert_eq!(written("discord", scope), text);
        }
        assert_eq!(written("github", "sha1-acme"), "github-%73ha1-acme");
        assert_eq!(written("github-sha1", "acme"), "github-sha1-acme");
    }
}
