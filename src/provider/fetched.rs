//! Helpers for providers whose requests identify a public key to fetch.

#[cfg(any(feature = "test-util", feature = "jwt"))]
use std::time::SystemTime;

use bytes::Bytes;
#[cfg(feature = "test-util")]
use http::request::Parts;
use http::{HeaderMap, HeaderName};

#[cfg(feature = "jwt")]
use crate::verify::jwt::{BearerCheck, VerifiedToken};
use crate::verify::{
    Certificate, Check, Finish, KeyCache, KeyList, PublicKind, Signatures, SignedMessage, Verified,
    VerifyError, fingerprint, single_header,
};
#[cfg(feature = "test-util")]
use crate::verify::{
    Profile, Verifier,
    signing::{CannotSign, Signer},
};

/// Implements `Signer` for verifiers that have only a public key. Signing always fails.
#[cfg(feature = "test-util")]
macro_rules! cannot_sign {
    ($($verifier:ident),+) => {$(
        impl Signer for super::$verifier {
            fn facts(&self) -> &Profile {
                self.profile()
            }

            fn sign(&self, _: &mut Parts, _: &mut Bytes, _: SystemTime) -> Result<(), CannotSign> {
                Err(CannotSign::public_key())
            }
        }
    )+};
}
#[cfg(feature = "test-util")]
cannot_sign!(AdobeIo, AwsSns, Circle, Ebay, FireblocksJwks, GithubSecretScanning, PayPal);
#[cfg(all(feature = "test-util", feature = "jwt"))]
cannot_sign!(AzureEventGridEntra, BotFramework, GoogleChat, GoogleCloudTasks, GooglePubSub);

/// Returns the text of a header that must be present once.
pub(super) fn text_header<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<&'h str, VerifyError> {
    let value = single_header(headers, &HeaderName::from_static(name))?;
    value.to_str().map_err(|_| VerifyError::malformed(format!("`{name}` is not ASCII")))
}

/// Returns the URL of the key `name`, which must be a UUID in lower case. If upper case were accepted too,
/// one key could be cached under several URLs.
pub(super) fn key_url(folder: &str, name: &str) -> Result<String, VerifyError> {
    let is_right = |(index, byte): (usize, u8)| match index {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    };
    match name.len() == 36 && name.bytes().enumerate().all(is_right) {
        true => Ok(format!("{folder}{name}")),
        false => Err(VerifyError::malformed("key id is not a UUID in lower case")),
    }
}

/// The verification of a signed body. The key is fetched if it is not cached.
pub(super) struct SignedBody<'a> {
    pub(super) keys: &'a KeyCache,
    pub(super) kind: PublicKind,
    pub(super) url: String,
    pub(super) signatures: Signatures,
    /// The base URL of the keys.
    pub(super) folder: &'static str,
}

impl Check for SignedBody<'_> {
    fn update(&mut self, _: &[u8]) {}

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        let Self { keys, kind, url, signatures, folder } = *self;
        let body = body.clone();
        keys.finish(&url, move |key| verify(key, kind, signatures, &body, folder))
    }
}

/// Verifies the body with a fetched key.
pub(super) fn verify(
    key: &Certificate,
    kind: PublicKind,
    signatures: Signatures,
    body: &[u8],
    folder: &str,
) -> Result<Verified, VerifyError> {
    let keys = key.keys(kind).map_err(VerifyError::unavailable)?;
    let mut message = keys.begin(signatures, |_| true);
    message.update(body);
    // The fingerprint is that of the base URL, so that the deduplication key stays the same when the public
    // key changes.
    Ok(message.conclude()?.with_fingerprint(fingerprint(folder.as_bytes())))
}

/// Verifies a message with the key `name` of the list at `url`, which is fetched if it is not cached or lacks
/// the key. `write` adds the signed content.
pub(super) fn finish_listed<W>(
    keys: &KeyCache<KeyList>,
    url: &'static str,
    name: &str,
    signatures: Signatures,
    write: W,
) -> Finish
where
    W: FnOnce(&mut SignedMessage<'_>) + Send + 'static,
{
    let owned = name.to_owned();
    keys.finish_with(
        url,
        |list| list.has(name),
        move |list| {
            let mut message = list.begin(&owned, signatures)?;
            write(&mut message);
            Ok(message.conclude()?.with_fingerprint(fingerprint(url.as_bytes())))
        },
    )
}

/// The verification of a request with a bearer token.
#[cfg(feature = "jwt")]
pub(super) struct TokenCheck<'a> {
    token: BearerCheck<'a>,
    /// A value of the head that `then` needs.
    named: Option<Box<str>>,
    then: Then,
}

/// A function that is called with a valid token, the value of the head and the body. The token covers neither
/// of the two.
#[cfg(feature = "jwt")]
type Then = fn(VerifiedToken, Option<Box<str>>, &[u8]) -> Result<Verified, VerifyError>;

#[cfg(feature = "jwt")]
impl<'a> TokenCheck<'a> {
    pub(super) fn new(token: BearerCheck<'a>, then: Then) -> Box<Self> {
        Box::new(Self { token, named: None, then })
    }

    /// Passes the value of a header to the function, if the request has the header.
    pub(super) fn with_header(mut self: Box<Self>, headers: &HeaderMap, name: &'static str) -> Box<Self> {
        self.named = headers.get(name).and_then(|value| value.to_str().ok()).map(Into::into);
        self
    }
}

#[cfg(feature = "jwt")]
impl Check for TokenCheck<'_> {
    fn timestamp(&self) -> Option<SystemTime> {
        self.token.sent_at()
    }

    fn update(&mut self, _: &[u8]) {}

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        let Self { token, named, then } = *self;
        let body = body.clone();
        token.finish(move |token| then(token, named, &body))
    }
}
