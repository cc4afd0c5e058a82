//! The digest of the body in the header `content-digest` (RFC 9530) or `digest` (RFC 3230).

use data_encoding::BASE64;
use http::{HeaderMap, HeaderName};
use sha2::{Digest, Sha256, Sha512};

use super::fields::{ByteSequences, CONTENT_DIGEST, MAX_MEMBERS, combined};
use crate::verify::{VerifyError, constant_time_eq};

pub(in crate::verify) const DIGEST: HeaderName = HeaderName::from_static("digest");

/// The digests of a body, and the values that they must have. A header must contain a SHA-256 or a SHA-512;
/// other digests are ignored.
#[derive(Default)]
pub(in crate::verify) struct BodyDigest {
    sha256: Option<(Sha256, Vec<u8>)>,
    sha512: Option<(Sha512, Vec<u8>)>,
}

impl BodyDigest {
    /// Parses `content-digest`.
    pub(in crate::verify) fn read_content_digest(headers: &HeaderMap) -> Result<Self, VerifyError> {
        let text = combined(headers, &CONTENT_DIGEST)?;
        let digests = ByteSequences::read(&text, &CONTENT_DIGEST)?;
        let sha256 = digests.get("sha-256").map(|expected| (Sha256::new(), expected.to_vec()));
        let sha512 = digests.get("sha-512").map(|expected| (Sha512::new(), expected.to_vec()));
        match sha256.is_none() && sha512.is_none() {
            true => Err(VerifyError::malformed("`content-digest` has neither a `sha-256` nor a `sha-512`")),
            false => Ok(Self { sha256, sha512 }),
        }
    }

    /// Parses `digest`, such as `SHA-256=…`. The names of digests are case-insensitive.
    pub(in crate::verify) fn read_digest(headers: &HeaderMap) -> Result<Self, VerifyError> {
        let text = combined(headers, &DIGEST)?;
        let mut digests = Self::default();
        let mut members = text.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        let repeated = || VerifyError::malformed("`digest` repeats a digest");
        for member in members.by_ref().take(MAX_MEMBERS) {
            let end = member.iter().position(|byte| *byte == b'=').unwrap_or(member.len());
            let (name, value) = member.split_at_checked(end).unwrap_or_default();
            let decoded = || {
                let value = value.strip_prefix(b"=").and_then(|value| BASE64.decode(value).ok());
                value.ok_or(VerifyError::malformed("`digest` is not valid base64"))
            };
            if name.eq_ignore_ascii_case(b"sha-256") {
                if digests.sha256.replace((Sha256::new(), decoded()?)).is_some() {
                    return Err(repeated());
                }
            } else if name.eq_ignore_ascii_case(b"sha-512")
                && digests.sha512.replace((Sha512::new(), decoded()?)).is_some()
            {
                return Err(repeated());
            }
        }
        match members.next() {
            Some(_) => Err(VerifyError::malformed("`digest` has more than 16 members")),
            None if digests.sha256.is_none() && digests.sha512.is_none() => {
                Err(VerifyError::malformed("`digest` has neither a `SHA-256` nor a `SHA-512`"))
            }
            None => Ok(digests),
        }
    }

    pub(in crate::verify) fn update(&mut self, bytes: &[u8]) {
        if let Some((hash, _)) = &mut self.sha256 {
            hash.update(bytes);
        }
        if let Some((hash, _)) = &mut self.sha512 {
            hash.update(bytes);
        }
    }

    /// Returns whether each digest has its value.
    pub(in crate::verify) fn matches(self) -> bool {
        self.sha256.is_none_or(|(hash, expected)| constant_time_eq(&hash.finalize(), &expected))
            && self.sha512.is_none_or(|(hash, expected)| constant_time_eq(&hash.finalize(), &expected))
    }
}
