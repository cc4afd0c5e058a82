//! Keys with pinned algorithms, for signatures that name a key and an algorithm.

use std::fmt;

#[cfg(any(feature = "message-signatures", feature = "test-util"))]
use super::PublicKind;
use super::{Candidates, Keyring, MacKind, PublicKeys, Signatures};
#[cfg(feature = "test-util")]
use crate::verify::signing::CannotSign;
use crate::{
    InvalidSecret, Secrets,
    verify::{Encoding, InvalidScheme, Verified, VerifyError},
};

/// An algorithm of signatures.
pub(crate) trait KeyAlgorithm: Copy + fmt::Debug {
    /// Reads the keys of this algorithm.
    fn read(self, secrets: &Secrets) -> Result<AlgorithmKeys, InvalidSecret>;
}

/// The keys of one algorithm.
#[derive(Debug)]
pub(crate) enum AlgorithmKeys {
    Mac(Keyring),
    Public(PublicKeys),
}

impl AlgorithmKeys {
    /// Reads MAC keys, which are the secrets themselves.
    pub(crate) fn mac(kind: MacKind, secrets: &Secrets) -> Self {
        Self::Mac(Keyring::of_text(kind, secrets))
    }

    /// Reads public keys from PEM, or from DER as base64 or as bytes.
    #[cfg(feature = "message-signatures")]
    pub(crate) fn public(kind: PublicKind, secrets: &Secrets) -> Result<Self, InvalidSecret> {
        let keys = PublicKeys::decoded(kind, secrets, |secret| match secret.expose_str() {
            Some(text) => Encoding::Base64.decode_key(text).map(|bytes| bytes.to_vec()),
            None => Ok(secret.expose().to_vec()),
        });
        keys.map(Self::Public)
    }

    fn has_key_ids(&self) -> bool {
        match self {
            Self::Mac(keys) => keys.has_key(|name| name.is_some()),
            Self::Public(keys) => keys.has_key(|name| name.is_some()),
        }
    }
}

/// The keys of a verifier, each with its algorithm.
#[derive(Debug)]
pub(crate) struct PinnedKeys<A>(Vec<Group<A>>);

#[derive(Debug)]
struct Group<A> {
    algorithm: A,
    keys: AlgorithmKeys,
    /// `true` if a key has a key id, so that the signature's key id selects among the keys.
    has_key_ids: bool,
    /// The number of secrets in the groups before this one.
    offset: usize,
}

impl<A: KeyAlgorithm> PinnedKeys<A> {
    pub(crate) fn read(groups: &[(A, Secrets)]) -> Result<Self, InvalidScheme> {
        if groups.is_empty() {
            return Err(InvalidScheme::new("verifier has no key"));
        }
        let mut offset = 0;
        let group = |(algorithm, secrets): &(A, Secrets)| -> Result<Group<A>, InvalidScheme> {
            let keys = algorithm.read(secrets)?;
            let has_key_ids = keys.has_key_ids();
            let group = Group { algorithm: *algorithm, keys, has_key_ids, offset };
            offset += secrets.len();
            Ok(group)
        };
        Ok(Self(groups.iter().map(group).collect::<Result<_, _>>()?))
    }

    /// Returns whether [`verify`](Self::verify) finds a key.
    #[cfg(feature = "jwt")]
    pub(crate) fn has(&self, key_id: Option<&str>, accepts: impl Fn(A) -> bool) -> bool {
        self.0.iter().any(|group| accepts(group.algorithm) && group.has(key_id))
    }

    /// Verifies a signature of the text that `feed` passes on, with the keys of the algorithms that `accepts`
    /// returns `true` for, and with this key id. Returns `None` if there are no such keys.
    pub(crate) fn verify(
        &self,
        key_id: Option<&str>,
        accepts: impl Fn(A) -> bool,
        (signature, encoding): (&[u8], Encoding),
        feed: impl Fn(&mut dyn FnMut(&[u8])),
    ) -> Option<Result<Verified, VerifyError>> {
        let mut outcome = None;
        for group in self.0.iter().filter(|group| accepts(group.algorithm)) {
            match group.verify(key_id, (signature, encoding), &feed) {
                Some(Ok(verified)) => return Some(Ok(verified)),
                Some(Err(error)) => outcome = Some(Err(error)),
                None => {}
            }
        }
        outcome
    }
}

impl<A> Group<A> {
    #[cfg(feature = "jwt")]
    fn has(&self, key_id: Option<&str>) -> bool {
        let wanted = |name: Option<&str>| !self.has_key_ids || name == key_id;
        match &self.keys {
            AlgorithmKeys::Mac(keys) => keys.has_key(wanted),
            AlgorithmKeys::Public(keys) => keys.has_key(wanted),
        }
    }

    /// Returns `None` if no key is selected.
    fn verify(
        &self,
        key_id: Option<&str>,
        (signature, encoding): (&[u8], Encoding),
        feed: &impl Fn(&mut dyn FnMut(&[u8])),
    ) -> Option<Result<Verified, VerifyError>> {
        let wanted = |name: Option<&str>| !self.has_key_ids || name == key_id;
        let signature = [signature].into_iter();
        let verified = match &self.keys {
            AlgorithmKeys::Mac(keys) => {
                let mut macs = keys.begin_with(wanted);
                if macs.is_empty() {
                    return None;
                }
                Candidates::read(signature, encoding, keys.tag_length()).and_then(|candidates| {
                    feed(&mut |bytes| macs.update(bytes));
                    macs.verify(&candidates)
                })
            }
            AlgorithmKeys::Public(keys) => {
                let signatures = match Signatures::read(signature, encoding, keys.kind()) {
                    Ok(signatures) => signatures,
                    Err(error) => return Some(Err(error)),
                };
                let mut message = keys.begin(signatures, wanted);
                if message.is_empty() {
                    return None;
                }
                feed(&mut |bytes| message.update(bytes));
                message.conclude()
            }
        };
        Some(verified.map(|mut verified| {
            // The signed text differs for each attempt, so the MAC is not a digest of the body.
            verified.mac = None;
            verified.secret_index += self.offset;
            verified
        }))
    }
}

#[cfg(feature = "test-util")]
impl<A: KeyAlgorithm> PinnedKeys<A> {
    /// Returns the algorithm and the key id of the first key.
    pub(crate) fn first(&self) -> Result<(A, Option<&str>), CannotSign> {
        let group = self.0.first().ok_or_else(CannotSign::public_key)?;
        let key_id = match &group.keys {
            AlgorithmKeys::Mac(keys) => keys.first_key_id(),
            AlgorithmKeys::Public(keys) => keys.first_key_id(),
        };
        Ok((group.algorithm, key_id))
    }

    /// Signs `text` with the first key.
    pub(crate) fn sign(&self, text: &[u8], encoding: Encoding) -> Result<String, CannotSign> {
        let group = self.0.first().ok_or_else(CannotSign::public_key)?;
        match &group.keys {
            AlgorithmKeys::Mac(keys) => {
                let mut macs = keys.signer(None)?;
                macs.update(text);
                Ok(macs.signature(encoding))
            }
            AlgorithmKeys::Public(keys) => {
                // The generated keys of other algorithms sign in another format.
                let can_sign = matches!(
                    keys.kind(),
                    PublicKind::Ed25519
                        | PublicKind::EcdsaP256Sha256
                        | PublicKind::RsaSha256
                        | PublicKind::RsaSha512
                );
                if !can_sign {
                    return Err(CannotSign::new("algorithm can only be verified"));
                }
                let signature = (keys.signer(None)?)(text).ok_or_else(CannotSign::public_key)?;
                Ok(encoding.encode(&signature))
            }
        }
    }
}
