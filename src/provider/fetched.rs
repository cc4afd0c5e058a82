//! What those have in common whose public keys are fetched by a name that is in the request.

use bytes::Bytes;
use http::HeaderMap;

use crate::verify::{
    Certificate, Check, Finish, KeyCache, PublicKind, Signatures, Verified, VerifyError, digest,
};

/// The value of a header that must be there once.
pub(super) fn only<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<&'h str, VerifyError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => {
            value.to_str().map_err(|_| VerifyError::malformed(format!("{name} is not of ASCII")))
        }
        (None, _) => Err(VerifyError::missing(format!("there is no {name} header"))),
        (Some(_), Some(_)) => Err(VerifyError::malformed(format!("there are several {name} headers"))),
    }
}

/// The URL of the key of this name, which anybody can make up: `folder` with the name after it, if
/// that is a UUID as UUIDs are written. There is one way to write each, or else a key that is kept
/// could be had fetched again under ever other names.
pub(super) fn key_url(folder: &str, name: &str) -> Result<String, VerifyError> {
    let is_right = |(index, byte): (usize, u8)| match index {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    };
    match name.len() == 36 && name.bytes().enumerate().all(is_right) {
        true => Ok(format!("{folder}{name}")),
        false => Err(VerifyError::malformed("the key's id is no UUID")),
    }
}

/// A body that is signed as it is, by a key that may have to be fetched.
pub(super) struct SignedBody<'a> {
    pub(super) keys: &'a KeyCache,
    pub(super) kind: PublicKind,
    pub(super) url: String,
    pub(super) signatures: Signatures,
    /// Where keys like this one are from.
    pub(super) folder: &'static str,
}

impl Check for SignedBody<'_> {
    fn update(&mut self, _: &[u8]) {}

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        let Self { keys, kind, url, signatures, folder } = *self;
        if let Some(key) = keys.kept(&url) {
            return verify(&key, kind, signatures, body, folder).into();
        }
        let (keys, body) = (keys.clone(), body.clone());
        Finish::later(async move {
            let key = keys.get(&url).await?;
            verify(&key, kind, signatures, &body, folder)
        })
    }
}

fn verify(
    key: &Certificate,
    kind: PublicKind,
    signatures: Signatures,
    body: &[u8],
    folder: &str,
) -> Result<Verified, VerifyError> {
    let keys = key.keys(kind).map_err(VerifyError::unavailable)?;
    let mut message = keys.begin(signatures, |_| true);
    message.update(body);
    // Of where the keys are: they change, and what they sign stays the same delivery.
    let [a, b, c, d, e, f, g, h, ..] = digest(folder.as_bytes());
    Ok(message.conclude()?.fingerprint(u64::from_be_bytes([a, b, c, d, e, f, g, h])))
}
