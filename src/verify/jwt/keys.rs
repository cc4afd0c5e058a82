//! Keys that tokens are verified with: secrets, or public keys as JWKs or PEM.

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    signature::RsaPublicKeyComponents,
};
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse},
};
use x509_cert::der::{Decode, Tag, Tagged, asn1::AnyRef};
use zeroize::Zeroizing;

use crate::{
    InvalidSecret, Secret, Secrets,
    verify::{
        Candidates, Encoding, Keyring, MacKind, Macs, PublicKeys, PublicKind, Signatures, SignedMessage,
        Verified, VerifyError, keys::PublicKey, pem,
    },
};
#[cfg(feature = "test-util")]
use crate::{secret::SignWith, verify::signing::CannotSign};

/// The meaning of a secret's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyText {
    /// A MAC key, used as is.
    Secret,
    /// Public keys: a JWK, a JWK set, or PEM.
    Public,
    /// Public keys if the text is JSON or PEM, otherwise a MAC key. Text that looks like a public key in
    /// another format is an error: if it were used as the MAC key, any client that knows the public key could
    /// sign tokens.
    Either,
}

/// The keys of a verifier, by algorithm. A key is never used with an algorithm of another family.
pub(super) struct TokenKeys {
    macs: Vec<(Algorithm, Keyring)>,
    public: Vec<(Algorithm, PublicKeys)>,
}

impl TokenKeys {
    pub(super) fn read(
        secrets: &Secrets,
        text: KeyText,
        algorithms: &[Algorithm],
    ) -> Result<Self, InvalidSecret> {
        let are_public = match text {
            KeyText::Secret => false,
            KeyText::Public => true,
            KeyText::Either => {
                let are_public = secrets.iter().map(is_public).enumerate();
                let are_public = are_public.map(|(index, public)| public.map_err(|error| error.at(index)));
                let are_public = are_public.collect::<Result<Vec<_>, InvalidSecret>>()?;
                let first = are_public.first() == Some(&true);
                if let Some(other) = are_public.iter().position(|public| *public != first) {
                    return Err(InvalidSecret::new("secrets and public keys are mixed").at(other));
                }
                first
            }
        };
        let mut keys = Self { macs: Vec::new(), public: Vec::new() };
        if !are_public {
            let of =
                |algorithm: &Algorithm| Some((*algorithm, Keyring::of_text(mac_kind(*algorithm)?, secrets)));
            keys.macs = algorithms.iter().filter_map(of).collect();
            return Ok(keys);
        }
        let sources = secrets.iter().map(Source::read).enumerate();
        let sources = sources.map(|(index, source)| source.map_err(|error| error.at(index)));
        let sources = sources.collect::<Result<Vec<_>, InvalidSecret>>()?;
        let mut used = vec![false; secrets.len()];
        for &algorithm in algorithms {
            let Some(kind) = public_kind(algorithm) else { continue };
            let mut of_kind = Vec::new();
            for (index, (source, used)) in sources.iter().zip(&mut used).enumerate() {
                let found = source.keys(algorithm, kind, index).map_err(|error| error.at(index))?;
                *used |= !found.is_empty();
                #[cfg(feature = "test-util")]
                let found = {
                    let secret = secrets.as_slice().get(index);
                    found.into_iter().map(move |key| key.with_private_key_of(secret))
                };
                of_kind.extend(found);
            }
            keys.public.push((algorithm, PublicKeys::of(kind, of_kind)));
        }
        match used.iter().position(|used| !used) {
            Some(index) => {
                Err(InvalidSecret::new("key set contains no key of the provider's type").at(index))
            }
            None => Ok(keys),
        }
    }

    /// Returns the MAC keys and their first algorithm, if the keys are secrets.
    #[cfg(feature = "test-util")]
    pub(super) fn secrets(&self) -> Option<(Algorithm, &Keyring)> {
        self.macs.first().map(|(algorithm, keys)| (*algorithm, keys))
    }

    /// Returns the private key of the first public key, and its algorithm, if a test generated it.
    #[cfg(feature = "test-util")]
    pub(super) fn private_key(&self) -> Result<(Algorithm, SignWith), CannotSign> {
        // Generated ECDSA keys sign in DER, which is not the format of tokens.
        let is_supported =
            |algorithm| matches!(algorithm, Algorithm::RS256 | Algorithm::RS512 | Algorithm::EdDSA);
        let first = self.public.iter().find(|(algorithm, _)| is_supported(*algorithm));
        let (algorithm, keys) = first.ok_or_else(CannotSign::public_key)?;
        Ok((*algorithm, keys.signer(None)?))
    }

    /// Begins to verify a message signed with `algorithm`: with all MAC keys, or with the public keys that
    /// are named `key_id` or have no name.
    pub(super) fn begin(
        &self,
        algorithm: Algorithm,
        key_id: Option<&str>,
        signature: &[u8],
    ) -> Result<SignedToken<'_>, VerifyError> {
        let signature = [signature].into_iter();
        if let Some((_, keys)) = self.macs.iter().find(|(of, _)| *of == algorithm) {
            let candidates = Candidates::read(signature, Encoding::Base64Url, keys.tag_length())?;
            return Ok(SignedToken::Mac(keys.begin(None), candidates));
        }
        let Some((_, keys)) = self.public.iter().find(|(of, _)| *of == algorithm) else {
            return Err(VerifyError::malformed("token's `alg` is not used by the provider"));
        };
        let signatures = Signatures::read(signature, Encoding::Base64Url, keys.kind())?;
        let message = keys.begin(signatures, |name| name.is_none_or(|name| key_id == Some(name)));
        match message.is_empty() {
            true => Err(VerifyError::wrong("no key matches the token's `kid`")),
            false => Ok(SignedToken::Public(message)),
        }
    }
}

/// A token verification in progress.
#[allow(clippy::large_enum_variant, reason = "one per request")]
pub(super) enum SignedToken<'k> {
    Mac(Macs<'k>, Candidates),
    Public(SignedMessage<'k>),
}

impl SignedToken<'_> {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Mac(macs, _) => macs.update(bytes),
            Self::Public(message) => message.update(bytes),
        }
    }

    pub(super) fn verify(self) -> Result<Verified, VerifyError> {
        let mut verified = match self {
            Self::Mac(macs, candidates) => macs.verify(&candidates)?,
            Self::Public(mut message) => message.conclude()?,
        };
        // The MAC covers the token, which differs for each attempt, so the MAC is not a digest of the body.
        verified.mac = None;
        Ok(verified)
    }
}

/// Returns whether a secret that may be of either kind contains public keys.
fn is_public(secret: &Secret) -> Result<bool, InvalidSecret> {
    let bytes = InvalidSecret::new("raw key may be a public key or an HMAC key: use a text secret instead");
    let text = secret.expose_str().ok_or(bytes)?;
    if text.starts_with('{') || text.starts_with("-----BEGIN ") {
        return Ok(true);
    }
    let mut encoded = Zeroizing::new(text.as_bytes().to_vec());
    encoded.retain(|byte| !byte.is_ascii_whitespace() && *byte != b'=');
    let encodings = [BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE];
    let mut decoded =
        encodings.iter().filter_map(|encoding| encoding.decode(&encoded).ok().map(Zeroizing::new));
    match looks_public(text.as_bytes()) || decoded.any(|decoded| looks_public(&decoded)) {
        true => Err(InvalidSecret::new("public key is neither PEM nor a JWK")),
        false => Ok(false),
    }
}

/// Returns whether `file` looks like a file of public keys, or like the URL of such a file.
fn looks_public(file: &[u8]) -> bool {
    const BEGINNINGS: [&str; 8] = ["\u{feff}", "{", "[", "\"", "ssh-", "ecdsa-", "http://", "https://"];
    let text = str::from_utf8(file).unwrap_or_default();
    let begins = BEGINNINGS.iter().any(|beginning| text.trim_start().starts_with(beginning));
    begins || text.contains("-----BEGIN") || is_der_of_key(file)
}

/// Returns whether `file` looks like the DER of a public key or a certificate: a SEQUENCE that begins with a
/// SEQUENCE or an INTEGER.
fn is_der_of_key(file: &[u8]) -> bool {
    let value = AnyRef::from_der(file).ok().filter(|value| value.tag() == Tag::Sequence);
    value.is_some_and(|value| matches!(value.value().first(), Some(0x30 | 0x02)))
}

/// A secret's text, parsed.
enum Source<'s> {
    Jwks(Vec<Jwk>, Option<&'s str>),
    Der(Vec<u8>, Option<&'s str>),
}

impl<'s> Source<'s> {
    fn read(secret: &'s Secret) -> Result<Self, InvalidSecret> {
        let text = secret.expose_str().ok_or(InvalidSecret::new("public key is not a JWK or PEM"))?;
        if let Some(der) = pem(text) {
            return Ok(Self::Der(der?, secret.key_id()));
        }
        let set = serde_json::from_str(text).map(|set: JwkSet| set.keys);
        let keys = set.or_else(|_| serde_json::from_str(text).map(|key: Jwk| vec![key]));
        match keys {
            Ok(keys) => Ok(Self::Jwks(keys, secret.key_id())),
            Err(_) => Err(InvalidSecret::new("public key is not a JWK, a JWK set, or PEM")),
        }
    }

    /// Returns the keys for `algorithm`, and skips all others.
    fn keys(
        &self,
        algorithm: Algorithm,
        kind: PublicKind,
        index: usize,
    ) -> Result<Vec<PublicKey>, InvalidSecret> {
        match self {
            Self::Der(der, key_id) => Ok(PublicKey::new(kind, der, *key_id, index).into_iter().collect()),
            Self::Jwks(keys, key_id) => {
                let keys = keys.iter().filter(|key| is_for(key, algorithm));
                let key = |key: &Jwk| {
                    let key_id = key.common.key_id.as_deref().or(*key_id);
                    PublicKey::new(kind, &bytes(key)?, key_id, index)
                };
                keys.map(key).collect()
            }
        }
    }
}

/// Returns whether the key fits the algorithm and is not declared for another.
pub(super) fn is_for(key: &Jwk, algorithm: Algorithm) -> bool {
    let said = match algorithm {
        Algorithm::ES256 => KeyAlgorithm::ES256,
        Algorithm::ES384 => KeyAlgorithm::ES384,
        Algorithm::RS256 => KeyAlgorithm::RS256,
        Algorithm::RS384 => KeyAlgorithm::RS384,
        Algorithm::RS512 => KeyAlgorithm::RS512,
        Algorithm::PS256 => KeyAlgorithm::PS256,
        Algorithm::PS384 => KeyAlgorithm::PS384,
        Algorithm::PS512 => KeyAlgorithm::PS512,
        Algorithm::EdDSA => KeyAlgorithm::EdDSA,
        _ => return false,
    };
    let fits = match (&key.algorithm, said) {
        (AlgorithmParameters::EllipticCurve(key), KeyAlgorithm::ES256) => key.curve == EllipticCurve::P256,
        (AlgorithmParameters::EllipticCurve(key), KeyAlgorithm::ES384) => key.curve == EllipticCurve::P384,
        (AlgorithmParameters::OctetKeyPair(key), KeyAlgorithm::EdDSA) => key.curve == EllipticCurve::Ed25519,
        (AlgorithmParameters::RSA(_), said) => {
            matches!(
                said,
                KeyAlgorithm::RS256
                    | KeyAlgorithm::RS384
                    | KeyAlgorithm::RS512
                    | KeyAlgorithm::PS256
                    | KeyAlgorithm::PS384
                    | KeyAlgorithm::PS512
            )
        }
        _ => false,
    };
    fits && key.common.key_algorithm.is_none_or(|only| only == said)
        && key.common.public_key_use.as_ref().is_none_or(|only| *only == PublicKeyUse::Signature)
}

pub(super) fn bytes(key: &Jwk) -> Result<Vec<u8>, InvalidSecret> {
    let unreadable = || InvalidSecret::new("JWK contains an invalid number");
    let key = DecodingKey::from_jwk(key).map_err(|_| unreadable())?;
    match key.kind() {
        DecodingKeyKind::SecretOrDer(bytes) => Ok(bytes.clone()),
        DecodingKeyKind::RsaModulusExponent { n, e } => {
            let numbers = RsaPublicKeyComponents { n, e };
            let der: PublicKeyX509Der<'_> = numbers.as_der().map_err(|_| unreadable())?;
            Ok(der.as_ref().to_vec())
        }
    }
}

/// Reads the public keys of one algorithm from JWKs, JWK sets or PEM.
pub(super) fn public_keys(secrets: &Secrets, algorithm: Algorithm) -> Result<PublicKeys, InvalidSecret> {
    let mut keys = TokenKeys::read(secrets, KeyText::Public, &[algorithm])?;
    let keys = keys.public.pop().map(|(_, keys)| keys);
    keys.ok_or(InvalidSecret::new("key set contains no key of the provider's type"))
}

pub(super) fn mac_kind(algorithm: Algorithm) -> Option<MacKind> {
    match algorithm {
        Algorithm::HS256 => Some(MacKind::HmacSha256),
        Algorithm::HS384 => Some(MacKind::HmacSha384),
        Algorithm::HS512 => Some(MacKind::HmacSha512),
        _ => None,
    }
}

fn public_kind(algorithm: Algorithm) -> Option<PublicKind> {
    match algorithm {
        Algorithm::ES256 => Some(PublicKind::EcdsaP256Sha256Fixed),
        Algorithm::ES384 => Some(PublicKind::EcdsaP384Sha384Fixed),
        Algorithm::RS256 => Some(PublicKind::RsaSha256),
        Algorithm::RS384 => Some(PublicKind::RsaSha384),
        Algorithm::RS512 => Some(PublicKind::RsaSha512),
        Algorithm::PS256 => Some(PublicKind::RsaPssSha256),
        Algorithm::PS384 => Some(PublicKind::RsaPssSha384),
        Algorithm::PS512 => Some(PublicKind::RsaPssSha512),
        Algorithm::EdDSA => Some(PublicKind::Ed25519),
        _ => None,
    }
}
