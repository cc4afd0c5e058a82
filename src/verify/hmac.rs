//! HMAC-SHA256 with one MAC per secret and any of up to 32 candidates: the check that every
//! scheme of this shape shares.

use std::{fmt, time::SystemTime};

use bytes::Bytes;
use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{Check, Finish, Verified, VerifyError};
use crate::{InvalidSecret, Secret, Secrets};

/// SHA-256 of `bytes`.
pub(crate) fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The keys of a verifier, prepared when it is built.
pub(crate) struct Keyring(Vec<Key>);

struct Key {
    /// A MAC that has absorbed the key's first block: cloning it saves two of a request's hash blocks.
    mac: Hmac<Sha256>,
    fingerprint: u64,
}

impl Keyring {
    /// One key a secret: its text as it stands.
    pub(crate) fn of_text(secrets: &Secrets) -> Self {
        Self(secrets.iter().map(|secret| Key::new(secret.expose().as_bytes())).collect())
    }

    /// One key a secret: the bytes that `decode` makes of its text.
    pub(crate) fn decoded<D>(secrets: &Secrets, decode: D) -> Result<Self, InvalidSecret>
    where
        D: Fn(&str) -> Result<Zeroizing<Vec<u8>>, InvalidSecret>,
    {
        let key = |(index, secret): (usize, &Secret)| match decode(secret.expose()) {
            Ok(bytes) if bytes.is_empty() => Err(InvalidSecret::new("there is no key in it").at(index)),
            Ok(bytes) => Ok(Key::new(&bytes)),
            Err(error) => Err(error.at(index)),
        };
        secrets.iter().enumerate().map(key).collect::<Result<_, _>>().map(Self)
    }

    /// What is known when the key at `index` was found to be the right one.
    pub(crate) fn verified(&self, index: usize) -> Verified {
        let verified = Verified::new().secret_index(index);
        match self.0.get(index) {
            Some(key) => verified.fingerprint(key.fingerprint),
            None => verified,
        }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({})", self.0.len())
    }
}

impl Key {
    #[allow(clippy::expect_used, reason = "HMAC takes keys of any length")]
    fn new(bytes: &[u8]) -> Self {
        let mac = Hmac::<Sha256>::new_from_slice(bytes).expect("HMAC takes keys of any length");
        let tag: [u8; 32] =
            mac.clone().chain_update(b"tower-webhook key fingerprint").finalize().into_bytes().into();
        let [a, b, c, d, e, f, g, h, ..] = tag;
        Self { mac, fingerprint: u64::from_be_bytes([a, b, c, d, e, f, g, h]) }
    }
}

/// How a 256-bit tag is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Encoding {
    /// Hexadecimal, in either case.
    Hex,
    /// The standard alphabet, padded.
    Base64,
    /// Any of hexadecimal and base64 in either alphabet, padded or not, told apart by length.
    Any,
}

/// What a text is, read as a tag.
pub(crate) enum Candidate {
    /// A tag of the right length.
    Tag([u8; 32]),
    /// Well encoded and of another length: it cannot match.
    OtherLength,
    /// Not in this encoding at all.
    Undecodable,
}

impl Encoding {
    pub(crate) fn read(self, text: &[u8]) -> Candidate {
        let (encoding, text) = match self {
            Self::Hex => (HEXLOWER_PERMISSIVE, text),
            Self::Base64 => (BASE64, text),
            Self::Any => match without_padding(text) {
                hex if hex.len() == 64 => (HEXLOWER_PERMISSIVE, hex),
                base64 if base64.iter().any(|byte| matches!(byte, b'-' | b'_')) => (BASE64URL_NOPAD, base64),
                base64 => (BASE64_NOPAD, base64),
            },
        };
        // What is longer than any encoding of 64 bytes is not decoded just to say what it is.
        let mut room = [0; 132];
        let decoded = encoding
            .decode_len(text.len())
            .ok()
            .and_then(|length| room.get_mut(..length))
            .and_then(|room| encoding.decode_mut(text, room).ok());
        match decoded {
            None => Candidate::Undecodable,
            Some(length) => match room.get(..length).and_then(|tag| tag.try_into().ok()) {
                Some(tag) => Candidate::Tag(tag),
                None => Candidate::OtherLength,
            },
        }
    }
}

fn without_padding(text: &[u8]) -> &[u8] {
    let length = text.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    text.get(..length).unwrap_or_default()
}

/// The signatures that a request offers, decoded. Almost always one, which needs no allocation.
pub(crate) struct Candidates {
    first: [u8; 32],
    more: Vec<[u8; 32]>,
}

impl Candidates {
    /// Reads `texts`, of which any may match. One that cannot be a signature hides no other.
    ///
    /// More than 32 are refused: a provider sends one for each secret in use.
    pub(crate) fn read<'t>(
        texts: impl Iterator<Item = &'t [u8]>,
        encoding: Encoding,
    ) -> Result<Self, VerifyError> {
        const MOST: usize = 32;
        let mut found: Option<Self> = None;
        let mut refusal = VerifyError::malformed("no signature of a supported version");
        for (index, text) in texts.enumerate() {
            if index == MOST {
                return Err(VerifyError::malformed("more than 32 signatures"));
            }
            match (encoding.read(text), &mut found) {
                (Candidate::Tag(tag), Some(found)) => found.more.push(tag),
                (Candidate::Tag(tag), none) => *none = Some(Self { first: tag, more: Vec::new() }),
                (Candidate::OtherLength, _) => {
                    refusal = VerifyError::wrong("the signature is not 32 bytes long");
                }
                (Candidate::Undecodable, _) => {
                    refusal =
                        VerifyError::malformed("the signature is not in the encoding that it should be");
                }
            }
        }
        found.ok_or(refusal)
    }

    /// Whether any of them is `tag`; each comparison in constant time.
    fn contain(&self, tag: &[u8; 32]) -> bool {
        self.more.iter().fold(self.first.ct_eq(tag), |any, candidate| any | candidate.ct_eq(tag)).into()
    }
}

/// The MACs of one request's body, one for each key, fed side by side.
pub(crate) struct HmacCheck<'a> {
    keys: &'a Keyring,
    first: Option<Hmac<Sha256>>,
    more: Vec<Hmac<Sha256>>,
    candidates: Candidates,
    timestamp: Option<SystemTime>,
}

impl<'a> HmacCheck<'a> {
    pub(crate) fn new(keys: &'a Keyring, candidates: Candidates, timestamp: Option<SystemTime>) -> Self {
        let mut macs = keys.0.iter().map(|key| key.mac.clone());
        // The first beside the others, so that the usual single secret needs no allocation.
        Self { keys, first: macs.next(), more: macs.collect(), candidates, timestamp }
    }

    /// The check after the signed bytes that come before the body.
    pub(crate) fn chain(mut self, signed: &[u8]) -> Self {
        self.update(signed);
        self
    }

    /// Works out each MAC and compares it.
    pub(crate) fn verify(self) -> Result<Verified, VerifyError> {
        for (index, mac) in self.first.into_iter().chain(self.more).enumerate() {
            let tag: [u8; 32] = mac.finalize().into_bytes().into();
            if self.candidates.contain(&tag) {
                return Ok(self.keys.verified(index).mac(tag));
            }
        }
        Err(VerifyError::wrong("no secret gives any of the signatures"))
    }
}

impl Check for HmacCheck<'_> {
    fn timestamp(&self) -> Option<SystemTime> {
        self.timestamp
    }

    fn update(&mut self, bytes: &[u8]) {
        for mac in self.first.iter_mut().chain(&mut self.more) {
            mac.update(bytes);
        }
    }

    fn finish(self: Box<Self>, _: &Bytes) -> Finish {
        self.verify().into()
    }
}
