//! Bearer tokens that are signed with the keys of a published key set. They do not cover the body.

use std::{
    borrow::Cow,
    fmt,
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::{header, request::Parts};

use super::{
    key_set::{ALGORITHM, Endorsements, KIND, KeyLimits, KeySet},
    token::{ParsedToken, TokenClaims},
};
use crate::verify::{
    Encoding, Fetch, Finish, Found, KeyCache, RequestContext, Signatures, Verified, VerifyError, fetched,
    fingerprint, single_header,
};

/// The tolerance of `exp` and `nbf`, which Microsoft's documentation calls the industry standard. Google's
/// libraries have the same tolerance.
const LEEWAY: Duration = Duration::from_secs(300);

/// The rules by which a provider issues its tokens.
#[derive(Clone, Debug)]
pub(crate) struct BearerRules {
    /// The accepted issuers. The token's `iss` must be one of them.
    pub(crate) issuers: Vec<TokenIssuer>,
    /// The only accepted audience, `aud`.
    pub(crate) audience: Box<str>,
    pub(crate) claims: Vec<ClaimRule>,
    /// The accepted values of a key's `issuer`, for a provider whose keys can have one. Empty if it is ignored.
    pub(crate) key_issuers: Arc<[Box<str>]>,
}

/// An issuer, and the URL of its key set. Neither is taken from a token.
#[derive(Clone, Debug)]
pub(crate) struct TokenIssuer {
    pub(crate) name: Cow<'static, str>,
    pub(crate) keys: Cow<'static, str>,
}

/// A condition on a claim.
#[derive(Clone, Debug)]
pub(crate) enum ClaimRule {
    /// At least one of these claims is present, and all that are present have this text.
    Text(&'static [&'static str], Box<str>),
    /// The claim is `true`.
    True(&'static str),
    /// The claim is absent, or has this text.
    AbsentOr(&'static str, &'static str),
    /// The claim is absent.
    Absent(&'static str),
}

impl BearerRules {
    /// Checks the claims, and returns the issuer.
    fn judge(&self, claims: &TokenClaims, now: SystemTime) -> Result<&TokenIssuer, VerifyError> {
        let named = claims.text("iss");
        let issuer = self.issuers.iter().find(|issuer| named == Some(&*issuer.name));
        let issuer = issuer.ok_or_else(|| mismatch("iss"))?;
        // A list of audiences is rejected: the providers send one.
        if claims.text("aud") != Some(&*self.audience) {
            return Err(mismatch("aud"));
        }
        self.claims.iter().try_for_each(|rule| rule.judge(claims))?;
        if !claims.has("exp") {
            return Err(missing("exp"));
        }
        claims.judge(now, LEEWAY)?;
        Ok(issuer)
    }

    /// Returns a text that identifies the rules, from which the deduplication scope is derived. It does not
    /// depend on the keys, so that the scope stays the same when the provider changes its keys.
    fn scope(&self) -> String {
        let claims = self.claims.iter().filter_map(|rule| match rule {
            ClaimRule::Text(_, text) => Some(&**text),
            ClaimRule::True(_) | ClaimRule::AbsentOr(..) | ClaimRule::Absent(_) => None,
        });
        [&*self.audience].into_iter().chain(claims).collect::<Vec<_>>().join("\n")
    }
}

impl ClaimRule {
    fn judge(&self, claims: &TokenClaims) -> Result<(), VerifyError> {
        match self {
            Self::Text(names, text) => {
                let present: Vec<_> = names.iter().filter(|name| claims.has(name)).collect();
                match present.iter().find(|name| claims.text(name) != Some(&**text)) {
                    Some(name) => Err(mismatch(name)),
                    None if present.is_empty() => Err(missing(&names.join("` or `"))),
                    None => Ok(()),
                }
            }
            Self::True(name) if claims.is_true(name) => Ok(()),
            Self::AbsentOr(name, text) if !claims.has(name) || claims.text(name) == Some(text) => Ok(()),
            Self::Absent(name) if !claims.has(name) => Ok(()),
            Self::True(name) | Self::AbsentOr(name, _) | Self::Absent(name) => Err(mismatch(name)),
        }
    }
}

fn missing(name: &str) -> VerifyError {
    VerifyError::malformed(format!("token has no `{name}`"))
}

fn mismatch(claim: &str) -> VerifyError {
    VerifyError::wrong(format!("token's `{claim}` does not match"))
}

/// The verification of a provider's bearer tokens.
pub(crate) struct BearerTokens {
    keys: KeyCache<KeySet>,
    rules: BearerRules,
}

impl BearerTokens {
    pub(crate) fn new(rules: BearerRules, fetch: impl Fetch) -> Self {
        Self { keys: KeyCache::reading(KeySet::read, fetch), rules }
    }

    pub(crate) fn rules(&self) -> &BearerRules {
        &self.rules
    }

    /// Replaces the rules.
    pub(crate) fn with_rules(mut self, rules: BearerRules) -> Self {
        self.rules = rules;
        self
    }

    /// Verifies the token of a request, or begins to fetch its key.
    ///
    /// The claims are checked before the signature, so that a forged token causes a fetch only if it is made
    /// for this endpoint.
    pub(crate) fn begin<'a>(&'a self, request: &RequestContext<'_>) -> Result<BearerCheck<'a>, VerifyError> {
        let token = ParsedToken::read(bearer(request.head())?, false)?;
        if token.algorithm() != ALGORITHM {
            return Err(VerifyError::malformed("token's `alg` is not used by the provider"));
        }
        let key_id = token.header.kid.as_deref().ok_or_else(|| missing("kid"))?;
        let signatures = [token.signature.as_bytes()].into_iter();
        let signatures = Signatures::read(signatures, Encoding::Base64Url, KIND)?;
        let claims = token.claims()?;
        let url = &*self.rules.judge(&claims, request.now())?.keys;
        let sent_at = claims.time("iat")?.or(claims.time("nbf")?);
        let progress = match self.keys.find(url, |set| set.has(key_id))? {
            Found::Key(set) => {
                let verify = |set: &KeySet| set.verify(key_id, token.signed, signatures);
                Progress::Verified(self.keys.judge(url, &set, verify)?)
            }
            Found::Pending(pending) => {
                let (key_id, signed) = (key_id.to_owned(), token.signed.to_owned());
                let (keys, url) = (self.keys.clone(), url.to_owned());
                Progress::Pending(Box::pin(async move {
                    let set = fetched(pending).await?;
                    keys.judge(&url, &set, |set| set.verify(&key_id, &signed, signatures))
                }))
            }
        };
        Ok(BearerCheck { tokens: self, claims, sent_at, progress })
    }
}

impl fmt::Debug for BearerTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerTokens").field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// Returns the token after `Bearer`.
fn bearer(head: &Parts) -> Result<&[u8], VerifyError> {
    let value = single_header(&head.headers, &header::AUTHORIZATION)?.as_bytes();
    match value.split_at_checked(7) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"bearer ") => Ok(token.trim_ascii()),
        _ => Err(VerifyError::malformed("`authorization` is not a bearer token")),
    }
}

type Signed = (Verified, KeyLimits);

type Pending = Pin<Box<dyn Future<Output = Result<Signed, VerifyError>> + Send>>;

enum Progress {
    Verified(Signed),
    Pending(Pending),
}

/// The verification of a token: finished, or waiting for its key.
pub(crate) struct BearerCheck<'a> {
    tokens: &'a BearerTokens,
    claims: TokenClaims,
    sent_at: Option<SystemTime>,
    progress: Progress,
}

/// A token with a valid signature and valid claims.
pub(crate) struct VerifiedToken {
    /// The facts about the request, with a fingerprint of the rules.
    pub(crate) verified: Verified,
    scope: String,
    pub(crate) endorsements: Endorsements,
    claims: TokenClaims,
}

impl VerifiedToken {
    /// Returns a claim that must be present as text.
    pub(crate) fn text(&self, claim: &str) -> Result<&str, VerifyError> {
        self.claims.text(claim).ok_or_else(|| missing(claim))
    }

    /// Returns the facts with a fingerprint that also depends on `part`.
    pub(crate) fn scoped_by(self, part: &str) -> Verified {
        let scope = format!("{}\n{part}", self.scope);
        self.verified.with_fingerprint(fingerprint(scope.as_bytes()))
    }
}

impl BearerCheck<'_> {
    /// Returns the time at which the token was issued.
    pub(crate) fn sent_at(&self) -> Option<SystemTime> {
        self.sent_at
    }

    /// Finishes the verification with `then`, which is called only if the token is valid.
    pub(crate) fn finish<T>(self, then: T) -> Finish
    where
        T: FnOnce(VerifiedToken) -> Result<Verified, VerifyError> + Send + 'static,
    {
        let Self { tokens, claims, sent_at, progress } = self;
        let scope = tokens.rules.scope();
        let key_issuers = Arc::clone(&tokens.rules.key_issuers);
        let conclude = move |(verified, KeyLimits { endorsements, issuer }): Signed| {
            let is_accepted = |issuer: &str| key_issuers.iter().any(|accepted| **accepted == *issuer);
            if !key_issuers.is_empty() && !issuer.as_deref().is_none_or(is_accepted) {
                return Err(VerifyError::wrong("token's key belongs to another issuer"));
            }
            let mut verified = verified.with_fingerprint(fingerprint(scope.as_bytes()));
            verified.timestamp = sent_at;
            then(VerifiedToken { verified, scope, endorsements, claims })
        };
        match progress {
            Progress::Verified(signed) => conclude(signed).into(),
            Progress::Pending(pending) => Finish::later(async move { conclude(pending.await?) }),
        }
    }
}
