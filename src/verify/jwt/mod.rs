//! Providers that sign with a JSON Web Token, which usually contains the body's digest as a claim.
//!
//! This module uses the `jsonwebtoken` crate's header, algorithms and key formats, but not its `decode`. That
//! function reads the system clock and takes its cryptography from a process-wide setting. Here the layer's
//! clock counts, and the choice of cryptography stays local.

mod bearer;
mod detached;
mod key_set;
mod keys;
#[cfg(feature = "test-util")]
mod sign;
mod token;
mod whole_body;

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use http::{HeaderName, header, request::Parts};
pub(crate) use jsonwebtoken::Algorithm;
use sha2::{Digest, Sha256};

pub use self::detached::{DetachedJws, DetachedJwsVerifier, JwsAlgorithm};
pub(crate) use self::{
    bearer::{BearerCheck, BearerRules, BearerTokens, ClaimRule, TokenIssuer, VerifiedToken},
    keys::KeyText,
    token::TokenClaims,
    whole_body::{BodyTokenRules, BodyTokenVerifier},
};
use self::{
    keys::{SignedToken, TokenKeys},
    token::ParsedToken,
};
use super::{
    Check, Encoding, Finish, Profile, RequestContext, Verified, Verifier, VerifyError, called_url,
    constant_time_eq, digest, single_header,
};
#[cfg(feature = "test-util")]
use crate::verify::signing::{CannotSign, Signer};
use crate::{InvalidSecret, Secrets};

/// The rules by which a provider signs with a token.
pub(crate) struct Rules {
    /// The header that holds the token. For `authorization`, an optional `Bearer ` prefix is removed.
    pub(crate) header: HeaderName,
    /// The only algorithms that are accepted, whatever the token's header contains.
    pub(crate) algorithms: &'static [Algorithm],
    pub(crate) keys: KeyText,
    pub(crate) issuer: Issuer,
    pub(crate) url: UrlClaim,
    pub(crate) payload: BodyClaim,
    /// Claims that are required.
    pub(crate) requires: &'static [&'static str],
    /// The tolerance of `exp` and `nbf`.
    pub(crate) leeway: Duration,
    /// `true` if `jti` is the delivery id.
    pub(crate) jti_is_id: bool,
    /// `true` if the provider writes `Bearer` before the token.
    #[cfg(feature = "test-util")]
    pub(crate) bearer: bool,
}

/// The required issuer, `iss`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Issuer {
    Any,
    Named(&'static str),
    /// The key id of the secret that matched, if it has one.
    KeyId,
}

/// The claim that holds the URL of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UrlClaim {
    No,
    Itself(&'static str),
    Sha256Hex(&'static str),
}

/// The way in which the token covers the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyClaim {
    /// The claim holds the body's SHA-256 in this encoding.
    Sha256(&'static str, Encoding, Presence),
    /// The body is the token's payload, which the token omits (detached).
    Body,
    /// The token does not cover the body: an attacker who captures a token can send it with any body.
    Unsigned,
}

/// The condition under which the body's digest is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Always,
    /// Required unless the body is empty.
    WithBody,
    /// Optional, but must be valid if present.
    Optional,
}

pub(crate) struct TokenVerifier {
    rules: Rules,
    keys: TokenKeys,
    key_ids: Vec<Option<Box<str>>>,
    profile: Profile,
}

impl TokenVerifier {
    pub(crate) fn new(rules: Rules, profile: Profile, secrets: &Secrets) -> Result<Self, InvalidSecret> {
        let keys = TokenKeys::read(secrets, rules.keys, rules.algorithms)?;
        let key_ids = secrets.iter().map(|secret| secret.key_id().map(Into::into)).collect();
        Ok(Self { rules, keys, key_ids, profile })
    }

    /// Returns the token's text. It is an error if the header is missing, or is repeated with another value.
    fn text<'h>(&self, head: &'h Parts) -> Result<&'h [u8], VerifyError> {
        let name = &self.rules.header;
        let text = single_header(&head.headers, name)?.as_bytes();
        Ok(match text.split_at_checked(7) {
            Some((scheme, rest))
                if *name == header::AUTHORIZATION && scheme.eq_ignore_ascii_case(b"bearer ") =>
            {
                rest.trim_ascii()
            }
            _ => text,
        })
    }

    /// Checks the claims of a token with a valid signature, except for those about the body.
    fn judge(
        &self,
        claims: &TokenClaims,
        request: &RequestContext<'_>,
        key: usize,
    ) -> Result<(), VerifyError> {
        let rules = &self.rules;
        let issuer = match rules.issuer {
            Issuer::Any => None,
            Issuer::Named(name) => Some(name),
            Issuer::KeyId => self.key_ids.get(key).and_then(|name| name.as_deref()),
        };
        if issuer.is_some_and(|issuer| claims.text("iss") != Some(issuer)) {
            return Err(VerifyError::wrong("token's `iss` does not match"));
        }
        let url_is_right = match rules.url {
            UrlClaim::No => true,
            UrlClaim::Itself(name) => {
                let called = called_url(request)?;
                claims.text(name).is_some_and(|url| constant_time_eq(url.as_bytes(), called.as_bytes()))
            }
            UrlClaim::Sha256Hex(name) => {
                let digest = digest(called_url(request)?.as_bytes());
                claims
                    .text(name)
                    .and_then(|text| digest_of(text, Encoding::Hex))
                    .is_some_and(|expected| constant_time_eq(&expected, &digest))
            }
        };
        if !url_is_right {
            return Err(VerifyError::wrong("token does not match the request's URL"));
        }
        for name in rules.requires {
            if !claims.has(name) {
                return Err(VerifyError::malformed(format!("token has no `{name}`")));
            }
        }
        claims.judge(request.now(), rules.leeway)
    }
}

impl Verifier for TokenVerifier {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let token = ParsedToken::read(self.text(request.head())?, self.rules.payload == BodyClaim::Body)?;
        let key_id = token.header.kid.as_deref();
        let mut signed = self.keys.begin(token.algorithm(), key_id, token.signature.as_bytes())?;
        signed.update(token.signed.as_bytes());
        if self.rules.payload == BodyClaim::Body {
            // The signed text so far ends with the dot before the payload; the body follows.
            return Ok(Box::new(BodyCheck { signed }));
        }
        let mut verified = signed.verify()?;
        let claims = token.claims()?;
        self.judge(&claims, request, verified.secret_index)?;
        let sent_at = claims.time("iat")?.or(claims.time("nbf")?);
        if self.rules.jti_is_id
            && let Some(id) = claims.text("jti")
        {
            verified = verified.with_id(id);
        }
        if let Some(sent_at) = sent_at {
            verified = verified.with_timestamp(sent_at);
        }
        let BodyClaim::Sha256(name, encoding, presence) = self.rules.payload else {
            return Ok(Box::new(TokenCheck { verified }));
        };
        let expected = match claims.text(name) {
            None => None,
            Some(text) => Some(digest_of(text, encoding).ok_or_else(|| {
                VerifyError::malformed(format!("token's `{name}` is not a SHA-256 digest"))
            })?),
        };
        Ok(Box::new(DigestCheck { digest: Sha256::new(), expected, presence, verified }))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}

#[cfg(feature = "test-util")]
impl Signer for TokenVerifier {
    fn facts(&self) -> &Profile {
        &self.profile
    }

    fn sign(&self, head: &mut Parts, body: &mut Bytes, at: SystemTime) -> Result<(), CannotSign> {
        self.sign_token(head, body, at)
    }
}

/// A verified token that contains the body's digest.
struct DigestCheck {
    digest: Sha256,
    expected: Option<[u8; 32]>,
    presence: Presence,
    verified: Verified,
}

impl Check for DigestCheck {
    fn timestamp(&self) -> Option<SystemTime> {
        self.verified.timestamp
    }

    fn update(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
    }

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        let is_right = match self.expected {
            Some(expected) => constant_time_eq(&expected, &self.digest.finalize()),
            None => match self.presence {
                Presence::Always => false,
                Presence::WithBody => body.is_empty(),
                Presence::Optional => true,
            },
        };
        is_right.then_some(self.verified).ok_or(VerifyError::wrong("token does not match the body")).into()
    }
}

/// A verified token that does not cover the body.
struct TokenCheck {
    verified: Verified,
}

impl Check for TokenCheck {
    fn timestamp(&self) -> Option<SystemTime> {
        self.verified.timestamp
    }

    fn update(&mut self, _: &[u8]) {}

    fn finish(self: Box<Self>, _: &Bytes) -> Finish {
        Ok(self.verified).into()
    }
}

/// A token whose payload is the body.
struct BodyCheck<'a> {
    signed: SignedToken<'a>,
}

impl Check for BodyCheck<'_> {
    fn update(&mut self, bytes: &[u8]) {
        self.signed.update(bytes);
    }

    fn finish(self: Box<Self>, _: &Bytes) -> Finish {
        self.signed.verify().into()
    }
}

/// Parses a SHA-256 written as text; base64 may lack its padding.
fn digest_of(text: &str, encoding: Encoding) -> Option<[u8; 32]> {
    let encoding = match encoding {
        Encoding::Hex => HEXLOWER_PERMISSIVE,
        Encoding::Base64 => BASE64_NOPAD,
        Encoding::Base64Url => BASE64URL_NOPAD,
    };
    encoding.decode(text.trim_end_matches('=').as_bytes()).ok()?.try_into().ok()
}
