//! Signing with a token, for providers whose key is a secret.

use std::time::{Duration, SystemTime};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use http::request::Parts;
use serde_json::{Map, Value, json};

use super::{BodyClaim, Issuer, TokenVerifier, UrlClaim};
use crate::verify::{
    Encoding, RequestContext, called_url, digest,
    signing::{CannotSign, Write, made_up},
};

impl TokenVerifier {
    pub(super) fn sign_token(&self, head: &mut Parts, body: &[u8], at: SystemTime) -> Result<(), CannotSign> {
        let (algorithm, keys) = self.keys.secrets().ok_or_else(CannotSign::public_key)?;
        let header = json!({"alg": algorithm, "typ": "JWT"});
        let claims = Value::Object(self.claims(head, body, at)?);
        let part = |json: &Value| BASE64URL_NOPAD.encode(json.to_string().as_bytes());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let mut macs = keys.signer(None)?;
        macs.update(signed.as_bytes());
        let token = format!("{signed}.{}", macs.signature(Encoding::Base64Url));
        let scheme = if self.rules.bearer { "Bearer " } else { "" };
        head.write_header(&self.rules.header, format!("{scheme}{token}"))
    }

    /// Returns the claims of the request's token, as the provider sets them.
    fn claims(&self, head: &Parts, body: &[u8], at: SystemTime) -> Result<Map<String, Value>, CannotSign> {
        /// The shortest lifetime of a token at any provider.
        const LIFE: Duration = Duration::from_secs(60);
        let rules = &self.rules;
        let mut claims = Map::new();
        let mut claim = |name: &str, value: Value| claims.insert(name.to_owned(), value);

        let since = at.duration_since(SystemTime::UNIX_EPOCH);
        let since = since.map_err(|_| CannotSign::new("time is before 1970"))?;
        claim("iat", since.as_secs().into());
        if rules.requires.contains(&"nbf") {
            claim("nbf", since.as_secs().into());
        }
        if rules.requires.contains(&"exp") {
            claim("exp", (since + LIFE).as_secs().into());
        }
        claim("jti", made_up().into());
        match (rules.issuer, self.key_ids.first()) {
            (Issuer::Named(name), _) => drop(claim("iss", name.into())),
            (Issuer::KeyId, Some(Some(name))) => drop(claim("iss", (**name).into())),
            (Issuer::KeyId | Issuer::Any, _) => {}
        }
        match rules.url {
            UrlClaim::No => {}
            UrlClaim::Itself(name) => {
                drop(claim(name, called_url(&RequestContext::received(head, at))?.into()))
            }
            UrlClaim::Sha256Hex(name) => drop(claim(
                name,
                HEXLOWER.encode(&digest(called_url(&RequestContext::received(head, at))?.as_bytes())).into(),
            )),
        }
        match rules.payload {
            BodyClaim::Sha256(name, encoding, _) => drop(claim(name, encoding.encode(&digest(body)).into())),
            BodyClaim::Unsigned => {}
            // Only providers that sign with a private key use the body as the payload.
            BodyClaim::Body => return Err(CannotSign::public_key()),
        }
        Ok(claims)
    }
}
