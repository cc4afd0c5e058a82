//! Bodies that the provider encrypts. They are decrypted once their signature is verified, so that an attacker
//! learns nothing from the outcome of a decryption.

use std::time::SystemTime;

#[cfg(feature = "encrypted")]
use aws_lc_rs::{
    cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey},
    iv::FixedLength,
};
use bytes::Bytes;

#[cfg(feature = "test-util")]
use crate::verify::signing::CannotSign;
use crate::{
    Secret,
    verify::{Check, Finish, Finishing, Verified, VerifyError},
};

/// The encryption of a provider's bodies with the secret that also signs them.
#[derive(Clone, Copy)]
#[cfg_attr(
    not(feature = "encrypted"),
    allow(dead_code, reason = "no provider encrypts without this feature")
)]
pub(super) struct Encryption {
    /// Returns the decrypted payload.
    pub(super) decrypt: fn(&Secret, &[u8]) -> Result<Bytes, VerifyError>,
    /// Returns the body for a payload, or the payload itself if it is such a body.
    #[cfg(feature = "test-util")]
    pub(super) encrypt: fn(&Secret, &Bytes) -> Result<Bytes, CannotSign>,
}

impl Encryption {
    /// Returns a check that decrypts the body after `check` has verified it.
    pub(super) fn decrypt_after<'a>(
        self,
        check: Box<dyn Check + 'a>,
        secrets: &'a [Secret],
    ) -> Box<dyn Check + 'a> {
        Box::new(EncryptedCheck { check, secrets, encryption: self })
    }

    /// Encrypts a payload with the first secret.
    #[cfg(feature = "test-util")]
    pub(super) fn encrypted(self, secrets: &[Secret], payload: &Bytes) -> Result<Bytes, CannotSign> {
        let secret = secrets.first().ok_or(CannotSign::new("no secret to encrypt with"))?;
        (self.encrypt)(secret, payload)
    }
}

struct EncryptedCheck<'a> {
    check: Box<dyn Check + 'a>,
    secrets: &'a [Secret],
    encryption: Encryption,
}

impl Check for EncryptedCheck<'_> {
    fn timestamp(&self) -> Option<SystemTime> {
        self.check.timestamp()
    }

    fn update(&mut self, bytes: &[u8]) {
        self.check.update(bytes);
    }

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        let Self { check, secrets, encryption } = *self;
        match check.finish(body) {
            Finish(Finishing::Now(Ok(verified))) => {
                let secret = secrets.get(verified.secret_index);
                let secret = secret.ok_or(VerifyError::wrong("signature mismatch: no secret matches"));
                let payload = secret.and_then(|secret| (encryption.decrypt)(secret, body));
                // A MAC of the encrypted body does not identify the payload, whose encryption differs each time.
                payload.map(|payload| Verified { mac: None, ..verified }.with_payload(payload)).into()
            }
            other => other,
        }
    }
}

/// Decrypts AES-256 in CBC mode, with the initialization vector in front and padding as in PKCS #7. `None` if
/// the text is not such a ciphertext.
#[cfg(feature = "encrypted")]
pub(super) fn aes_256_cbc(key: &[u8; 32], text: &[u8]) -> Option<Bytes> {
    let (iv, text) = text.split_first_chunk::<16>()?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, key).ok()?).ok()?;
    let mut text = text.to_vec();
    // An empty text has no padding.
    let context = (!text.is_empty()).then(|| DecryptionContext::Iv128(FixedLength::from(*iv)))?;
    let plain = key.decrypt(&mut text, context).ok()?;
    Some(Bytes::copy_from_slice(plain))
}

/// Encrypts as [`aes_256_cbc`] decrypts.
#[cfg(all(feature = "encrypted", feature = "test-util"))]
pub(super) fn encrypt_aes_256_cbc(key: &[u8; 32], plain: &[u8]) -> Option<Vec<u8>> {
    use aws_lc_rs::cipher::PaddedBlockEncryptingKey;

    let key = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, key).ok()?).ok()?;
    let mut text = plain.to_vec();
    let context = key.encrypt(&mut text).ok()?;
    let iv: &[u8] = (&context).try_into().ok()?;
    Some([iv, &text].concat())
}
