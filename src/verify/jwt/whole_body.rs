//! Providers whose body is a token, with the event in its claims.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
#[cfg(feature = "test-util")]
use data_encoding::BASE64URL_NOPAD;
#[cfg(feature = "test-util")]
use http::request::Parts;
#[cfg(feature = "test-util")]
use serde_json::{Map, Value, json};

use super::{Algorithm, KeyText, ParsedToken, TokenClaims, keys::TokenKeys};
#[cfg(feature = "test-util")]
use crate::verify::signing::{CannotSign, Signer};
use crate::{
    InvalidSecret, Secrets,
    verify::{Check, Finish, Profile, RequestContext, Verified, Verifier, VerifyError},
};

/// The rules by which a provider sends a token as the body.
pub(crate) struct BodyTokenRules {
    /// The only algorithms that are accepted, whatever the token's header contains.
    pub(crate) algorithms: &'static [Algorithm],
    pub(crate) keys: KeyText,
    /// The tolerance of `exp` and `nbf`.
    pub(crate) leeway: Duration,
    /// Adds the payload and other facts that are in the claims.
    pub(crate) read: fn(&TokenClaims, Verified) -> Result<Verified, VerifyError>,
    /// Returns the claims for a payload, without those about time.
    #[cfg(feature = "test-util")]
    pub(crate) claims: fn(&Bytes) -> Result<Map<String, Value>, CannotSign>,
}

pub(crate) struct BodyTokenVerifier {
    rules: BodyTokenRules,
    keys: TokenKeys,
    profile: Profile,
}

impl BodyTokenVerifier {
    pub(crate) fn new(
        rules: BodyTokenRules,
        profile: Profile,
        secrets: &Secrets,
    ) -> Result<Self, InvalidSecret> {
        Ok(Self { keys: TokenKeys::read(secrets, rules.keys, rules.algorithms)?, rules, profile })
    }

    fn verify(&self, body: &[u8], now: SystemTime) -> Result<Verified, VerifyError> {
        if body.is_empty() {
            return Err(VerifyError::missing("body is empty, instead of a token"));
        }
        let token = ParsedToken::read_any_length(body, false)?;
        let key_id = token.header.kid.as_deref();
        let mut signed = self.keys.begin(token.algorithm(), key_id, token.signature.as_bytes())?;
        signed.update(token.signed.as_bytes());
        let verified = signed.verify()?;
        let claims = token.claims()?;
        claims.judge(now, self.rules.leeway)?;
        let verified = match claims.time("iat")? {
            Some(sent_at) => verified.with_timestamp(sent_at),
            None => verified,
        };
        (self.rules.read)(&claims, verified)
    }
}

impl Verifier for BodyTokenVerifier {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        Ok(Box::new(BodyTokenCheck { verifier: self, now: request.now() }))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}

struct BodyTokenCheck<'a> {
    verifier: &'a BodyTokenVerifier,
    now: SystemTime,
}

impl Check for BodyTokenCheck<'_> {
    fn update(&mut self, _: &[u8]) {}

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        self.verifier.verify(body, self.now).into()
    }
}

#[cfg(feature = "test-util")]
impl Signer for BodyTokenVerifier {
    fn facts(&self) -> &Profile {
        &self.profile
    }

    fn sign(&self, _: &mut Parts, body: &mut Bytes, at: SystemTime) -> Result<(), CannotSign> {
        /// The lifetime of a token.
        const LIFE: Duration = Duration::from_secs(300);
        let (algorithm, sign) = self.keys.private_key()?;
        let mut claims = (self.rules.claims)(body)?;
        let since = at.duration_since(SystemTime::UNIX_EPOCH);
        let since = since.map_err(|_| CannotSign::new("time is before 1970"))?;
        claims.insert("iat".to_owned(), since.as_secs().into());
        claims.insert("exp".to_owned(), (since + LIFE).as_secs().into());
        let part = |json: &Value| BASE64URL_NOPAD.encode(json.to_string().as_bytes());
        let signed = format!("{}.{}", part(&json!({"alg": algorithm})), part(&Value::Object(claims)));
        let signature = sign(signed.as_bytes()).ok_or(CannotSign::new("private key does not sign"))?;
        *body = format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature)).into();
        Ok(())
    }
}
