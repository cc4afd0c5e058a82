use std::{borrow::Cow, error::Error, fmt};

use data_encoding::HEXLOWER;
use http::request::Parts;
use percent_encoding::percent_decode_str;

use super::Settings;
use crate::{
    Delivery, Rejection, RejectionKind,
    store::Key,
    verify::{RequestContext, UrlSource, fingerprint},
};

impl Settings {
    /// Returns the deduplication key, or `None` if the delivery has no identity. Never uses the signature or
    /// the timestamp, because retries are signed again.
    pub(super) fn key(&self, head: &Parts, delivery: &Delivery) -> Result<Option<Key>, MissingScope> {
        if let Some(key_of) = &self.key_of {
            return Ok(key_of(head, delivery));
        }
        let id = match delivery.id() {
            Some(id) => Cow::Borrowed(id),
            None if delivery.verifier().profile().equal_bodies() => Cow::Owned(body_id(delivery)),
            None => return Ok(None),
        };
        self.key_within(delivery, "", &id).map(Some)
    }

    /// Returns the key of `id` in the delivery's scope, or in the sub-scope `part`.
    ///
    /// Providers send the same id to every endpoint of an account. Endpoints are distinguished by the secret
    /// that matched, and by the path if they share the secret.
    pub(super) fn key_within(&self, delivery: &Delivery, part: &str, id: &str) -> Result<Key, MissingScope> {
        let scope = delivery.endpoint().own_scope().or(self.scope.as_deref());
        if self.needs_scope && scope.is_none() && delivery.key_fingerprint().is_none() {
            return Err(MissingScope);
        }
        let write_scope = |text: &mut String| {
            text.push_str(delivery.provider());
            if let Some(scope) = scope {
                text.push('-');
                text.push_str(scope);
            } else {
                for digest in [delivery.key_fingerprint(), delivery.receiver()].into_iter().flatten() {
                    text.push('-');
                    HEXLOWER.encode_append(&digest.to_be_bytes(), text);
                }
            }
            text.push_str(part);
        };
        Ok(Key::within(write_scope, id))
    }
}

/// The error for a delivery whose scope would be the same for any other endpoint of the provider: the
/// endpoints would silently drop each other's deliveries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MissingScope;

impl fmt::Display for MissingScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "endpoint has no deduplication scope: its verifier sets no fingerprint of the secret; set `.scope(…)`, \
             `.secret(&secret)` on `from_fn`, or `Verified::with_fingerprint`",
        )
    }
}

impl Error for MissingScope {}

impl From<MissingScope> for Rejection {
    fn from(missing: MissingScope) -> Self {
        Self::new(RejectionKind::VerifierUnavailable).because(missing)
    }
}

/// Returns a digest of the public URL, or else of the decoded request path, because routers treat all
/// encodings of a path alike. Excludes the request's own host and query, because a replay can change them.
#[inline(never)] // keeps it out of the common path
pub(super) fn receiver(request: &RequestContext<'_>) -> u64 {
    let url = match request.url_source() {
        UrlSource::PublicUrl(url) => Cow::Borrowed(url.as_bytes()),
        _ => Cow::Owned(one_spelling(request.head().uri.path())),
    };
    fingerprint(&url)
}

/// Decodes the segments of a path, but not encoded slashes, which do not separate segments.
fn one_spelling(path: &str) -> Vec<u8> {
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
