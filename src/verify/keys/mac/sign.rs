//! Signing with a MAC.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};

use super::{Keyring, Macs};
use crate::verify::{Encoding, signing::CannotSign};

impl Keyring {
    /// Starts the MAC of a signature with the first key, or with the first key named `key_id`.
    pub(crate) fn signer(&self, key_id: Option<&[u8]>) -> Result<Macs<'_>, CannotSign> {
        let mut macs = self.begin(key_id);
        macs.more.clear();
        match macs.is_empty() {
            true => Err(CannotSign::new("no secret matches the request's key id")),
            false => Ok(macs),
        }
    }

    /// Returns the key id of the first key, if it has one.
    pub(crate) fn first_key_id(&self) -> Option<&str> {
        self.keys.first()?.key_id.as_deref()
    }
}

impl Macs<'_> {
    /// Returns the first key's tag as text.
    pub(crate) fn signature(mut self, encoding: Encoding) -> String {
        let tag = self.first.as_mut().map(|mac| mac.finish().0);
        let tag = tag.as_ref().and_then(|tag| tag.get(..self.keys.tag_length())).unwrap_or_default();
        encoding.encode(tag)
    }
}

impl Encoding {
    /// Encodes bytes as providers do: hex in lower case, base64 padded, base64url without padding.
    pub(crate) fn encode(self, bytes: &[u8]) -> String {
        match self {
            Self::Hex => HEXLOWER.encode(bytes),
            Self::Base64 => BASE64.encode(bytes),
            Self::Base64Url => BASE64URL_NOPAD.encode(bytes),
        }
    }
}
