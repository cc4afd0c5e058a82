//! Lists of named public keys.

use super::{Keys, PublicKey, PublicKeys, PublicKind, Signatures, SignedMessage};
use crate::{InvalidSecret, verify::VerifyError};

/// The named public keys that a provider lists at a fixed URL.
pub(crate) struct KeyList(PublicKeys);

impl KeyList {
    /// Creates a list of keys, each with its name. Skips keys of another type than `kind`.
    pub(crate) fn new(
        kind: PublicKind,
        keys: impl IntoIterator<Item = (Box<str>, Vec<u8>)>,
    ) -> Result<Self, InvalidSecret> {
        let key = |(name, der): (Box<str>, Vec<u8>)| PublicKey::new(kind, &der, Some(&name), 0).ok();
        let keys: Vec<_> = keys.into_iter().filter_map(key).collect();
        match keys.is_empty() {
            true => Err(InvalidSecret::new("fetched list contains no key of the provider's type")),
            false => Ok(Self(PublicKeys::of(kind, keys))),
        }
    }

    /// Returns whether the list contains a key with this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.has(name)
    }

    /// Starts the verification of a message with the keys that have this name. A missing name is not a
    /// signature mismatch: the list may be outdated, so the provider must retry.
    pub(crate) fn begin(&self, name: &str, signatures: Signatures) -> Result<SignedMessage<'_>, VerifyError> {
        let message = self.0.begin(signatures, |key_id| key_id == Some(name));
        match message.is_empty() {
            true => {
                Err(VerifyError::unavailable("provider's list of keys does not contain the request's key id"))
            }
            false => Ok(message),
        }
    }
}

impl Keys for KeyList {}
