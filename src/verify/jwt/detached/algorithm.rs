//! The algorithms of a JWS.

use jsonwebtoken::Algorithm;

use crate::{
    InvalidSecret, Secrets,
    verify::{AlgorithmKeys, KeyAlgorithm, jwt::keys},
};

/// The algorithm of a [`DetachedJws`](crate::verify::DetachedJws), from the registry of RFC 7518.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JwsAlgorithm {
    /// `HS256`: HMAC with SHA-256.
    Hs256,
    /// `HS384`: HMAC with SHA-384.
    Hs384,
    /// `HS512`: HMAC with SHA-512.
    Hs512,
    /// `RS256`: RSASSA-PKCS1-v1_5 with SHA-256 and keys of at least 2048 bits.
    Rs256,
    /// `RS384`: RSASSA-PKCS1-v1_5 with SHA-384 and keys of at least 2048 bits.
    Rs384,
    /// `RS512`: RSASSA-PKCS1-v1_5 with SHA-512 and keys of at least 2048 bits.
    Rs512,
    /// `PS256`: RSASSA-PSS with SHA-256 and keys of at least 2048 bits.
    Ps256,
    /// `PS384`: RSASSA-PSS with SHA-384 and keys of at least 2048 bits.
    Ps384,
    /// `PS512`: RSASSA-PSS with SHA-512 and keys of at least 2048 bits.
    Ps512,
    /// `ES256`: ECDSA on the curve P-256 with SHA-256.
    Es256,
    /// `ES384`: ECDSA on the curve P-384 with SHA-384.
    Es384,
    /// `EdDSA`: Ed25519.
    EdDsa,
}

impl JwsAlgorithm {
    /// Returns the name in the registry, such as `PS256`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    fn token_algorithm(self) -> Algorithm {
        match self {
            Self::Hs256 => Algorithm::HS256,
            Self::Hs384 => Algorithm::HS384,
            Self::Hs512 => Algorithm::HS512,
            Self::Rs256 => Algorithm::RS256,
            Self::Rs384 => Algorithm::RS384,
            Self::Rs512 => Algorithm::RS512,
            Self::Ps256 => Algorithm::PS256,
            Self::Ps384 => Algorithm::PS384,
            Self::Ps512 => Algorithm::PS512,
            Self::Es256 => Algorithm::ES256,
            Self::Es384 => Algorithm::ES384,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }
}

impl KeyAlgorithm for JwsAlgorithm {
    fn read(self, secrets: &Secrets) -> Result<AlgorithmKeys, InvalidSecret> {
        let algorithm = self.token_algorithm();
        match keys::mac_kind(algorithm) {
            Some(kind) => Ok(AlgorithmKeys::mac(kind, secrets)),
            None => keys::public_keys(secrets, algorithm).map(AlgorithmKeys::Public),
        }
    }
}
