//! JSON Web Signatures in their compact form, with the signer's certificates in the header `x5c`.

use std::{borrow::Cow, time::SystemTime};

use bytes::Bytes;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde::{Deserialize, de::IgnoredAny};

use super::by_hand::JsonObject;
use crate::verify::{Encoding, PinnedChain, PublicKind, Signatures, VerifyError};

/// ES256 is the only algorithm that is accepted.
const KIND: PublicKind = PublicKind::EcdsaP256Sha256Fixed;

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    alg: Cow<'a, str>,
    #[serde(default)]
    x5c: Vec<String>,
    crit: Option<IgnoredAny>,
    b64: Option<IgnoredAny>,
}

/// The maximum length of the header, which contains three certificates of at most 4 KiB, in base64 twice.
const LONGEST_HEADER: usize = 32 * 1024;

/// Verifies a signature and its certificate chain at the time `now`, and returns the decoded payload.
pub(super) fn payload(jws: &str, chain: &PinnedChain, now: SystemTime) -> Result<Bytes, VerifyError> {
    let malformed = || VerifyError::malformed("signed payload is not a JWS of three parts");
    let (signed, signature) = jws.rsplit_once('.').ok_or_else(malformed)?;
    let (header, payload) = signed.split_once('.').ok_or_else(malformed)?;
    if header.len() > LONGEST_HEADER {
        return Err(malformed());
    }
    // The parser's error may quote the header.
    let header = BASE64URL_NOPAD.decode(header.as_bytes()).map_err(|_| malformed())?;
    let JsonObject(header): JsonObject<Header<'_>> =
        serde_json::from_slice(&header).map_err(|_| malformed())?;
    if header.alg != "ES256" || header.crit.is_some() || header.b64.is_some() {
        return Err(VerifyError::malformed("JWS is not signed with ES256, or has `crit` or `b64`"));
    }
    let certificates = header.x5c.iter().map(|text| BASE64.decode(text.as_bytes()));
    let Ok(certificates) = certificates.collect::<Result<Vec<_>, _>>() else {
        return Err(VerifyError::malformed("`x5c` is not valid base64"));
    };
    let [leaf, intermediate, root] = &*certificates else {
        return Err(VerifyError::malformed("`x5c` does not contain three certificates"));
    };
    let signatures = Signatures::read([signature.as_bytes()].into_iter(), Encoding::Base64Url, KIND)?;
    let leaf = chain.leaf([leaf, intermediate, root], now)?;
    let keys = leaf.keys(KIND);
    let keys = keys.map_err(|_| VerifyError::wrong("certificate's key is not for ES256"))?;
    let mut message = keys.begin(signatures, |_| true);
    message.update(signed.as_bytes());
    message.conclude().map(drop)?;
    BASE64URL_NOPAD.decode(payload.as_bytes()).map(Bytes::from).map_err(|_| malformed())
}
