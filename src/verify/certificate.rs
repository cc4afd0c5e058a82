//! Certificates, of which the public key and the dates are taken, and public keys alone.

use std::{
    ops::RangeInclusive,
    time::{Duration, SystemTime},
};

use x509_cert::{
    Certificate as X509,
    der::{Decode, Encode},
};

use super::{PublicKey, PublicKeys, PublicKind, public::pem_of};
use crate::InvalidSecret;

/// A public key, and when it may be used.
///
/// Neither the chain nor the name is looked at: that the file is the provider's is known by the
/// TLS connection to the host that it was fetched from.
pub(crate) struct Certificate {
    public_key: Vec<u8>,
    /// `None`: it is a public key alone.
    pub(crate) validity: Option<RangeInclusive<SystemTime>>,
}

impl Certificate {
    /// Reads PEM or DER: a certificate, the first of a chain, or a public key.
    pub(crate) fn read(file: &[u8]) -> Result<Self, InvalidSecret> {
        let text = std::str::from_utf8(file).ok();
        let der = match text.and_then(|text| pem_of(text, &["CERTIFICATE", "PUBLIC KEY"])) {
            Some(der) => &der?,
            None => file,
        };
        let Ok(certificate) = X509::from_der(der) else {
            // Every provider that has its keys fetched as certificates signs with RSA.
            return Self::public_key(PublicKind::RsaSha256, der);
        };
        let facts = certificate.tbs_certificate();
        let dates = facts.validity();
        let public_key = facts.subject_public_key_info().to_der();
        Ok(Self {
            public_key: public_key.map_err(|_| InvalidSecret::new("the certificate has no public key"))?,
            validity: Some(
                at(dates.not_before.to_unix_duration())?..=at(dates.not_after.to_unix_duration())?,
            ),
        })
    }

    /// Takes a public key alone.
    pub(crate) fn public_key(kind: PublicKind, der: &[u8]) -> Result<Self, InvalidSecret> {
        PublicKey::new(kind, der, None, 0)
            .map_err(|_| InvalidSecret::new("it is neither a certificate nor a public key"))?;
        Ok(Self { public_key: der.to_vec(), validity: None })
    }

    /// The key, to verify with.
    pub(crate) fn keys(&self, kind: PublicKind) -> Result<PublicKeys, InvalidSecret> {
        Ok(PublicKeys::of(kind, vec![PublicKey::new(kind, &self.public_key, None, 0)?]))
    }
}

fn at(since: Duration) -> Result<SystemTime, InvalidSecret> {
    let time = SystemTime::UNIX_EPOCH.checked_add(since);
    time.ok_or(InvalidSecret::new("the certificate's dates are past what the clock can tell"))
}
