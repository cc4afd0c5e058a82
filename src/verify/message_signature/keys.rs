//! The keys of a verifier, each with its algorithm.

use data_encoding::BASE64;

use super::fields::{Input, Parameter};
#[cfg(feature = "test-util")]
use crate::verify::signing::CannotSign;
use crate::{
    Secrets,
    verify::{
        Candidates, Encoding, InvalidScheme, Keyring, MacKind, PublicKeys, PublicKind, Signatures, Verified,
        VerifyError,
    },
};

/// The algorithm of an HTTP Message Signature, from the registry of RFC 9421.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageAlgorithm {
    /// `hmac-sha256`: HMAC with SHA-256.
    HmacSha256,
    /// `ed25519`: Ed25519.
    Ed25519,
    /// `ecdsa-p256-sha256`: ECDSA on the curve P-256 with SHA-256; the signature is the two numbers,
    /// concatenated.
    EcdsaP256Sha256,
    /// `ecdsa-p384-sha384`: ECDSA on the curve P-384 with SHA-384; the signature is the two numbers,
    /// concatenated.
    EcdsaP384Sha384,
    /// `rsa-pss-sha512`: RSASSA-PSS with SHA-512 and keys of at least 2048 bits.
    RsaPssSha512,
    /// `rsa-v1_5-sha256`: RSASSA-PKCS1-v1_5 with SHA-256 and keys of at least 2048 bits.
    RsaV15Sha256,
}

impl MessageAlgorithm {
    /// Returns the name in the registry, such as `rsa-v1_5-sha256`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HmacSha256 => "hmac-sha256",
            Self::Ed25519 => "ed25519",
            Self::EcdsaP256Sha256 => "ecdsa-p256-sha256",
            Self::EcdsaP384Sha384 => "ecdsa-p384-sha384",
            Self::RsaPssSha512 => "rsa-pss-sha512",
            Self::RsaV15Sha256 => "rsa-v1_5-sha256",
        }
    }

    /// Returns the kind of the public key. `None` if the key is a secret.
    fn public_kind(self) -> Option<PublicKind> {
        match self {
            Self::HmacSha256 => None,
            Self::Ed25519 => Some(PublicKind::Ed25519),
            Self::EcdsaP256Sha256 => Some(PublicKind::EcdsaP256Sha256Fixed),
            Self::EcdsaP384Sha384 => Some(PublicKind::EcdsaP384Sha384Fixed),
            Self::RsaPssSha512 => Some(PublicKind::RsaPssSha512),
            Self::RsaV15Sha256 => Some(PublicKind::RsaSha256),
        }
    }
}

/// Secrets with their algorithm.
#[derive(Clone)]
pub(super) struct KeyGroup {
    pub(super) algorithm: MessageAlgorithm,
    pub(super) secrets: Secrets,
}

/// The keys of a verifier.
#[derive(Debug)]
pub(super) struct Keys(Vec<Group>);

#[derive(Debug)]
struct Group {
    algorithm: MessageAlgorithm,
    keys: Kind,
    /// `true` if a key has a key id, so that the signature's `keyid` selects among the keys.
    has_key_ids: bool,
    /// The number of secrets in the groups before this one.
    offset: usize,
}

#[derive(Debug)]
enum Kind {
    Mac(Keyring),
    Public(PublicKeys),
}

impl Keys {
    pub(super) fn new(groups: &[KeyGroup]) -> Result<Self, InvalidScheme> {
        if groups.is_empty() {
            return Err(InvalidScheme::new("message signature has no key"));
        }
        let mut offset = 0;
        let group = |KeyGroup { algorithm, secrets }: &KeyGroup| -> Result<Group, InvalidScheme> {
            let keys = match algorithm.public_kind() {
                None => Kind::Mac(Keyring::of_text(MacKind::HmacSha256, secrets)),
                Some(kind) => {
                    Kind::Public(PublicKeys::decoded(kind, secrets, |secret| match secret.expose_str() {
                        Some(text) => Encoding::Base64.decode_key(text).map(|bytes| bytes.to_vec()),
                        None => Ok(secret.expose().to_vec()),
                    })?)
                }
            };
            let has_key_ids = secrets.iter().any(|secret| secret.key_id().is_some());
            let group = Group { algorithm: *algorithm, keys, has_key_ids, offset };
            offset += secrets.len();
            Ok(group)
        };
        Ok(Self(groups.iter().map(group).collect::<Result<_, _>>()?))
    }

    /// Verifies a signature of `base` with the keys that its `keyid` and `alg` select.
    pub(super) fn verify(
        &self,
        input: &Input<'_>,
        signature: &[u8],
        base: &[u8],
    ) -> Result<Verified, VerifyError> {
        let mut outcome = Err(VerifyError::wrong("no key matches the signature's `keyid` and `alg`"));
        let key_id = input.text(Parameter::KeyId);
        let alg = input.text(Parameter::Alg);
        for group in self.0.iter().filter(|group| alg.is_none_or(|alg| alg == group.algorithm.as_str())) {
            match group.verify(key_id, signature, base) {
                Some(Ok(verified)) => return Ok(verified),
                Some(Err(error)) => outcome = Err(error),
                None => {}
            }
        }
        outcome
    }
}

impl Group {
    /// Returns `None` if no key is selected.
    fn verify(
        &self,
        key_id: Option<&str>,
        signature: &[u8],
        base: &[u8],
    ) -> Option<Result<Verified, VerifyError>> {
        let wanted = |name: Option<&str>| !self.has_key_ids || name == key_id;
        let text = BASE64.encode(signature);
        let text = [text.as_bytes()].into_iter();
        let verified = match &self.keys {
            Kind::Mac(keys) => {
                let mut macs = keys.begin_with(wanted);
                if macs.is_empty() {
                    return None;
                }
                macs.update(base);
                Candidates::read(text, Encoding::Base64, keys.tag_length())
                    .and_then(|candidates| macs.verify(&candidates))
            }
            Kind::Public(keys) => {
                let signatures = match Signatures::read(text, Encoding::Base64, keys.kind()) {
                    Ok(signatures) => signatures,
                    Err(error) => return Some(Err(error)),
                };
                let mut message = keys.begin(signatures, wanted);
                if message.is_empty() {
                    return None;
                }
                message.update(base);
                message.conclude()
            }
        };
        Some(verified.map(|mut verified| {
            // The MAC covers the base, which differs for each attempt, so the MAC is not a digest of the body.
            verified.mac = None;
            verified.secret_index += self.offset;
            verified
        }))
    }
}

#[cfg(feature = "test-util")]
impl Keys {
    /// Returns the key id of the first key.
    pub(super) fn first_key_id(&self) -> Option<&str> {
        match &self.0.first()?.keys {
            Kind::Mac(keys) => keys.first_key_id(),
            Kind::Public(keys) => keys.first_key_id(),
        }
    }

    /// Signs `base` with the first key. Returns the signature as base64.
    pub(super) fn sign(&self, base: &[u8]) -> Result<String, CannotSign> {
        let group = self.0.first().ok_or_else(CannotSign::public_key)?;
        match &group.keys {
            Kind::Mac(keys) => {
                let mut macs = keys.signer(None)?;
                macs.update(base);
                Ok(macs.signature(Encoding::Base64))
            }
            // The generated keys of other algorithms sign in another format.
            Kind::Public(keys) if matches!(keys.kind(), PublicKind::Ed25519 | PublicKind::RsaSha256) => {
                let signature = (keys.signer(None)?)(base).ok_or_else(CannotSign::public_key)?;
                Ok(BASE64.encode(&signature))
            }
            Kind::Public(_) => Err(CannotSign::new("algorithm can only be verified")),
        }
    }
}
