#[cfg(feature = "test-util")]
use std::time::SystemTime;
use std::{borrow::Cow, time::Duration};

#[cfg(feature = "test-util")]
use bytes::Bytes;
use data_encoding::HEXLOWER;
use http::{Method, request::Parts};
use sha1::{Digest, Sha1};

use super::{
    by_hand::check,
    handshake::{Handshake, echo},
    providers,
};
#[cfg(feature = "test-util")]
use crate::verify::signing::{CannotSign, Signer, Write, made_up_number};
use crate::{
    Secret, Secrets,
    verify::{
        Check, Keyring, MacKind, Profile, RequestContext, TimeUnit, Tolerance, Verified, Verifier,
        VerifyError, constant_time_eq, only_parameter,
    },
};

providers! {
    /// Creates a verifier for WeChat (official accounts).
    ///
    /// The verifier is for accounts whose messages are not encrypted ("plaintext mode"). In the other modes, the
    /// handler must verify `msg_signature` and decrypt the message.
    ///
    /// * Signature: SHA-1 of the token, the timestamp and the nonce, sorted and concatenated, as hex in the
    ///   query parameter `signature`.
    /// * Secret: the token, as text.
    /// * Signed content: only `query:timestamp` and `query:nonce`.
    /// * Delivery id: the message's `MsgId`, or an event's `FromUserName`, `CreateTime` and `Event`, joined with
    ///   `:`, **not signed**.
    /// * Event type: the event's `Event`, or the message's `MsgType`, **not signed**.
    /// * Timestamp: `query:timestamp`; any age unless the layer has a
    ///   [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future. WeChat documents no
    ///   maximum age.
    /// * Retries: yes.
    /// * Acknowledge within: 5 s. WeChat makes up to three attempts.
    /// * Handshake: `GET ?echostr=…` with a signature, to which the layer responds with the `echostr`.
    /// * Not covered: **the body**. An attacker who captures a request can send any body with its signature. The
    ///   attacker may also be able to exchange the timestamp and the nonce, or to move digits between them,
    ///   because WeChat sorts and joins them. Use HTTPS, and keep the endpoint's URL secret.
    wechat_official_account: "wechat-official-account", "WeChat (official accounts)",
        "https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/Access_Overview.html",
        @by_hand |tokens, profile| {
            let keys = Keyring::of_text(MacKind::Sha1, &tokens);
            Ok(Box::new(WeChat { tokens, keys, profile }))
        },
        profile: |profile| profile
            .with_id_signed(false)
            .with_event_type_signed(false)
            .with_body_signed(false)
            .with_tolerance(Tolerance::any_age()),
        handshake: Some(HANDSHAKE),
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true);
}

const HANDSHAKE: Handshake = Handshake {
    unsigned: |request| {
        let challenge = request.is(&Method::GET).then(|| request.query("echostr"))??;
        let signed = Signed::read(request.head()).ok()?;
        signed.token(request.secrets).and_then(|_| echo(&challenge))
    },
    ..Handshake::NONE
};

#[derive(Debug)]
struct WeChat {
    tokens: Secrets,
    keys: Keyring,
    profile: Profile,
}

impl Verifier for WeChat {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let signed = Signed::read(request.head())?;
        let sent_at = TimeUnit::Seconds.read(signed.timestamp.as_bytes())?;
        let token = signed.token(self.tokens.as_slice());
        let token = token.ok_or(VerifyError::wrong("signature mismatch: no secret matches"))?;
        let verified = self.keys.verified(token);
        check((), Some(sent_at), |(), body| Ok(with_facts(verified, body)))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}

#[cfg(feature = "test-util")]
impl Signer for WeChat {
    fn facts(&self) -> &Profile {
        &self.profile
    }

    fn sign(&self, head: &mut Parts, _: &mut Bytes, at: SystemTime) -> Result<(), CannotSign> {
        let value = |head: &Parts, name: &str, new: String| {
            let query = head.uri.query().unwrap_or_default();
            only_parameter(query.as_bytes(), name).map(|sent| sent.map_or(new, Cow::into_owned))
        };
        let timestamp = value(head, "timestamp", TimeUnit::Seconds.write(at)?)?;
        let nonce = value(head, "nonce", made_up_number())?;
        let token = self.tokens.as_slice().first().map(Secret::expose).unwrap_or_default();
        let signature = digest(token, &timestamp, &nonce);
        for (name, value) in [("signature", signature), ("timestamp", timestamp), ("nonce", nonce)] {
            head.write_query(name, &value)?;
        }
        Ok(())
    }
}

/// The signature in the query, and the signed values.
struct Signed<'a> {
    signature: Cow<'a, str>,
    timestamp: Cow<'a, str>,
    nonce: Cow<'a, str>,
}

impl<'a> Signed<'a> {
    fn read(head: &'a Parts) -> Result<Self, VerifyError> {
        let query = head.uri.query().unwrap_or_default().as_bytes();
        let parameter = |name: &'static str| {
            only_parameter(query, name)?
                .filter(|value| !value.is_empty())
                .ok_or_else(|| VerifyError::missing(format!("`{name}` is missing in the query")))
        };
        let signature = parameter("signature")?;
        let (timestamp, nonce) = (parameter("timestamp")?, parameter("nonce")?);
        // No separators mark the bounds of the values, so allow only the characters that WeChat sends.
        if !timestamp.bytes().chain(nonce.bytes()).all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(VerifyError::malformed("nonce contains an invalid character"));
        }
        Ok(Self { signature, timestamp, nonce })
    }

    /// Returns the index of the token that made the signature.
    fn token(&self, tokens: &[Secret]) -> Option<usize> {
        let sent = self.signature.to_ascii_lowercase();
        tokens.iter().position(|token| {
            let signature = digest(token.expose(), &self.timestamp, &self.nonce);
            constant_time_eq(sent.as_bytes(), signature.as_bytes())
        })
    }
}

fn digest(token: &[u8], timestamp: &str, nonce: &str) -> String {
    let mut values = [token, timestamp.as_bytes(), nonce.as_bytes()];
    values.sort_unstable();
    let hash = values.iter().fold(Sha1::new(), |hash, value| hash.chain_update(value));
    HEXLOWER.encode(&hash.finalize())
}

/// Adds the delivery id and the event type of a message.
fn with_facts(verified: Verified, message: &[u8]) -> Verified {
    let Ok(message) = std::str::from_utf8(message) else { return verified };
    let child = |name| child(message, name);
    let event = child("Event");
    let id = child("MsgId").map(str::to_owned).or_else(|| {
        let (from, at) = child("FromUserName").zip(child("CreateTime"))?;
        // The time is in seconds, in which a user can cause several events.
        let key = child("EventKey").or_else(|| child("MsgID")).unwrap_or_default();
        Some(format!("{from}:{at}:{}:{key}", event?))
    });
    let verified = match id {
        Some(id) => verified.with_id(id),
        None => verified,
    };
    match event.or_else(|| child("MsgType")) {
        Some(kind) => verified.with_event_type(kind.to_owned()),
        None => verified,
    }
}

/// Returns the text of a child of the XML's root, which may be in a CDATA section. Ignores elements within
/// other elements, and text that users write.
fn child<'x>(xml: &'x str, name: &str) -> Option<&'x str> {
    let mut rest = xml.trim_start().strip_prefix("<xml>")?;
    loop {
        let (tag, content) = rest.trim_start().strip_prefix('<')?.split_once('>')?;
        if tag.starts_with('/') {
            return None;
        }
        let (text, after) = element(content, tag)?;
        if tag == name {
            let text = text.trim();
            let in_section = text.strip_prefix("<![CDATA[").and_then(|text| text.strip_suffix("]]>"));
            return Some(in_section.unwrap_or(text)).filter(|text| !text.is_empty() && !text.contains('<'));
        }
        rest = after;
    }
}

/// Splits XML at the end of the element `tag`, skipping CDATA sections.
fn element<'x>(content: &'x str, tag: &str) -> Option<(&'x str, &'x str)> {
    let mut at = 0;
    loop {
        at += content.get(at..)?.find('<')?;
        let rest = content.get(at..)?;
        if rest.starts_with("<![CDATA[") {
            at += rest.find("]]>")?;
        } else if let Some(after) = rest.strip_prefix("</").and_then(|rest| rest.strip_prefix(tag)) {
            if let Some(after) = after.strip_prefix('>') {
                return Some((content.get(..at)?, after));
            }
            at += 1;
        } else {
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::{HANDSHAKE, child, digest};
    use crate::provider::handshake::HandshakeRequest;
    use crate::verify::RequestContext;

    #[test]
    fn children_of_a_message_are_found_outside_of_cdata_sections() {
        let xml = "<xml>\n<ToUserName><![CDATA[to]]></ToUserName>\n<Content><![CDATA[</Content><MsgId>1</MsgId>]]></Content>\n\
            <Info><MsgId>2</MsgId><Infos>a</Infos></Info><MsgId>3</MsgId></xml>";
        assert_eq!(child(xml, "ToUserName"), Some("to"));
        assert_eq!(child(xml, "MsgId"), Some("3"));
        assert_eq!(child(xml, "Infos"), None);
        for xml in [
            "",
            "<xml>",
            "<xml><a>",
            "<xml><a><![CDATA[</a>",
            "{}",
            "<xml><MsgId>1",
            "<xml></xml>",
            "<xml><MsgId></MsgId>",
        ] {
            assert_eq!(child(xml, "MsgId"), None, "{xml}");
        }
    }

    #[test]
    fn only_a_signed_challenge_is_echoed() -> Result<(), crate::BoxError> {
        let token: crate::Secret = "token".parse()?;
        let signature = digest(b"token", "1700000000", "123456789");
        let answer = |query: &str| {
            let request = Request::get(format!("https://receiver.example/?{query}")).body(()).ok()?;
            let head = request.into_parts().0;
            let request = RequestContext::new(&head);
            let response =
                (HANDSHAKE.unsigned)(&HandshakeRequest { request, secrets: std::slice::from_ref(&token) })?;
            String::from_utf8(response.into_body().to_vec()).ok()
        };
        let query = format!("signature={signature}&timestamp=1700000000&nonce=123456789&echostr=567");
        assert_eq!(answer(&query).as_deref(), Some("567"));
        for query in
            [query.replace("nonce=1", "nonce=2"), query.replace("&echostr=567", ""), "echostr=567".to_owned()]
        {
            assert_eq!(answer(&query), None, "{query}");
        }
        Ok(())
    }
}
