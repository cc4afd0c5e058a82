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
    /// What makes the delivery known again; `None` if nothing does. Never the signature or the
    /// timestamp: retries are signed anew.
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

    /// The key of `id` in the delivery's scope, or in the part of it that is called `part`.
    ///
    /// Providers send the same id to every endpoint of an account. The secret that matched tells
    /// endpoints apart, and the path where they share it.
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

/// The error of a delivery whose scope would be that of any other endpoint of the provider: they would drop each
/// other's deliveries, and nobody would notice.
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

/// A digest of the URL that the provider was given, or else of the path that was called, decoded: routers take
/// each spelling of it for the same. The host and the query of the request are not part of it, because a replay
/// could have any.
#[inline(never)] // off the path of the providers that do not need it
pub(super) fn receiver(request: &RequestContext<'_>) -> u64 {
    let url = match request.url_source() {
        UrlSource::PublicUrl(url) => Cow::Borrowed(url.as_bytes()),
        _ => Cow::Owned(one_spelling(request.head().uri.path())),
    };
    fingerprint(&url)
}

/// Decodes the segments of a path, but not the slashes in them, which are no ends of segments.
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
