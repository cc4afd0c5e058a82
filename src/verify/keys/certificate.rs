//! X.509 certificates, reduced to the parts that are needed, and bare public keys.

use std::{
    ops::RangeInclusive,
    time::{Duration, SystemTime},
};

use x509_cert::{
    Certificate as X509,
    der::{Decode, Encode},
};

use super::{PublicKey, PublicKeys, PublicKind, pem::pem_of};
use crate::InvalidSecret;

/// A public key with its validity.
///
/// The certificate's chain and name are not checked: the TLS connection to the provider's host authenticates
/// the fetched file.
pub(crate) struct Certificate {
    /// The `SubjectPublicKeyInfo` in DER.
    pub(super) public_key: Vec<u8>,
    /// `None` for a bare public key.
    pub(crate) validity: Option<RangeInclusive<SystemTime>>,
}

impl Certificate {
    /// Parses a certificate in PEM or DER. Of a chain, uses the first certificate.
    pub(crate) fn read(file: &[u8]) -> Result<Self, InvalidSecret> {
        let invalid = || InvalidSecret::new("fetched file is not an X.509 certificate");
        let text = std::str::from_utf8(file).ok();
        let der = match text.and_then(|text| pem_of(text, &["CERTIFICATE"])) {
            Some(der) => &der.map_err(|_| invalid())?,
            None => file,
        };
        Self::of(&X509::from_der(der).map_err(|_| invalid())?)
    }

    /// Returns the facts of a parsed certificate.
    pub(super) fn of(certificate: &X509) -> Result<Self, InvalidSecret> {
        let invalid = || InvalidSecret::new("fetched file is not an X.509 certificate");
        let facts = certificate.tbs_certificate();
        let dates = facts.validity();
        let public_key = facts.subject_public_key_info().to_der();
        Ok(Self {
            public_key: public_key.map_err(|_| invalid())?,
            validity: Some(
                at(dates.not_before.to_unix_duration())?..=at(dates.not_after.to_unix_duration())?,
            ),
        })
    }

    /// Parses a bare public key.
    pub(crate) fn public_key(kind: PublicKind, der: &[u8]) -> Result<Self, InvalidSecret> {
        PublicKey::new(kind, der, None, 0)?;
        Ok(Self { public_key: der.to_vec(), validity: None })
    }

    /// Compares only the public keys, because a renewed certificate has other dates.
    pub(crate) fn has_key_of(&self, other: &Self) -> bool {
        self.public_key == other.public_key
    }

    /// Returns the key to verify with.
    pub(crate) fn keys(&self, kind: PublicKind) -> Result<PublicKeys, InvalidSecret> {
        Ok(PublicKeys::of(kind, vec![PublicKey::new(kind, &self.public_key, None, 0)?]))
    }
}

fn at(since: Duration) -> Result<SystemTime, InvalidSecret> {
    let time = SystemTime::UNIX_EPOCH.checked_add(since);
    time.ok_or(InvalidSecret::new("dates of the certificate are out of range"))
}
