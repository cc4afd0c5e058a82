//! Message authentication codes: one per key, computed while the body arrives, and compared with each
//! signature of the request at the end.

#[cfg(feature = "test-util")]
mod sign;

use std::fmt;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit, Mac as _};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::{
    InvalidSecret, Secret, Secrets,
    verify::{Encoding, Verified, VerifyError},
};

/// Returns the SHA-256 of `bytes`.
pub(crate) fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Returns the first eight bytes of the SHA-256 of `bytes` as a number, for text that is not secret.
pub(crate) fn fingerprint(bytes: &[u8]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = digest(bytes);
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// A hash in progress: a keyed MAC, or a plain hash of text that contains the secret.
#[derive(Clone)]
pub(crate) enum Mac {
    HmacMd5(Hmac<Md5>),
    HmacSha1(Hmac<Sha1>),
    HmacSha256(Hmac<Sha256>),
    // Boxed: their states are twice as large as those of the other variants.
    HmacSha384(Box<Hmac<Sha384>>),
    HmacSha512(Box<Hmac<Sha512>>),
    Md5(Md5),
    Sha1(Sha1),
    Sha256(Sha256),
    Sha512(Box<Sha512>),
}

/// The algorithm of a [`Mac`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MacKind {
    HmacMd5,
    HmacSha1,
    HmacSha256,
    HmacSha384,
    HmacSha512,
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

impl MacKind {
    /// Returns whether the key is a MAC key, and not part of the hashed text.
    pub(crate) fn is_keyed(self) -> bool {
        !matches!(self, Self::Md5 | Self::Sha1 | Self::Sha256 | Self::Sha512)
    }

    /// Returns the tag's length in bytes.
    fn length(self) -> usize {
        match self {
            Self::HmacMd5 | Self::Md5 => 16,
            Self::HmacSha1 | Self::Sha1 => 20,
            Self::HmacSha256 | Self::Sha256 => 32,
            Self::HmacSha384 => 48,
            Self::HmacSha512 | Self::Sha512 => 64,
        }
    }

    #[allow(clippy::expect_used, reason = "HMAC takes keys of any length")]
    fn keyed(self, key: &[u8]) -> Mac {
        const ANY_LENGTH: &str = "HMAC takes keys of any length";
        match self {
            Self::HmacMd5 => Mac::HmacMd5(Hmac::new_from_slice(key).expect(ANY_LENGTH)),
            Self::HmacSha1 => Mac::HmacSha1(Hmac::new_from_slice(key).expect(ANY_LENGTH)),
            Self::HmacSha256 => Mac::HmacSha256(Hmac::new_from_slice(key).expect(ANY_LENGTH)),
            Self::HmacSha384 => Mac::HmacSha384(Box::new(Hmac::new_from_slice(key).expect(ANY_LENGTH))),
            Self::HmacSha512 => Mac::HmacSha512(Box::new(Hmac::new_from_slice(key).expect(ANY_LENGTH))),
            Self::Md5 => Mac::Md5(Md5::new()),
            Self::Sha1 => Mac::Sha1(Sha1::new()),
            Self::Sha256 => Mac::Sha256(Sha256::new()),
            Self::Sha512 => Mac::Sha512(Box::new(Sha512::new())),
        }
    }
}

impl Mac {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::HmacMd5(mac) => mac.update(bytes),
            Self::HmacSha1(mac) => mac.update(bytes),
            Self::HmacSha256(mac) => mac.update(bytes),
            Self::HmacSha384(mac) => mac.update(bytes),
            Self::HmacSha512(mac) => mac.update(bytes),
            Self::Md5(hash) => Digest::update(hash, bytes),
            Self::Sha1(hash) => Digest::update(hash, bytes),
            Self::Sha256(hash) => Digest::update(hash, bytes),
            Self::Sha512(hash) => Digest::update(&mut **hash, bytes),
        }
    }

    fn finish(self) -> Tag {
        match self {
            Self::HmacMd5(mac) => Tag::of(&mac.finalize().into_bytes()),
            Self::HmacSha1(mac) => Tag::of(&mac.finalize().into_bytes()),
            Self::HmacSha256(mac) => Tag::of(&mac.finalize().into_bytes()),
            Self::HmacSha384(mac) => Tag::of(&mac.finalize().into_bytes()),
            Self::HmacSha512(mac) => Tag::of(&mac.finalize().into_bytes()),
            Self::Md5(hash) => Tag::of(&hash.finalize()),
            Self::Sha1(hash) => Tag::of(&hash.finalize()),
            Self::Sha256(hash) => Tag::of(&hash.finalize()),
            Self::Sha512(hash) => Tag::of(&hash.finalize()),
        }
    }
}

/// A tag of up to 64 bytes, padded with zeros.
#[derive(Clone, Copy)]
pub(crate) struct Tag([u8; 64]);

impl Tag {
    #[inline]
    fn of(bytes: &[u8]) -> Self {
        let mut tag = [0; 64];
        let length = bytes.len().min(tag.len());
        if let (Some(tag), Some(bytes)) = (tag.get_mut(..length), bytes.get(..length)) {
            tag.copy_from_slice(bytes);
        }
        Self(tag)
    }

    /// Decodes hex of the given length in bytes, in lower or upper case. Returns `None` for any other text.
    #[inline]
    fn from_hex(text: &[u8], length: usize) -> Option<Self> {
        // The length of every tag is a multiple of 4 bytes.
        let (words, []) = text.as_chunks::<8>() else { return None };
        if text.len() != 2 * length {
            return None;
        }
        let mut tag = Self([0; 64]);
        let mut invalid = 0;
        for (digits, bytes) in words.iter().zip(tag.0.as_chunks_mut::<4>().0) {
            let (decoded, rest) = decode_hex(*digits);
            *bytes = decoded;
            invalid |= rest;
        }
        (invalid == 0).then_some(tag)
    }

    /// Compares all 64 bytes; tags of one kind have the same length.
    fn equals(&self, other: &Self) -> Choice {
        // Compares words, because `subtle` takes one step per element.
        let (words, _) = self.0.as_chunks::<8>();
        let (others, _) = other.0.as_chunks::<8>();
        words.iter().zip(others).fold(Choice::from(1), |equal, (word, other)| {
            equal & u64::from_ne_bytes(*word).ct_eq(&u64::from_ne_bytes(*other))
        })
    }

    fn first_32(&self) -> [u8; 32] {
        self.0.first_chunk().copied().unwrap_or_default()
    }
}

/// The keys of a verifier, prepared when it is built.
pub(crate) struct Keyring {
    kind: MacKind,
    keys: Vec<MacKey>,
}

pub(crate) struct MacKey {
    /// The index of its secret.
    index: usize,
    /// A MAC that has already processed the key. Cloning it saves hashing two blocks per request.
    mac: Mac,
    fingerprint: u64,
    /// The key's bytes, which the text of a plain hash contains.
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    pub(crate) key_id: Option<Box<str>>,
}

impl Keyring {
    /// Creates one key per secret, from the secret's bytes.
    pub(crate) fn of_text(kind: MacKind, secrets: &Secrets) -> Self {
        let key = |(index, secret): (usize, &Secret)| {
            MacKey::new(index, kind, Zeroizing::new(secret.expose().into()), secret.key_id())
        };
        Self { kind, keys: secrets.iter().enumerate().map(key).collect() }
    }

    /// Creates one key per secret. Decodes a secret that is text with `decode`, and uses the bytes of any
    /// other secret unchanged.
    pub(crate) fn decoded<D>(kind: MacKind, secrets: &Secrets, decode: D) -> Result<Self, InvalidSecret>
    where
        D: Fn(&str) -> Result<Zeroizing<Vec<u8>>, InvalidSecret>,
    {
        let bytes = |secret: &Secret| match secret.expose_str() {
            Some(text) => decode(text),
            None => Ok(Zeroizing::new(secret.expose().into())),
        };
        let key = |(index, secret): (usize, &Secret)| match bytes(secret) {
            Ok(bytes) if bytes.is_empty() => {
                Err(InvalidSecret::new("key is empty after its prefix").at(index))
            }
            Ok(bytes) => Ok(MacKey::new(index, kind, bytes, secret.key_id())),
            Err(error) => Err(error.at(index)),
        };
        let keys = secrets.iter().enumerate().map(key).collect::<Result<_, _>>()?;
        Ok(Self { kind, keys })
    }

    /// Adds a second key for each secret whose text `decode` accepts.
    pub(crate) fn or_decoded<D>(mut self, secrets: &Secrets, decode: D) -> Self
    where
        D: Fn(&str) -> Option<Zeroizing<Vec<u8>>>,
    {
        let bytes = |secret: &Secret| decode(secret.expose_str()?).filter(|bytes| !bytes.is_empty());
        let kind = self.kind;
        // Both keys of a secret have the same fingerprint, so that an event has the same scope, whichever key
        // signs it.
        let key = |((index, secret), first): ((usize, &Secret), &MacKey)| {
            let key = MacKey::new(index, kind, bytes(secret)?, secret.key_id());
            Some(MacKey { fingerprint: first.fingerprint, ..key })
        };
        let more: Vec<_> = secrets.iter().enumerate().zip(&self.keys).filter_map(key).collect();
        self.keys.extend(more);
        self
    }

    /// Returns the tag's length in bytes.
    pub(crate) fn tag_length(&self) -> usize {
        self.kind.length()
    }

    /// Returns whether `wanted` accepts the key id of a key.
    #[cfg(any(feature = "message-signatures", feature = "jwt"))]
    pub(crate) fn has_key(&self, wanted: impl Fn(Option<&str>) -> bool) -> bool {
        self.keys.iter().any(|key| wanted(key.key_id.as_deref()))
    }

    /// Starts one MAC for each key, or for each key named `key_id`.
    pub(crate) fn begin(&self, key_id: Option<&[u8]>) -> Macs<'_> {
        self.begin_with(|name| key_id.is_none_or(|id| name.map(str::as_bytes) == Some(id)))
    }

    /// Starts one MAC for each key whose key id `wanted` accepts.
    pub(crate) fn begin_with(&self, wanted: impl Fn(Option<&str>) -> bool) -> Macs<'_> {
        let named = |key: &&MacKey| wanted(key.key_id.as_deref());
        let mut macs = self.keys.iter().filter(named).map(|key| KeyedMac { key, mac: None });
        // The first is stored inline, so that a single secret needs no allocation.
        Macs {
            #[cfg(feature = "test-util")]
            keys: self,
            first: macs.next(),
            more: macs.collect(),
        }
    }

    /// Returns whether one key is a prefix or suffix of another.
    pub(crate) fn overlap(&self) -> bool {
        let bytes = || self.keys.iter().map(|key| &key.bytes[..]);
        let is_end =
            |one: &[u8], other: &[u8]| one != other && (one.starts_with(other) || one.ends_with(other));
        bytes().any(|one| bytes().any(|other| is_end(one, other)))
    }

    /// Returns whether keys are MAC keys, and not part of the hashed text.
    pub(crate) fn is_keyed(&self) -> bool {
        self.kind.is_keyed()
    }

    /// Returns whether a key has this key id, or has no key id and may therefore match any.
    pub(crate) fn may_have(&self, key_id: &[u8]) -> bool {
        self.keys.iter().any(|key| key.key_id.as_deref().is_none_or(|known| known.as_bytes() == key_id))
    }

    /// Returns the facts about a request that the key at `index` verified.
    pub(crate) fn verified(&self, index: usize) -> Verified {
        self.keys.get(index).map_or_else(Verified::new, MacKey::verified)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({:?}, {})", self.kind, self.keys.len())
    }
}

impl MacKey {
    fn new(index: usize, kind: MacKind, bytes: Zeroizing<Vec<u8>>, key_id: Option<&str>) -> Self {
        let mut mac = MacKind::HmacSha256.keyed(&bytes);
        mac.update(b"tower-webhook key fingerprint");
        let [a, b, c, d, e, f, g, h, ..] = mac.finish().0;
        Self {
            index,
            mac: kind.keyed(&bytes),
            fingerprint: u64::from_be_bytes([a, b, c, d, e, f, g, h]),
            bytes,
            key_id: key_id.map(Into::into),
        }
    }

    /// Returns the facts about a request that this key verified.
    fn verified(&self) -> Verified {
        Verified::new().with_secret_index(self.index).with_fingerprint(self.fingerprint)
    }
}

/// The MACs of one request, one for each key.
pub(crate) struct Macs<'k> {
    #[cfg(feature = "test-util")]
    keys: &'k Keyring,
    first: Option<KeyedMac<'k>>,
    more: Vec<KeyedMac<'k>>,
}

/// The MAC of one key. It starts with its first bytes, because moving a MAC costs as much as a comparison.
struct KeyedMac<'k> {
    key: &'k MacKey,
    mac: Option<Mac>,
}

impl KeyedMac<'_> {
    #[inline]
    fn update(&mut self, bytes: &[u8]) {
        self.mac.get_or_insert_with(|| self.key.mac.clone()).update(bytes);
    }

    /// Finalizes the MAC.
    fn finish(&mut self) -> Tag {
        self.mac.take().unwrap_or_else(|| self.key.mac.clone()).finish()
    }
}

impl<'k> Macs<'k> {
    /// Returns whether there is no key to verify with.
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.each().for_each(|mac| mac.update(bytes));
    }

    /// Updates each MAC with its own secret.
    pub(crate) fn update_with_secrets(&mut self) {
        self.each().for_each(|mac| mac.update(&mac.key.bytes));
    }

    /// Updates each MAC with the key id of its own secret.
    pub(crate) fn update_with_key_ids(&mut self) {
        for mac in self.each() {
            let key_id = mac.key.key_id.as_deref().unwrap_or_default();
            mac.update(key_id.as_bytes());
        }
    }

    /// Finalizes each MAC and compares it with every candidate.
    pub(crate) fn verify(mut self, candidates: &Candidates) -> Result<Verified, VerifyError> {
        self.conclude(candidates)
    }

    /// Verifies like [`verify`](Self::verify), but in place.
    pub(crate) fn conclude(&mut self, candidates: &Candidates) -> Result<Verified, VerifyError> {
        let matching = self.each().find_map(|mac| {
            let tag = mac.finish();
            candidates.contain(&tag).then(|| mac.key.verified().with_mac(tag.first_32()))
        });
        // A finished MAC must not start again.
        (self.first, self.more) = (None, Vec::new());
        matching.ok_or(VerifyError::wrong("signature mismatch: no secret matches"))
    }

    fn each(&mut self) -> impl Iterator<Item = &mut KeyedMac<'k>> {
        self.first.iter_mut().chain(&mut self.more)
    }
}

/// The decoded signatures of a request. A single one needs no allocation.
pub(crate) struct Candidates {
    first: Tag,
    more: Vec<Tag>,
}

impl Candidates {
    /// The maximum number of signatures: a provider sends one per secret in use.
    const MAX: usize = 32;

    /// Decodes `texts`, any of which may match. An invalid text does not affect the others.
    #[inline]
    pub(crate) fn read<'t>(
        texts: impl Iterator<Item = &'t [u8]>,
        encoding: Encoding,
        length: usize,
    ) -> Result<Self, VerifyError> {
        let mut found: Option<Self> = None;
        let (mut refusal, mut count) = (None, 0);
        for text in texts {
            if count == Self::MAX {
                return Err(VerifyError::malformed("request has more than 32 signatures"));
            }
            count += 1;
            match (encoding.decode_tag(text, length), &mut found) {
                (Ok(tag), Some(found)) => found.more.push(tag),
                (Ok(tag), none) => *none = Some(Self { first: tag, more: Vec::new() }),
                (Err(error), _) => refusal = Some(error),
            }
        }
        found.ok_or_else(|| {
            refusal.unwrap_or_else(|| VerifyError::malformed("signature of a supported version is missing"))
        })
    }

    /// Returns whether a candidate equals `tag`, comparing each in constant time.
    fn contain(&self, tag: &Tag) -> bool {
        self.more.iter().fold(self.first.equals(tag), |any, candidate| any | candidate.equals(tag)).into()
    }
}

impl Encoding {
    #[inline]
    fn decode_tag(self, text: &[u8], length: usize) -> Result<Tag, VerifyError> {
        match self {
            Self::Hex => Tag::from_hex(text, length).map_or_else(|| self.decode_text(text, length), Ok),
            Self::Base64 | Self::Base64Url => self.decode_text(text, length),
        }
    }

    fn decode_text(self, text: &[u8], length: usize) -> Result<Tag, VerifyError> {
        let (encoding, text) = match self {
            Self::Hex => (HEXLOWER_PERMISSIVE, text),
            Self::Base64 => (BASE64_NOPAD, without_padding(text)),
            Self::Base64Url => (BASE64URL_NOPAD, without_padding(text)),
        };
        // Text that would decode to more than 192 bytes is rejected before it is decoded.
        let mut buffer = [0; 192];
        let decoded = encoding
            .decode_len(text.len())
            .ok()
            .and_then(|length| buffer.get_mut(..length))
            .and_then(|buffer| encoding.decode_mut(text, buffer).ok())
            .and_then(|length| buffer.get(..length))
            .ok_or_else(|| VerifyError::malformed("signature is not valid hex or base64"))?;
        if decoded.len() != length {
            return Err(VerifyError::wrong_length(decoded.len(), length));
        }
        Ok(Tag::of(decoded))
    }

    /// Decodes a key. Padding is optional.
    pub(crate) fn decode_key(self, text: &str) -> Result<Zeroizing<Vec<u8>>, InvalidSecret> {
        let text = text.as_bytes();
        let (decoded, name) = match self {
            Self::Hex => (HEXLOWER_PERMISSIVE.decode(text), "text is not hexadecimal"),
            Self::Base64 => (BASE64_NOPAD.decode(without_padding(text)), "text is not base64"),
            Self::Base64Url => (BASE64URL_NOPAD.decode(without_padding(text)), "text is not base64url"),
        };
        decoded.map(Zeroizing::new).map_err(|_| InvalidSecret::new(name))
    }
}

/// Decodes eight hex digits, all at once. The second value is not 0 if a byte is not a hex digit.
#[inline]
fn decode_hex(digits: [u8; 8]) -> ([u8; 4], u64) {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let digits = u64::from_be_bytes(digits);
    // Letters have bit 6 set. Bit 5 makes them lower case.
    let letters = (digits >> 6) & EACH;
    let values = (digits & (EACH * 0x0f)) + letters * 9;
    // The digits that have these values, if exactly the letters have values of 10 to 15.
    let expected = values + EACH * u64::from(b'0') + letters * u64::from(b'a' - b'0' - 10);
    let above_nine = ((values + EACH * 6) >> 4) & EACH;
    let above_fifteen = values & (EACH * 0x10);
    let invalid = (expected ^ (digits | (letters << 5))) | (above_nine ^ letters) | above_fifteen;
    // Moves the eight values of four bits next to each other.
    let pairs = (values | (values >> 4)) & 0x00ff_00ff_00ff_00ff;
    let quads = (pairs | (pairs >> 8)) & 0x0000_ffff_0000_ffff;
    let [.., a, b, c, d] = (quads | (quads >> 16)).to_be_bytes();
    ([a, b, c, d], invalid)
}

fn without_padding(text: &[u8]) -> &[u8] {
    let length = text.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    text.get(..length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_decoded_as_by_the_general_decoder() {
        for length in [16, 20, 32, 48, 64] {
            let bytes: Vec<u8> = (0..).map(|byte: u8| byte.wrapping_mul(37)).take(length).collect();
            let text = HEXLOWER_PERMISSIVE.encode(&bytes).into_bytes();
            for position in 0..text.len() {
                for byte in 0..=u8::MAX {
                    let mut text = text.clone();
                    text.splice(position..=position, [byte]);
                    let expected = HEXLOWER_PERMISSIVE.decode(&text).ok().map(|bytes| Tag::of(&bytes).0);
                    let decoded = Tag::from_hex(&text, length).map(|tag| tag.0);
                    assert_eq!(decoded, expected, "byte {byte} at {position} of {length}");
                }
            }
            assert!(Tag::from_hex(&text, length - 4).is_none());
            assert!(Tag::from_hex(text.get(8..).unwrap_or_default(), length).is_none());
        }
    }
}
