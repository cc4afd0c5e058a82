//! The algorithms of signatures, and the values of the parameter `algorithm` that may name them.

use crate::{
    InvalidSecret, Secrets,
    verify::{AlgorithmKeys, KeyAlgorithm, MacKind, PublicKind},
};

/// The algorithm of a signature of draft-cavage-http-signatures.
///
/// The draft names some of them in the parameter `algorithm`. Its last version has one name for all, `hs2019`:
/// the algorithm is then that of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CavageAlgorithm {
    /// `hmac-sha256`: HMAC with SHA-256.
    HmacSha256,
    /// `hmac-sha512`: HMAC with SHA-512.
    HmacSha512,
    /// `rsa-sha256`: RSASSA-PKCS1-v1_5 with SHA-256 and keys of at least 2048 bits. Mastodon also means this
    /// algorithm by `hs2019`.
    RsaSha256,
    /// `rsa-sha512`: RSASSA-PKCS1-v1_5 with SHA-512 and keys of at least 2048 bits.
    RsaSha512,
    /// `hs2019`: RSASSA-PSS with SHA-512 and keys of at least 2048 bits.
    RsaPssSha512,
    /// `ecdsa-sha256`: ECDSA on the curve P-256 with SHA-256; the signature is in DER.
    EcdsaP256Sha256,
    /// `ed25519`: Ed25519.
    Ed25519,
}

impl CavageAlgorithm {
    /// Returns the name in the parameter `algorithm`, such as `rsa-sha256`. An algorithm without a name of its
    /// own is called `hs2019`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HmacSha256 => "hmac-sha256",
            Self::HmacSha512 => "hmac-sha512",
            Self::RsaSha256 => "rsa-sha256",
            Self::RsaSha512 => "rsa-sha512",
            Self::RsaPssSha512 => HS2019,
            Self::EcdsaP256Sha256 => "ecdsa-sha256",
            Self::Ed25519 => "ed25519",
        }
    }

    /// Returns whether the parameter `algorithm` may have this value.
    pub(super) fn may_be_named(self, name: Option<&str>) -> bool {
        name.is_none_or(|name| is_hs2019(name) || name.eq_ignore_ascii_case(self.as_str()))
    }
}

pub(super) const HS2019: &str = "hs2019";

pub(super) fn is_hs2019(name: &str) -> bool {
    name.eq_ignore_ascii_case(HS2019)
}

impl KeyAlgorithm for CavageAlgorithm {
    fn read(self, secrets: &Secrets) -> Result<AlgorithmKeys, InvalidSecret> {
        let kind = match self {
            Self::HmacSha256 => return Ok(AlgorithmKeys::mac(MacKind::HmacSha256, secrets)),
            Self::HmacSha512 => return Ok(AlgorithmKeys::mac(MacKind::HmacSha512, secrets)),
            Self::RsaSha256 => PublicKind::RsaSha256,
            Self::RsaSha512 => PublicKind::RsaSha512,
            Self::RsaPssSha512 => PublicKind::RsaPssSha512,
            Self::EcdsaP256Sha256 => PublicKind::EcdsaP256Sha256,
            Self::Ed25519 => PublicKind::Ed25519,
        };
        AlgorithmKeys::public(kind, secrets)
    }
}
