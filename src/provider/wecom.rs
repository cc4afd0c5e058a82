use std::time::Duration;
#[cfg(feature = "test-util")]
use std::time::SystemTime;

use aws_lc_rs::{
    cipher::{AES_256, DecryptingKey, DecryptionContext, UnboundCipherKey},
    iv::FixedLength,
};
use bytes::Bytes;
#[cfg(feature = "test-util")]
use data_encoding::HEXLOWER;
use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER_PERMISSIVE};
use http::Method;
#[cfg(feature = "test-util")]
use http::request::Parts;
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use super::{
    by_hand::{ByHandVerifier, CheckResult, check, without_mac},
    handshake::{Handshake, echo},
    providers,
};
#[cfg(feature = "test-util")]
use crate::verify::signing::{CannotSign, Signer, Write, made_up};
use crate::{
    InvalidSecret, Secret, Secrets,
    verify::{
        Keyring, MacKind, Profile, RequestContext, TimeUnit, Verified, Verifier, VerifyError,
        constant_time_eq, only_parameter,
    },
};

providers! {
    /// Creates a verifier for WeCom (WeChat Work).
    ///
    /// The verifier accepts callbacks in XML.
    ///
    /// * Signature: SHA-1 of the sorted values of the token, the timestamp, the nonce and the encrypted message,
    ///   as hex in the query parameter `msg_signature`.
    /// * Secret: the callback's *Token*, as text; and as another secret its *EncodingAESKey*, as text of 43
    ///   characters. Pass both, as in `wecom([token, aes_key])`, and all of them during a rotation. If the
    ///   EncodingAESKey has a [key id](crate::Secret::with_key_id), the key id must be the receiver: the corp
    ///   id, or the suite id of a third-party app. The layer then rejects messages for other receivers.
    /// * Signed content: the values above, sorted and joined **without separators**. An attacker who captures a
    ///   callback may therefore be able to exchange the timestamp and the nonce, or to move digits between them.
    ///   The attacker cannot change the message: both values must be up to 32 letters and digits, so that no
    ///   part of the encrypted message fits into them.
    /// * Delivery id: the element `MsgId` of messages, signed. Events have no id; those with equal XML count as
    ///   duplicates.
    /// * Event type: the element `Event` of events, and otherwise `MsgType`, signed.
    /// * Timestamp: the query parameter `timestamp`; tolerance 300 s.
    /// * Retries: yes. WeCom retries three times
    ///   ([source](https://developer.work.weixin.qq.com/document/10514)).
    /// * Acknowledge within: 5 s.
    /// * Handshake: a signed `GET` with an encrypted `echostr`. The layer responds with the decrypted text, if
    ///   it consists of at most 64 letters and digits. Otherwise an attacker could have captured messages
    ///   decrypted.
    /// * The message is encrypted (AES-256-CBC) in the element `Encrypt`. The layer decrypts it after it has
    ///   verified the signature. The handler gets the **decrypted XML** as the body and as
    ///   [`Delivery::payload`](crate::Delivery::payload). [`Delivery::raw`](crate::Delivery::raw) is the body as
    ///   received.
    wecom -> Result: "wecom", "WeCom (WeChat Work)",
        "https://developer.work.weixin.qq.com/document/path/91144",
        @by_hand |secrets, profile| WeCom::verifier(&secrets, profile),
        handshake: Some(HANDSHAKE),
        equal_bodies: true,
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true);
}

/// WeCom's handshake: a signed `GET` whose `echostr` the layer decrypts.
const HANDSHAKE: Handshake = Handshake {
    unsigned: |request| {
        let text = request.is(&Method::GET).then(|| request.query("echostr"))??;
        let keys = Keys::read(request.secrets).ok()?;
        let query = request.head().uri.query()?.as_bytes();
        let signed = SignedQuery::read(query).ok()?;
        let _ = keys.verify(&signed, &text).ok()?;
        let message = keys.decrypt(&text).ok()?;
        let is_short = (1..=64).contains(&message.len()) && message.iter().all(u8::is_ascii_alphanumeric);
        echo(std::str::from_utf8(&message).ok().filter(|_| is_short)?)
    },
    ..Handshake::NONE
};

struct WeCom {
    keys: Keys,
    profile: Profile,
}

impl WeCom {
    fn verifier(secrets: &Secrets, profile: Profile) -> Result<Box<dyn ByHandVerifier>, InvalidSecret> {
        Ok(Box::new(Self { keys: Keys::read(secrets.as_slice())?, profile }))
    }

    fn verify(&self, query: &SignedQuery, body: &[u8]) -> Result<Verified, VerifyError> {
        let no_message = || VerifyError::missing("element `Encrypt` is missing in the body");
        let body = std::str::from_utf8(body).map_err(|_| no_message())?;
        let text = element(body, "Encrypt").ok_or_else(no_message)?;
        let verified = self.keys.verify(query, text)?;
        let message = self.keys.decrypt(text)?;
        let verified = match std::str::from_utf8(&message) {
            Err(_) => verified,
            Ok(xml) => {
                let kind = element(xml, "Event").or_else(|| element(xml, "MsgType"));
                let verified = verified.with_final_id(element(xml, "MsgId").map(Into::into));
                match kind {
                    Some(kind) => verified.with_event_type(kind),
                    None => verified,
                }
            }
        };
        Ok(verified.with_payload(message))
    }
}

impl Verifier for WeCom {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> CheckResult<'a> {
        let query = SignedQuery::read(request.head().uri.query().unwrap_or_default().as_bytes())?;
        let sent_at = TimeUnit::Seconds.read(query.timestamp.as_bytes())?;
        check((), Some(sent_at), move |(), body| self.verify(&query, body))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}

/// The tokens and the AES keys of a verifier.
struct Keys {
    /// The tokens, with their indexes among the secrets.
    tokens: Vec<(usize, Secret)>,
    aes_keys: Vec<AesKey>,
}

impl Keys {
    fn read(secrets: &[Secret]) -> Result<Self, InvalidSecret> {
        let (mut tokens, mut aes_keys) = (Vec::new(), Vec::new());
        for (index, secret) in secrets.iter().enumerate() {
            match AesKey::read(secret) {
                Some(key) => aes_keys.push(key),
                None => tokens.push((index, secret.clone())),
            }
        }
        match tokens.is_empty() || aes_keys.is_empty() {
            true => Err(InvalidSecret::new("WeCom needs a token and an EncodingAESKey")),
            false => Ok(Self { tokens, aes_keys }),
        }
    }

    /// Verifies the signature of an encrypted text.
    fn verify(&self, query: &SignedQuery, text: &str) -> Result<Verified, VerifyError> {
        let is_by = |(_, token): &&(usize, Secret)| {
            constant_time_eq(&query.digest(token.expose(), text), &query.signature)
        };
        let (index, token) = self
            .tokens
            .iter()
            .find(is_by)
            .ok_or(VerifyError::wrong("signature mismatch: no secret matches"))?;
        let keys = Keyring::of_text(MacKind::HmacSha256, &token.clone().into());
        Ok(without_mac(keys.verified(0)).with_secret_index(*index))
    }

    /// Returns the message in a verified text.
    fn decrypt(&self, text: &str) -> Result<Bytes, VerifyError> {
        let encrypted = || VerifyError::malformed("message cannot be decrypted");
        let text = BASE64.decode(text.as_bytes()).map_err(|_| encrypted())?;
        let (message, is_right) =
            self.aes_keys.iter().find_map(|key| key.decrypt(&text)).ok_or_else(encrypted)?;
        is_right.then_some(message).ok_or(VerifyError::wrong("message is for another receiver"))
    }
}

struct AesKey {
    key: Zeroizing<[u8; 32]>,
    receiver: Option<Box<str>>,
}

impl AesKey {
    /// Reads an EncodingAESKey; `None` for a token, which is shorter.
    fn read(secret: &Secret) -> Option<Self> {
        let text = secret.expose_str().filter(|text| text.len() == 43)?;
        // Two bits of the last character have no meaning, and are not zero.
        let mut base64 = BASE64_NOPAD.specification();
        base64.check_trailing_bits = false;
        let key = Zeroizing::new(base64.encoding().ok()?.decode(text.as_bytes()).ok()?);
        let key = Zeroizing::new(key.as_slice().try_into().ok()?);
        Some(Self { key, receiver: secret.key_id().map(Into::into) })
    }

    fn iv(&self) -> Option<FixedLength<16>> {
        self.key.first_chunk::<16>().map(FixedLength::from)
    }

    /// Returns the message, and whether it is for the right receiver.
    fn decrypt(&self, text: &[u8]) -> Option<(Bytes, bool)> {
        let key = DecryptingKey::cbc(UnboundCipherKey::new(&AES_256, &*self.key).ok()?).ok()?;
        let mut text = text.to_vec();
        let plain: &[u8] = key.decrypt(&mut text, DecryptionContext::Iv128(self.iv()?)).ok()?;
        let padding = usize::from(*plain.last()?);
        let (plain, padded) = plain.split_at_checked(plain.len().checked_sub(padding)?)?;
        let is_padding =
            (1..=32).contains(&padding) && padded.iter().all(|byte| usize::from(*byte) == padding);
        // Behind 16 random bytes are the message's length, the message and the receiver.
        let (length, rest) = plain.get(16..).filter(|_| is_padding)?.split_first_chunk::<4>()?;
        let (message, receiver) = rest.split_at_checked(u32::from_be_bytes(*length).try_into().ok()?)?;
        let is_right = self.receiver.as_ref().is_none_or(|right| right.as_bytes() == receiver);
        Some((Bytes::copy_from_slice(message), is_right))
    }
}

/// The signed parameters of the query, and the signature.
struct SignedQuery {
    timestamp: String,
    nonce: String,
    signature: Vec<u8>,
}

impl SignedQuery {
    fn read(query: &[u8]) -> Result<Self, VerifyError> {
        let value = |name: &str| {
            let value = only_parameter(query, name)?.filter(|value| !value.is_empty());
            value.ok_or_else(|| VerifyError::missing(format!("`{name}` is missing in the query")))
        };
        let signature = HEXLOWER_PERMISSIVE.decode(value("msg_signature")?.as_bytes());
        let signature =
            signature.map_err(|_| VerifyError::malformed("signature is not valid hex or base64"))?;
        // Otherwise an attacker could move the first blocks of the encrypted message to one of these values, so
        // that the rest is decrypted as another message. A part that can be moved has at least 64 characters.
        let short_value = |name: &str| {
            let value = value(name)?;
            let is_short = value.len() <= 32 && value.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let long = || VerifyError::malformed(format!("`{name}` is not up to 32 letters and digits"));
            is_short.then(|| value.into_owned()).ok_or_else(long)
        };
        Ok(Self { timestamp: short_value("timestamp")?, nonce: short_value("nonce")?, signature })
    }

    fn digest(&self, token: &[u8], text: &str) -> [u8; 20] {
        let mut values = [token, self.timestamp.as_bytes(), self.nonce.as_bytes(), text.as_bytes()];
        values.sort_unstable();
        values.iter().fold(Sha1::new(), |hash, value| hash.chain_update(value)).finalize().into()
    }
}

/// Returns the text of the only child element with this name.
///
/// A user's text can contain markup in a CDATA section, so a search for the tag could find the user's text.
fn element<'x>(xml: &'x str, name: &str) -> Option<&'x str> {
    let mut rest = xml.trim().strip_prefix("<xml>")?;
    let mut found = None;
    loop {
        rest = rest.trim_start();
        if rest == "</xml>" {
            return found;
        }
        let (tag, after) = rest.strip_prefix('<')?.split_once('>')?;
        if tag.ends_with('/') {
            rest = after;
            continue;
        }
        let (content, after) = content(after)?;
        if tag == name {
            let text = content.trim();
            let text =
                text.strip_prefix("<![CDATA[").and_then(|text| text.strip_suffix("]]>")).unwrap_or(text);
            // Another parser may read another of the elements.
            if found.replace(text).is_some() {
                return None;
            }
        }
        rest = after;
    }
}

/// Splits the content of an element from the rest behind its end.
fn content(xml: &str) -> Option<(&str, &str)> {
    let (mut at, mut depth) = (0, 1_usize);
    loop {
        let start = at + xml.get(at..)?.find('<')?;
        let tag = xml.get(start..)?;
        if tag.starts_with("<![CDATA[") {
            at = start + tag.find("]]>")? + "]]>".len();
            continue;
        }
        let end = start + tag.find('>')? + 1;
        if tag.starts_with("</") {
            depth -= 1;
            if depth == 0 {
                return Some((xml.get(..start)?, xml.get(end..)?));
            }
        } else if !xml.get(..end)?.ends_with("/>") {
            depth += 1;
        }
        at = end;
    }
}

#[cfg(feature = "test-util")]
impl Signer for WeCom {
    fn facts(&self) -> &Profile {
        &self.profile
    }

    fn sign(&self, head: &mut Parts, body: &mut Bytes, at: SystemTime) -> Result<(), CannotSign> {
        let text = std::str::from_utf8(body).ok().and_then(|xml| element(xml, "Encrypt")).map(str::to_owned);
        let text = match text {
            Some(text) => text,
            None => {
                let failed = || CannotSign::new("body cannot be encrypted");
                let key = self.keys.aes_keys.first().ok_or_else(failed)?;
                let text = BASE64.encode(&key.encrypt(body).ok_or_else(failed)?);
                *body = format!("<xml><Encrypt><![CDATA[{text}]]></Encrypt></xml>").into();
                text
            }
        };
        for (name, value) in [("timestamp", TimeUnit::Seconds.write(at)?), ("nonce", made_up())] {
            if only_parameter(head.uri.query().unwrap_or_default().as_bytes(), name)?.is_none() {
                head.write_query(name, &value)?;
            }
        }
        head.write_query("msg_signature", "00")?;
        let query = SignedQuery::read(head.uri.query().unwrap_or_default().as_bytes())?;
        let (_, token) = self.keys.tokens.first().ok_or(CannotSign::new("token is not text"))?;
        head.write_query("msg_signature", &HEXLOWER.encode(&query.digest(token.expose(), &text)))
    }
}

#[cfg(feature = "test-util")]
impl AesKey {
    fn encrypt(&self, message: &[u8]) -> Option<Vec<u8>> {
        use aws_lc_rs::cipher::{EncryptingKey, EncryptionContext};

        let random: String = made_up().chars().take(16).collect();
        let length = u32::try_from(message.len()).ok()?.to_be_bytes();
        let receiver = self.receiver.as_deref().unwrap_or_default();
        let mut text = [random.as_bytes(), &length, message, receiver.as_bytes()].concat();
        let padding = 32 - text.len() % 32;
        text.resize(text.len() + padding, u8::try_from(padding).ok()?);
        let key = EncryptingKey::cbc(UnboundCipherKey::new(&AES_256, &*self.key).ok()?).ok()?;
        key.less_safe_encrypt(&mut text, EncryptionContext::Iv128(self.iv()?)).ok()?;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::element;

    #[test]
    fn only_children_of_the_root_are_found() {
        let xml = "<xml><Content><![CDATA[<MsgId>1</MsgId>]]></Content><MsgId>2</MsgId>\n\
            <Text><MsgId>3</MsgId><Empty/></Text><Empty/><MsgType><![CDATA[text]]></MsgType></xml>";
        assert_eq!(element(xml, "MsgId"), Some("2"));
        assert_eq!(element(xml, "MsgType"), Some("text"));
        assert_eq!(element(xml, "Content"), Some("<MsgId>1</MsgId>"));
        assert_eq!(element(xml, "Event"), None);
        for broken in [
            "",
            "<xml>",
            "<xml><MsgId>1</MsgId>",
            "<xml><MsgId>1</xml>",
            "<xml><MsgId>1<![CDATA[</MsgId></xml>",
            "<xml><MsgId>1</MsgId><MsgId>2</MsgId></xml>",
            "<xml><MsgId>1</MsgId></xml><xml></xml>",
            "{\"MsgId\":1}",
        ] {
            assert_eq!(element(broken, "MsgId"), None, "{broken}");
        }
    }
}
