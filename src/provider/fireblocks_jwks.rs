use std::time::Duration;

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    signature::RsaPublicKeyComponents,
};
use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, de::IgnoredAny};

use super::{
    Facts, Provider,
    fetched::{finish_listed, text_header},
};
use crate::{
    InvalidSecret,
    verify::{
        Check, Encoding, Fetch, Finish, KeyCache, KeyList, Location, Profile, PublicKind, RequestContext,
        Signatures, SignedMessage, Verifier, VerifyError,
    },
};

/// Creates a verifier for Fireblocks (v2, fetched keys).
///
/// * Signature: RSA-SHA512 signature of the body, as a detached JSON Web Signature (RS512) in
///   `fireblocks-webhook-signature`.
/// * Signed content: `{header}.{base64url of the body}`, where the header is the first part of the
///   signature.
/// * Delivery id: `body:/id`, signed.
/// * Event type: `body:/eventType`, signed.
/// * Retries: yes, for up to 8 hours.
/// * Key: the key `kid` in the JSON Web Key Set at `https://keys.fireblocks.io/.well-known/jwks.json`. For
///   other environments, call [`eu`](FireblocksJwks::eu), [`eu2`](FireblocksJwks::eu2) or
///   [`sandbox`](FireblocksJwks::sandbox). The `kid` only selects from this set; it never becomes part of a
///   URL. See [`Fetch`] for the caching of keys. To configure the keys instead, use
///   [`fireblocks_v2`](super::fireblocks_v2()).
/// * [Shared secret](crate::verify::Profile::shared_secret): Fireblocks signs with one key for all
///   customers, and each webhook gets the event with the same id.
///
/// [`find`](super::find) returns this provider, but [`Provider::verifier`] returns an error for it. See
/// [`adobe_io`](super::adobe_io()) for an example.
///
/// Source: [Fireblocks](https://developers.fireblocks.com/reference/validating-webhooks).
pub fn fireblocks_jwks(fetch: impl Fetch) -> FireblocksJwks {
    FireblocksJwks {
        keys: KeyCache::reading(key_set, fetch),
        url: "https://keys.fireblocks.io/.well-known/jwks.json",
        profile: ROW.profile(),
    }
}

pub(super) static ALL: &[&Provider] = &[&ROW];

static ROW: Provider = Provider::fetched(
    "fireblocks-jwks",
    "fireblocks_jwks",
    "Fireblocks (v2, fetched keys)",
    "https://developers.fireblocks.com/reference/validating-webhooks",
    "fetch",
    Facts {
        profile: |profile| {
            profile.with_id(Location::json("/id")).with_event_type(Location::json("/eventType"))
        },
        shared_secret: true,
        retries: Some(true),
        retry_period: Some(Duration::from_secs(8 * 3600)),
        ..Facts::NONE
    },
);

/// The verifier that [`fireblocks_jwks`] returns.
#[derive(Debug)]
pub struct FireblocksJwks {
    keys: KeyCache<KeyList>,
    url: &'static str,
    profile: Profile,
}

impl FireblocksJwks {
    /// Uses the keys of the environment EU.
    #[must_use]
    pub fn eu(mut self) -> Self {
        self.url = "https://eu-keys.fireblocks.io/.well-known/jwks.json";
        self
    }

    /// Uses the keys of the environment EU2.
    #[must_use]
    pub fn eu2(mut self) -> Self {
        self.url = "https://eu2-keys.fireblocks.io/.well-known/jwks.json";
        self
    }

    /// Accepts only webhooks of the developer sandbox.
    #[must_use]
    pub fn sandbox(mut self) -> Self {
        self.url = "https://sandbox-keys.fireblocks.io/.well-known/jwks.json";
        self
    }
}

const KIND: PublicKind = PublicKind::RsaSha512;

const ALGORITHM: &str = "RS512";

impl Verifier for FireblocksJwks {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let text = text_header(&request.head().headers, "fireblocks-webhook-signature")?;
        let parts: Vec<_> = text.splitn(4, '.').collect();
        let [header, "", signature] = *parts else {
            return Err(VerifyError::malformed(
                "`Fireblocks-Webhook-Signature` is not a JSON Web Signature without a payload",
            ));
        };
        Ok(Box::new(JwsCheck {
            fireblocks: self,
            header,
            key_id: JwsHeader::read(header)?.kid,
            signatures: Signatures::read([signature.as_bytes()].into_iter(), Encoding::Base64Url, KIND)?,
        }))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}

/// The protected header of a JSON Web Signature.
#[derive(Deserialize)]
struct JwsHeader {
    alg: String,
    kid: String,
    b64: Option<IgnoredAny>,
    crit: Option<IgnoredAny>,
}

impl JwsHeader {
    fn read(text: &str) -> Result<Self, VerifyError> {
        /// The maximum length. A usual header has about 80 characters.
        const LONGEST: usize = 2048;
        let json = (text.len() <= LONGEST).then(|| BASE64URL_NOPAD.decode(text.as_bytes()).ok()).flatten();
        // Discards the parser's error, which may quote the header.
        let header = json.and_then(|json| serde_json::from_slice::<Self>(&json).ok());
        // `b64` and `crit` would change the signed content.
        let header =
            header.filter(|header| header.alg == ALGORITHM && header.b64.is_none() && header.crit.is_none());
        header.ok_or(VerifyError::malformed(
            "header of `Fireblocks-Webhook-Signature` is not that of an RS512 signature with a `kid`",
        ))
    }
}

struct JwsCheck<'a> {
    fireblocks: &'a FireblocksJwks,
    header: &'a str,
    key_id: String,
    signatures: Signatures,
}

impl Check for JwsCheck<'_> {
    fn update(&mut self, _: &[u8]) {}

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        let Self { fireblocks: FireblocksJwks { keys, url, .. }, header, key_id, signatures } = *self;
        let (header, body) = (header.to_owned(), body.clone());
        finish_listed(keys, url, &key_id, signatures, move |message| write(message, &header, &body))
    }
}

/// Adds the signed content to `message`.
fn write(message: &mut SignedMessage<'_>, header: &str, body: &[u8]) {
    /// The length of a part of the body. It is a multiple of 3, so that the encoded parts can be concatenated.
    const PART: usize = 3 * 1024;
    message.update(header.as_bytes());
    message.update(b".");
    for part in body.chunks(PART) {
        message.update(BASE64URL_NOPAD.encode(part).as_bytes());
    }
}

/// Parses a JSON Web Key Set. Skips keys that are not for RS512 signatures.
fn key_set(page: &[u8]) -> Result<KeyList, InvalidSecret> {
    #[derive(Deserialize)]
    struct KeySet {
        keys: Vec<Jwk>,
    }
    #[derive(Deserialize)]
    struct Jwk {
        kty: String,
        kid: Option<Box<str>>,
        #[serde(rename = "use")]
        usage: Option<String>,
        alg: Option<String>,
        n: Option<String>,
        e: Option<String>,
    }
    let set: KeySet = serde_json::from_slice(page)
        .map_err(|_| InvalidSecret::new("fetched response is not a JSON Web Key Set"))?;
    let number = |text: Option<String>| BASE64URL_NOPAD.decode(text?.as_bytes()).ok();
    let key = |key: Jwk| {
        let is_for = |only: Option<String>, value: &str| only.is_none_or(|only| only == value);
        let fits = key.kty == "RSA" && is_for(key.usage, "sig") && is_for(key.alg, ALGORITHM);
        let numbers = RsaPublicKeyComponents { n: number(key.n)?, e: number(key.e)? };
        let der: PublicKeyX509Der<'_> = numbers.as_der().ok()?;
        fits.then_some((key.kid?, der.as_ref().to_vec()))
    };
    KeyList::new(KIND, set.keys.into_iter().filter_map(key))
}
