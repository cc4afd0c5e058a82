//! The algorithms of HTTP Message Signatures.

use crate::{
    InvalidSecret, Secrets,
    verify::{AlgorithmKeys, KeyAlgorithm, MacKind, PublicKind},
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
}

impl KeyAlgorithm for MessageAlgorithm {
    fn read(self, secrets: &Secrets) -> Result<AlgorithmKeys, InvalidSecret> {
        let kind = match self {
            Self::HmacSha256 => return Ok(AlgorithmKeys::mac(MacKind::HmacSha256, secrets)),
            Self::Ed25519 => PublicKind::Ed25519,
            Self::EcdsaP256Sha256 => PublicKind::EcdsaP256Sha256Fixed,
            Self::EcdsaP384Sha384 => PublicKind::EcdsaP384Sha384Fixed,
            Self::RsaPssSha512 => PublicKind::RsaPssSha512,
            Self::RsaV15Sha256 => PublicKind::RsaSha256,
        };
        AlgorithmKeys::public(kind, secrets)
    }
}
