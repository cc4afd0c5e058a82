//! The digest of the body in the header `content-digest` (RFC 9530).

use http::HeaderMap;
use sha2::{Digest, Sha256, Sha512};

use super::fields::{ByteSequences, CONTENT_DIGEST, combined};
use crate::verify::{VerifyError, constant_time_eq};

/// The digests of a body, and the values that they must have.
pub(super) struct ContentDigest {
    sha256: Option<(Sha256, Vec<u8>)>,
    sha512: Option<(Sha512, Vec<u8>)>,
}

impl ContentDigest {
    /// Parses the header. It must contain a SHA-256 or a SHA-512; other digests are ignored.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, VerifyError> {
        let text = combined(headers, &CONTENT_DIGEST)?;
        let digests = ByteSequences::read(&text, &CONTENT_DIGEST)?;
        let sha256 = digests.get("sha-256").map(|expected| (Sha256::new(), expected.to_vec()));
        let sha512 = digests.get("sha-512").map(|expected| (Sha512::new(), expected.to_vec()));
        match sha256.is_none() && sha512.is_none() {
            true => Err(VerifyError::malformed("`content-digest` has neither a `sha-256` nor a `sha-512`")),
            false => Ok(Self { sha256, sha512 }),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        if let Some((hash, _)) = &mut self.sha256 {
            hash.update(bytes);
        }
        if let Some((hash, _)) = &mut self.sha512 {
            hash.update(bytes);
        }
    }

    /// Returns whether each digest has its value.
    pub(super) fn matches(self) -> bool {
        self.sha256.is_none_or(|(hash, expected)| constant_time_eq(&hash.finalize(), &expected))
            && self.sha512.is_none_or(|(hash, expected)| constant_time_eq(&hash.finalize(), &expected))
    }
}
