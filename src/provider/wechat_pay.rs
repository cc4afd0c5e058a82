#[cfg(feature = "test-util")]
use std::time::SystemTime;
use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use bytes::Bytes;
use data_encoding::BASE64;
use http::HeaderName;
#[cfg(feature = "test-util")]
use http::request::Parts;
use serde::Deserialize;
#[cfg(feature = "test-util")]
use serde_json::json;
use serde_json::value::RawValue;

use super::{
    SecretFormat,
    by_hand::{ByHandVerifier, CheckResult, JsonObject, check, optional_value, required_value},
    providers,
};
#[cfg(feature = "test-util")]
use crate::verify::signing::{CannotSign, Signer, Write, made_up, read_json};
use crate::{
    InvalidSecret, Secret, Secrets,
    verify::{
        Encoding, Location, Profile, PublicKey, PublicKeys, PublicKind, RequestContext, Signatures, TimeUnit,
        Verifier, VerifyError, pem,
    },
};

static SERIAL: HeaderName = HeaderName::from_static("wechatpay-serial");
static SIGNATURE: HeaderName = HeaderName::from_static("wechatpay-signature");
static TIMESTAMP: HeaderName = HeaderName::from_static("wechatpay-timestamp");
static NONCE: HeaderName = HeaderName::from_static("wechatpay-nonce");
static SIGNATURE_TYPE: HeaderName = HeaderName::from_static("wechatpay-signature-type");

const KIND: PublicKind = PublicKind::RsaSha256;

providers! {
    /// Creates a verifier for WeChat Pay (APIv3).
    ///
    /// * Signature: RSA-SHA256 signature of the timestamp, the nonce and the body, as base64 in
    ///   `wechatpay-signature`.
    /// * Secret: WeChat Pay's public key, as PEM, with its id (`PUB_KEY_ID_…`, or the certificate's serial
    ///   number) as the [key id](crate::Secret::with_key_id); and as another secret the merchant's *APIv3 key*,
    ///   as text of 32 bytes. Pass both, as in `wechat_pay([public_key, api_v3_key])`, and all of them during a
    ///   rotation.
    /// * Signed content: `{ts}\n{header:wechatpay-nonce}\n{body}\n`, with line breaks instead of `\n`.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/event_type`, signed.
    /// * Timestamp: `header:wechatpay-timestamp`; tolerance 300 s.
    /// * Retries: yes, for up to 25 hours.
    /// * Acknowledge within: 5 s.
    /// * The field `resource` of the body is encrypted (AES-256-GCM) with the APIv3 key. The layer decrypts it
    ///   after it has verified the signature. The handler gets the JSON **with the decrypted resource in the
    ///   place of `resource`** as the body and as [`Delivery::payload`](crate::Delivery::payload).
    ///   [`Delivery::raw`](crate::Delivery::raw) is the body as received.
    wechat_pay -> Result: "wechat-pay", "WeChat Pay (APIv3)",
        "https://pay.weixin.qq.com/docs/merchant/products/notification/introduction.html",
        @by_hand |secrets, profile| WeChatPay::verifier(&secrets, profile),
        secret: Some(SecretFormat::PublicKey),
        profile: |profile| profile
            .with_id(Location::json("/id"))
            .with_event_type(Location::json("/event_type")),
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(24 * 3600 + 4 * 60));
}

struct WeChatPay {
    public_keys: PublicKeys,
    api_keys: Vec<LessSafeKey>,
    profile: Profile,
}

impl WeChatPay {
    fn verifier(secrets: &Secrets, profile: Profile) -> Result<Box<dyn ByHandVerifier>, InvalidSecret> {
        let (mut public_keys, mut api_keys) = (Vec::new(), Vec::new());
        for (index, secret) in secrets.iter().enumerate() {
            match secret.expose_str().and_then(pem) {
                Some(der) => {
                    let der = der.map_err(|error| error.at(index))?;
                    let key = PublicKey::new(KIND, &der, secret.key_id(), index);
                    let key = key.map_err(|error| error.at(index))?;
                    #[cfg(feature = "test-util")]
                    let key = key.with_private_key_of(Some(secret));
                    public_keys.push(key);
                }
                None => api_keys.push(api_key(secret).map_err(|error| error.at(index))?),
            }
        }
        if public_keys.is_empty() || api_keys.is_empty() {
            return Err(InvalidSecret::new("WeChat Pay needs a public key and an APIv3 key"));
        }
        Ok(Box::new(Self { public_keys: PublicKeys::of(KIND, public_keys), api_keys, profile }))
    }

    /// Returns the notification with its decrypted resource.
    fn decrypted(&self, body: &[u8]) -> Result<Bytes, VerifyError> {
        // The parser's errors may quote the body.
        let malformed = || VerifyError::malformed("body is not an encrypted notification");
        let mut notification: BTreeMap<String, Box<RawValue>> =
            serde_json::from_slice(body).map_err(|_| malformed())?;
        let resource = notification.get("resource").ok_or_else(malformed)?;
        let JsonObject(resource): JsonObject<Resource<'_>> =
            serde_json::from_str(resource.get()).map_err(|_| malformed())?;
        if resource.algorithm != "AEAD_AES_256_GCM" {
            return Err(malformed());
        }
        let plain = self.api_keys.iter().find_map(|key| resource.decrypt(key));
        let plain = plain.ok_or(VerifyError::malformed("`resource` cannot be decrypted"))?;
        let plain = RawValue::from_string(plain).map_err(|_| malformed())?;
        notification.insert("resource".to_owned(), plain);
        serde_json::to_vec(&notification).map(Bytes::from).map_err(|_| malformed())
    }
}

fn api_key(secret: &Secret) -> Result<LessSafeKey, InvalidSecret> {
    let key = UnboundKey::new(&AES_256_GCM, secret.expose());
    key.map(LessSafeKey::new).map_err(|_| InvalidSecret::new("APIv3 key is not 32 bytes long"))
}

#[derive(Deserialize)]
struct Resource<'a> {
    #[serde(borrow)]
    algorithm: Cow<'a, str>,
    #[serde(borrow)]
    ciphertext: Cow<'a, str>,
    #[serde(borrow)]
    nonce: Cow<'a, str>,
    #[serde(borrow, default)]
    associated_data: Cow<'a, str>,
}

impl Resource<'_> {
    fn decrypt(&self, key: &LessSafeKey) -> Option<String> {
        let mut text = BASE64.decode(self.ciphertext.as_bytes()).ok()?;
        let nonce = Nonce::try_assume_unique_for_key(self.nonce.as_bytes()).ok()?;
        let aad = Aad::from(self.associated_data.as_bytes());
        let plain = key.open_in_place(nonce, aad, &mut text).ok()?;
        String::from_utf8(plain.to_vec()).ok()
    }
}

impl Verifier for WeChatPay {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> CheckResult<'a> {
        let head = request.head();
        if optional_value(head, &SIGNATURE_TYPE)?.is_some_and(|kind| kind != b"WECHATPAY2-SHA256-RSA2048") {
            return Err(VerifyError::malformed("`wechatpay-signature-type` is not SHA-256 with RSA"));
        }
        let signature = required_value(head, &SIGNATURE)?;
        let (serial, nonce) = (required_value(head, &SERIAL)?, required_value(head, &NONCE)?);
        let timestamp = required_value(head, &TIMESTAMP)?;
        let sent_at = TimeUnit::Seconds.read(timestamp)?;
        let signatures = Signatures::read([signature].into_iter(), Encoding::Base64, KIND)?;
        let is_named = |id: Option<&str>| id.is_none_or(|id| id.as_bytes() == serial);
        let mut message = self.public_keys.begin(signatures, is_named);
        if message.is_empty() {
            return Err(VerifyError::wrong("no secret matches the request's key id"));
        }
        for part in [timestamp, b"\n", nonce, b"\n"] {
            message.update(part);
        }
        check((), Some(sent_at), move |(), body| {
            message.update(body);
            message.update(b"\n");
            let verified = message.conclude()?;
            Ok(verified.with_payload(self.decrypted(body)?))
        })
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}

#[cfg(feature = "test-util")]
impl Signer for WeChatPay {
    fn facts(&self) -> &Profile {
        &self.profile
    }

    fn sign(&self, head: &mut Parts, body: &mut Bytes, at: SystemTime) -> Result<(), CannotSign> {
        let sign = self.public_keys.signer(None)?;
        *body = self.encrypted(body)?;
        let timestamp = TimeUnit::Seconds.write(at)?;
        head.default_header(&TIMESTAMP, || timestamp)?;
        head.default_header(&NONCE, made_up)?;
        head.default_header(&SERIAL, || self.public_keys.first_key_id().unwrap_or("0").to_owned())?;
        let (timestamp, nonce) = (required_value(head, &TIMESTAMP)?, required_value(head, &NONCE)?);
        let message = [timestamp, b"\n", nonce, b"\n", body, b"\n"].concat();
        let signature = sign(&message).ok_or(CannotSign::new("private key does not sign"))?;
        head.write_header(&SIGNATURE, BASE64.encode(&signature))
    }
}

#[cfg(feature = "test-util")]
impl WeChatPay {
    /// Encrypts the resource of a notification, unless it is encrypted.
    fn encrypted(&self, body: &Bytes) -> Result<Bytes, CannotSign> {
        let mut notification = read_json(body)?;
        if notification.pointer("/resource/ciphertext").is_some() {
            return Ok(body.clone());
        }
        let fields = notification.as_object_mut().ok_or(CannotSign::new("body is not a JSON object"))?;
        let mut text = fields.get("resource").unwrap_or(&json!({})).to_string().into_bytes();
        let key = self.api_keys.first().ok_or(CannotSign::new("no secret to encrypt with"))?;
        let nonce: String = made_up().chars().take(12).collect();
        let failed = || CannotSign::new("body cannot be encrypted");
        let unique = Nonce::try_assume_unique_for_key(nonce.as_bytes()).map_err(|_| failed())?;
        key.seal_in_place_append_tag(unique, Aad::empty(), &mut text).map_err(|_| failed())?;
        let resource = json!({
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": BASE64.encode(&text),
            "nonce": nonce,
            "associated_data": "",
        });
        fields.insert("resource".to_owned(), resource);
        Ok(notification.to_string().into())
    }
}
