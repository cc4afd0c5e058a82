//! Signatures verified with a public key: Ed25519, ECDSA and RSA.

use std::{fmt, mem};

use super::{fingerprint, pem::pem};
use crate::{
    InvalidSecret, Secret, Secrets,
    verify::{Encoding, Verified, VerifyError},
};
#[cfg(feature = "test-util")]
use crate::{secret::SignWith, verify::signing::CannotSign};
use aws_lc_rs::{
    digest::{Algorithm as Hash, Context, Digest, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512},
    rsa::PublicEncryptingKey,
    signature::{self, ParsedPublicKey, RsaParameters, VerificationAlgorithm},
};

/// A signature algorithm with its type of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(all(feature = "jwt", feature = "message-signatures")),
    allow(dead_code, reason = "some are used only by tokens or by HTTP Message Signatures")
)]
pub(crate) enum PublicKind {
    Ed25519,
    /// SHA-1 is broken where an attacker chooses the signed content, but eBay supports no other hash.
    EcdsaP256Sha1,
    EcdsaP256Sha256,
    /// The signature format of JSON Web Tokens: the two numbers concatenated, instead of DER.
    EcdsaP256Sha256Fixed,
    EcdsaP384Sha384Fixed,
    RsaSha1,
    RsaSha256,
    RsaSha384,
    RsaSha512,
    /// RSASSA-PSS, with a salt as long as the hash, like the next two.
    RsaPssSha256,
    RsaPssSha384,
    RsaPssSha512,
}

impl PublicKind {
    fn algorithm(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::Ed25519 => &signature::ED25519,
            // The SHA-1 digest is padded to the length of a SHA-256: see `digest`.
            Self::EcdsaP256Sha1 | Self::EcdsaP256Sha256 => &signature::ECDSA_P256_SHA256_ASN1,
            Self::EcdsaP256Sha256Fixed => &signature::ECDSA_P256_SHA256_FIXED,
            Self::EcdsaP384Sha384Fixed => &signature::ECDSA_P384_SHA384_FIXED,
            Self::RsaSha1 => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Self::RsaSha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Self::RsaSha384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            Self::RsaSha512 => &signature::RSA_PKCS1_2048_8192_SHA512,
            Self::RsaPssSha256 => &signature::RSA_PSS_2048_8192_SHA256,
            Self::RsaPssSha384 => &signature::RSA_PSS_2048_8192_SHA384,
            Self::RsaPssSha512 => &signature::RSA_PSS_2048_8192_SHA512,
        }
    }

    /// Returns the hash that is signed. `None` if the message itself is signed: Ed25519 processes it twice,
    /// so it cannot be hashed while it arrives.
    fn hash(self) -> Option<&'static Hash> {
        match self {
            Self::Ed25519 => None,
            Self::EcdsaP256Sha256 | Self::EcdsaP256Sha256Fixed | Self::RsaSha256 | Self::RsaPssSha256 => {
                Some(&SHA256)
            }
            Self::EcdsaP384Sha384Fixed | Self::RsaSha384 | Self::RsaPssSha384 => Some(&SHA384),
            Self::EcdsaP256Sha1 | Self::RsaSha1 => Some(&SHA1_FOR_LEGACY_USE_ONLY),
            Self::RsaSha512 | Self::RsaPssSha512 => Some(&SHA512),
        }
    }

    /// Converts a digest for the algorithm.
    ///
    /// ECDSA signs the digest as a number. A digest shorter than the curve's order is therefore equal to one
    /// with leading zeros.
    fn digest(self, hash: Context) -> Digest {
        let digest = hash.finish();
        if self != Self::EcdsaP256Sha1 {
            return digest;
        }
        let mut number = [0; 32];
        let (_, end) = number.split_at_mut(32 - digest.as_ref().len().min(32));
        end.copy_from_slice(digest.as_ref());
        // The number has the length of a SHA-256, so the import always succeeds.
        Digest::import_less_safe(&number, &SHA256).unwrap_or(digest)
    }

    /// Returns whether a signature can have this length.
    fn takes(self, length: usize) -> bool {
        match self {
            Self::Ed25519 | Self::EcdsaP256Sha256Fixed => length == 64,
            Self::EcdsaP256Sha1 | Self::EcdsaP256Sha256 => (8..=72).contains(&length),
            Self::EcdsaP384Sha384Fixed => length == 96,
            _ => (128..=1024).contains(&length),
        }
    }

    fn key(self, bytes: &[u8]) -> Result<ParsedPublicKey, InvalidSecret> {
        let key = ParsedPublicKey::new(self.algorithm(), bytes)
            .map_err(|_| InvalidSecret::new("public key is not of the provider's type"))?;
        // Without this check the key would be accepted, but every signature rejected.
        let needs_2048 = matches!(
            self,
            Self::RsaSha256
                | Self::RsaSha384
                | Self::RsaSha512
                | Self::RsaPssSha256
                | Self::RsaPssSha384
                | Self::RsaPssSha512
        );
        if needs_2048 && bits(bytes).is_none_or(|bits| bits < 2048) {
            return Err(InvalidSecret::new("RSA key is shorter than 2048 bits"));
        }
        Ok(key)
    }
}

/// Returns the size of an RSA key in bits, for both DER encodings.
fn bits(der: &[u8]) -> Option<usize> {
    let spki = PublicEncryptingKey::from_der(der).map(|key| key.key_size_bits());
    spki.ok().or_else(|| RsaParameters::public_modulus_len(der).ok()?.try_into().ok())
}

/// The public keys of a verifier, read when it is built.
pub(crate) struct PublicKeys {
    kind: PublicKind,
    keys: Vec<PublicKey>,
}

pub(crate) struct PublicKey {
    key: ParsedPublicKey,
    fingerprint: u64,
    key_id: Option<Box<str>>,
    secret_index: usize,
    /// The private key, if the pair was generated for a test.
    #[cfg(feature = "test-util")]
    sign_with: Option<SignWith>,
}

impl PublicKeys {
    /// Creates one key per secret, from PEM or from the result of `decode`.
    pub(crate) fn decoded<B, D>(kind: PublicKind, secrets: &Secrets, decode: D) -> Result<Self, InvalidSecret>
    where
        B: AsRef<[u8]>,
        D: Fn(&Secret) -> Result<B, InvalidSecret>,
    {
        let key = |(index, secret): (usize, &Secret)| {
            let key = match secret.expose_str().and_then(pem) {
                Some(bytes) => PublicKey::new(kind, &bytes?, secret.key_id(), index)?,
                None => PublicKey::new(kind, decode(secret)?.as_ref(), secret.key_id(), index)?,
            };
            #[cfg(feature = "test-util")]
            let key = PublicKey { sign_with: secret.sign_with().cloned(), ..key };
            Ok(key)
        };
        let read = |(index, secret)| key((index, secret)).map_err(|error: InvalidSecret| error.at(index));
        Ok(Self { kind, keys: secrets.iter().enumerate().map(read).collect::<Result<_, _>>()? })
    }

    pub(crate) fn of(kind: PublicKind, keys: Vec<PublicKey>) -> Self {
        Self { kind, keys }
    }

    pub(crate) fn kind(&self) -> PublicKind {
        self.kind
    }

    /// Returns the private key of the first key, or of the first key named `key_id`, if a test generated it.
    #[cfg(feature = "test-util")]
    pub(crate) fn signer(&self, key_id: Option<&[u8]>) -> Result<SignWith, CannotSign> {
        let is_named =
            |key: &&PublicKey| key_id.is_none_or(|id| key.key_id.as_deref().map(str::as_bytes) == Some(id));
        let key = self.keys.iter().find(is_named);
        let key = key.ok_or_else(|| CannotSign::new("no secret matches the request's key id"))?;
        key.sign_with.clone().ok_or_else(CannotSign::public_key)
    }

    /// Returns the key id of the first key, if it has one.
    #[cfg(feature = "test-util")]
    pub(crate) fn first_key_id(&self) -> Option<&str> {
        self.keys.first()?.key_id.as_deref()
    }

    /// Returns whether `wanted` accepts the key id of a key.
    #[cfg(any(feature = "message-signatures", feature = "jwt"))]
    pub(crate) fn has_key(&self, wanted: impl Fn(Option<&str>) -> bool) -> bool {
        self.keys.iter().any(|key| wanted(key.key_id.as_deref()))
    }

    /// Returns whether a key has this key id.
    pub(crate) fn has(&self, key_id: &str) -> bool {
        self.keys.iter().any(|key| key.key_id.as_deref() == Some(key_id))
    }

    /// Starts the verification of a message that has `signatures`, with the keys whose key id `wanted`
    /// accepts.
    pub(crate) fn begin(
        &self,
        signatures: Signatures,
        wanted: impl Fn(Option<&str>) -> bool,
    ) -> SignedMessage<'_> {
        let content = match self.kind.hash() {
            Some(hash) => Content::Hashed(Context::new(hash)),
            None => Content::Whole(Vec::new()),
        };
        let keys = self.keys.iter().filter(|key| wanted(key.key_id.as_deref())).collect();
        SignedMessage { kind: self.kind, keys, signatures, content }
    }
}

impl fmt::Debug for PublicKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKeys({:?}, {})", self.kind, self.keys.len())
    }
}

impl PublicKey {
    pub(crate) fn new(
        kind: PublicKind,
        bytes: &[u8],
        key_id: Option<&str>,
        secret_index: usize,
    ) -> Result<Self, InvalidSecret> {
        Ok(Self {
            key: kind.key(bytes)?,
            fingerprint: fingerprint(bytes),
            key_id: key_id.map(Into::into),
            secret_index,
            #[cfg(feature = "test-util")]
            sign_with: None,
        })
    }

    /// Adds the secret's private key, if a test generated it.
    #[cfg(all(feature = "test-util", any(feature = "encrypted", feature = "jwt")))]
    pub(crate) fn with_private_key_of(mut self, secret: Option<&Secret>) -> Self {
        self.sign_with = secret.and_then(Secret::sign_with).cloned();
        self
    }

    /// Returns the facts about a request that this key verified.
    fn verified(&self) -> Verified {
        Verified::new().with_secret_index(self.secret_index).with_fingerprint(self.fingerprint)
    }
}

/// The message of one request, in the form that the keys need, and the request's signatures.
pub(crate) struct SignedMessage<'k> {
    kind: PublicKind,
    keys: Vec<&'k PublicKey>,
    signatures: Signatures,
    content: Content,
}

#[allow(clippy::large_enum_variant, reason = "boxed, one per request")]
enum Content {
    Hashed(Context),
    Whole(Vec<u8>),
}

impl SignedMessage<'_> {
    /// Returns whether there is no key to verify with.
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Returns whether the message itself is stored; callers then add it as late as possible.
    pub(crate) fn is_kept_whole(&self) -> bool {
        matches!(self.content, Content::Whole(_))
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match &mut self.content {
            Content::Hashed(hash) => hash.update(bytes),
            Content::Whole(message) => message.extend_from_slice(bytes),
        }
    }

    /// Verifies each signature with each key, until one is valid.
    pub(crate) fn conclude(&mut self) -> Result<Verified, VerifyError> {
        let Self { kind, keys, signatures, content } = self;
        let message = match mem::replace(content, Content::Whole(Vec::new())) {
            Content::Hashed(hash) => DigestOrMessage::Digest(kind.digest(hash)),
            Content::Whole(message) => DigestOrMessage::Whole(message),
        };
        let is_by = |key: &PublicKey| signatures.0.iter().any(|signature| message.is_by(key, signature));
        match keys.iter().find(|key| is_by(key)) {
            Some(key) => Ok(key.verified()),
            None => Err(VerifyError::wrong("signature mismatch: no public key matches")),
        }
    }
}

/// A complete message, or its digest.
enum DigestOrMessage {
    Digest(Digest),
    Whole(Vec<u8>),
}

impl DigestOrMessage {
    fn is_by(&self, key: &PublicKey, signature: &[u8]) -> bool {
        match self {
            Self::Digest(digest) => key.key.verify_digest_sig(digest, signature).is_ok(),
            Self::Whole(message) => key.key.verify_sig(message, signature).is_ok(),
        }
    }
}

/// The decoded signatures of a request.
#[derive(Clone)]
pub(crate) struct Signatures(Vec<Vec<u8>>);

impl Signatures {
    /// The maximum number of signatures. It is lower than for MACs, because each signature costs one
    /// verification per key.
    const MAX: usize = 8;

    /// The maximum length of a signature as text: 1,024 bytes in hex.
    const LONGEST: usize = 2048;

    /// Decodes `texts`, any of which may be valid. An invalid text does not affect the others.
    pub(crate) fn read<'t>(
        texts: impl Iterator<Item = &'t [u8]>,
        encoding: Encoding,
        kind: PublicKind,
    ) -> Result<Self, VerifyError> {
        let mut found = Vec::new();
        let mut refusal = VerifyError::malformed("signature of a supported version is missing");
        for (index, text) in texts.enumerate() {
            if index == Self::MAX {
                return Err(VerifyError::malformed("request has more than 8 signatures"));
            }
            match Self::decode(text, encoding) {
                Some(signature) if kind.takes(signature.len()) => found.push(signature),
                Some(_) => refusal = VerifyError::wrong("signature has the wrong length"),
                None => {
                    refusal = VerifyError::malformed("signature is not valid hex or base64");
                }
            }
        }
        if found.is_empty() { Err(refusal) } else { Ok(Self(found)) }
    }

    fn decode(text: &[u8], encoding: Encoding) -> Option<Vec<u8>> {
        let text = std::str::from_utf8(text).ok().filter(|text| text.len() <= Self::LONGEST)?;
        encoding.decode_key(text).ok().map(|decoded| decoded.to_vec())
    }
}
