//! Chains of three certificates that end in a pinned root.
//!
//! The chain is complete and has a fixed length, so no path is built. Verifiers for TLS, such as
//! `rustls-webpki`, do not return a certificate's other extensions, such as the markers below.

use std::time::SystemTime;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    ParsedPublicKey, VerificationAlgorithm,
};
use x509_cert::{
    Certificate as X509,
    certificate::Version,
    der::{
        Decode, Reader, SliceReader,
        asn1::AnyRef,
        oid::{AssociatedOid, ObjectIdentifier},
    },
    ext::pkix::{BasicConstraints, KeyUsage},
};

use super::{Certificate, digest, in_force};
use crate::verify::VerifyError;

const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");

/// The rules for a chain: its root, and the extensions of the other two certificates.
#[derive(Clone, Debug)]
pub(crate) struct PinnedChain {
    /// The SHA-256 of the root certificate in DER.
    pub(crate) root: [u8; 32],
    /// The extension that the leaf must have. The root also issues certificates for other purposes.
    pub(crate) leaf_marker: ObjectIdentifier,
    /// The extension that the intermediate certificate must have.
    pub(crate) intermediate_marker: ObjectIdentifier,
}

impl PinnedChain {
    /// Verifies a chain in DER at the time `now`, and returns the leaf.
    pub(crate) fn leaf(&self, chain: [&[u8]; 3], now: SystemTime) -> Result<Certificate, VerifyError> {
        let [leaf, intermediate, root] = chain;
        if digest(root) != self.root {
            return Err(VerifyError::wrong("certificate chain does not end with the provider's root"));
        }
        let (leaf, intermediate, root) = (Link::read(leaf)?, Link::read(intermediate)?, Link::read(root)?);
        for link in [&leaf, &intermediate, &root] {
            in_force(&link.facts, now)?;
        }
        // The pin already authenticates the root, whose own signature and extensions therefore do not matter.
        intermediate.check(&self.intermediate_marker, Role::Issuer)?;
        leaf.check(&self.leaf_marker, Role::Signer)?;
        match intermediate.is_issued_by(&root) && leaf.is_issued_by(&intermediate) {
            true => Ok(leaf.facts),
            false => {
                Err(VerifyError::wrong("certificate is not issued by the next certificate of its chain"))
            }
        }
    }
}

/// The purpose of a certificate in its chain.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Issuer,
    Signer,
}

/// A certificate of a chain.
struct Link<'d> {
    certificate: X509,
    /// The signed part, in DER.
    signed: &'d [u8],
    facts: Certificate,
}

impl<'d> Link<'d> {
    /// The largest certificate in bytes. It is parsed before it is verified.
    const LARGEST: usize = 4096;

    fn read(der: &'d [u8]) -> Result<Self, VerifyError> {
        let invalid = || VerifyError::malformed("certificate chain contains an invalid certificate");
        if der.len() > Self::LARGEST {
            return Err(invalid());
        }
        let certificate = X509::from_der(der).map_err(|_| invalid())?;
        let content = AnyRef::from_der(der).map_err(|_| invalid())?.value();
        let signed = SliceReader::new(content).and_then(|mut content| content.tlv_bytes());
        let facts = Certificate::of(&certificate).map_err(|_| invalid())?;
        Ok(Self { signed: signed.map_err(|_| invalid())?, certificate, facts })
    }

    /// Checks that the certificate is for this purpose.
    fn check(&self, marker: &ObjectIdentifier, role: Role) -> Result<(), VerifyError> {
        let facts = self.certificate.tbs_certificate();
        let extensions = facts.extensions().map(Vec::as_slice).unwrap_or_default();
        let ids = || extensions.iter().map(|extension| extension.extn_id);
        let is_known =
            |id: &ObjectIdentifier| [BasicConstraints::OID, KeyUsage::OID].contains(id) || id == marker;
        let has_unknown =
            extensions.iter().any(|extension| extension.critical && !is_known(&extension.extn_id));
        let is_repeated = ids().enumerate().any(|(index, id)| ids().take(index).any(|other| other == id));
        if has_unknown || is_repeated {
            return Err(VerifyError::wrong("certificate has an unknown critical or a repeated extension"));
        }
        let constraints = facts.get_extension::<BasicConstraints>();
        let usage = facts.get_extension::<KeyUsage>();
        let (Ok(constraints), Ok(usage)) = (constraints, usage) else {
            return Err(VerifyError::malformed("certificate chain contains an invalid certificate"));
        };
        let is_authority = constraints.is_some_and(|(_, constraints)| constraints.ca);
        let may_sign = usage.is_none_or(|(_, usage)| match role {
            Role::Issuer => usage.key_cert_sign(),
            Role::Signer => usage.digital_signature(),
        });
        let is_marked = ids().any(|id| id == *marker);
        let is_right = is_authority == (role == Role::Issuer) && may_sign && is_marked;
        match is_right && facts.version() == Version::V3 {
            true => Ok(()),
            false => Err(VerifyError::wrong("certificate is not for the provider's notifications")),
        }
    }

    /// Returns whether the names match, and the issuer's key verifies the signature.
    fn is_issued_by(&self, issuer: &Self) -> bool {
        let (facts, of_issuer) = (self.certificate.tbs_certificate(), issuer.certificate.tbs_certificate());
        let algorithm = self.certificate.signature_algorithm();
        let verifies = || {
            let key =
                ParsedPublicKey::new(issuer.algorithm(algorithm.oid)?, &issuer.facts.public_key).ok()?;
            key.verify_sig(self.signed, self.certificate.signature().as_bytes()?).ok()
        };
        // RFC 5280 requires both copies of the algorithm to be equal.
        facts.issuer() == of_issuer.subject() && facts.signature() == algorithm && verifies().is_some()
    }

    /// Returns the algorithm of signatures by this certificate's key, for the object identifier of the
    /// signature algorithm.
    fn algorithm(&self, signature: ObjectIdentifier) -> Option<&'static dyn VerificationAlgorithm> {
        type Ecdsa = (ObjectIdentifier, ObjectIdentifier, &'static dyn VerificationAlgorithm);
        const ALGORITHMS: [Ecdsa; 4] = [
            (P256, ECDSA_WITH_SHA256, &ECDSA_P256_SHA256_ASN1),
            (P256, ECDSA_WITH_SHA384, &ECDSA_P256_SHA384_ASN1),
            (P384, ECDSA_WITH_SHA256, &ECDSA_P384_SHA256_ASN1),
            (P384, ECDSA_WITH_SHA384, &ECDSA_P384_SHA384_ASN1),
        ];
        let key = self.certificate.tbs_certificate().subject_public_key_info();
        let curve = key.algorithm.parameters.as_ref()?.decode_as::<ObjectIdentifier>().ok()?;
        let found = ALGORITHMS.into_iter().find(|(of, name, _)| (*of, *name) == (curve, signature));
        found.map(|(_, _, algorithm)| algorithm)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path, time::Duration};

    use data_encoding::{BASE64, HEXLOWER};
    use serde::Deserialize;

    use super::*;
    use crate::BoxError;

    /// The certificates were made with Python's `cryptography`, except for those of Apple and Huawei.
    #[derive(Deserialize)]
    struct Chains {
        certificates: Vec<String>,
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        name: String,
        root_sha256: String,
        chain: [usize; 3],
        now: u64,
        /// `valid`, or the text of the error.
        expect: String,
    }

    #[test]
    fn every_chain_is_judged_correctly() -> Result<(), BoxError> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verify/certificate_chains.json");
        let Chains { certificates, cases } = serde_json::from_slice(&fs::read(path)?)?;
        let certificates = certificates.iter().map(|text| BASE64.decode(text.as_bytes()));
        let certificates = certificates.collect::<Result<Vec<_>, _>>()?;
        assert!(cases.len() >= 47);
        for case in cases {
            let rules = PinnedChain {
                root: HEXLOWER.decode(case.root_sha256.as_bytes())?.try_into().map_err(|_| "not a digest")?,
                leaf_marker: ObjectIdentifier::new_unwrap("1.2.840.113635.100.6.11.1"),
                intermediate_marker: ObjectIdentifier::new_unwrap("1.2.840.113635.100.6.2.1"),
            };
            let certificate = |index: usize| certificates.get(index).map(Vec::as_slice).unwrap_or_default();
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(case.now);
            let found = match rules.leaf(case.chain.map(certificate), now) {
                Ok(_) => "valid".to_owned(),
                Err(error) => error.to_string(),
            };
            assert_eq!(found, case.expect, "{}", case.name);
        }
        Ok(())
    }
}
