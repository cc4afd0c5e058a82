use super::template::Sink;
use crate::verify::{Candidates, Encoding, Keyring, Macs, Verified, VerifyError};
#[cfg(feature = "asymmetric")]
use crate::verify::{PublicKeys, Signatures, SignedMessage};

/// The keys of a scheme, MAC keys or public keys.
pub(super) enum Keys {
    Mac(Keyring),
    #[cfg(feature = "asymmetric")]
    Public(PublicKeys),
}

impl Keys {
    /// Decodes the signatures of a request and starts their verification.
    pub(super) fn begin<'t>(
        &self,
        signatures: impl Iterator<Item = &'t [u8]>,
        encoding: Encoding,
        key_id: Option<&[u8]>,
    ) -> Result<Signing<'_>, VerifyError> {
        let unknown = || VerifyError::wrong("no secret matches the request's key id");
        match self {
            Self::Mac(keys) => {
                let candidates = Candidates::read(signatures, encoding, keys.tag_length())?;
                let macs = keys.begin(key_id);
                if macs.is_empty() { Err(unknown()) } else { Ok(Signing::Mac(macs, candidates)) }
            }
            #[cfg(feature = "asymmetric")]
            Self::Public(keys) => {
                let signatures = Signatures::read(signatures, encoding, keys.kind())?;
                let is_named =
                    |name: Option<&str>| key_id.is_none_or(|id| name.map(str::as_bytes) == Some(id));
                let message = keys.begin(signatures, is_named);
                if message.is_empty() { Err(unknown()) } else { Ok(Signing::Public(message)) }
            }
        }
    }
}

/// A verification in progress and the signatures of the request.
#[allow(clippy::large_enum_variant, reason = "boxed, one per request")]
pub(super) enum Signing<'k> {
    Mac(Macs<'k>, Candidates),
    #[cfg(feature = "asymmetric")]
    Public(SignedMessage<'k>),
}

impl Signing<'_> {
    /// Returns whether feeding the body would store a second copy of it, in addition to the layer's.
    pub(super) fn keeps_whole(&self) -> bool {
        match self {
            Self::Mac(..) => false,
            #[cfg(feature = "asymmetric")]
            Self::Public(message) => message.is_kept_whole(),
        }
    }

    pub(super) fn conclude(&mut self) -> Result<Verified, VerifyError> {
        match self {
            Self::Mac(macs, candidates) => macs.conclude(candidates),
            #[cfg(feature = "asymmetric")]
            Self::Public(message) => message.conclude(),
        }
    }
}

impl Sink for Signing<'_> {
    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Mac(macs, _) => macs.update(bytes),
            #[cfg(feature = "asymmetric")]
            Self::Public(message) => message.update(bytes),
        }
    }

    fn update_with_secrets(&mut self) {
        match self {
            Self::Mac(macs, _) => macs.update_with_secrets(),
            // `verifier` refuses schemes with `{secret}` and a public key.
            #[cfg(feature = "asymmetric")]
            Self::Public(_) => {}
        }
    }
}
