//! The text of a token, and what it claims.

use std::time::{Duration, SystemTime};

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, Header, decode_header};
use serde_json::{Map, Value};

use super::{BodyClaim, Rules};
use crate::verify::VerifyError;

/// A token in its compact form, of which nothing is believed yet.
pub(super) struct ParsedToken<'t> {
    pub(super) header: Header,
    /// All before the last dot: what is signed, or the beginning of it where the body is the payload.
    pub(super) signed: &'t str,
    payload: &'t str,
    pub(super) signature: &'t str,
}

impl<'t> ParsedToken<'t> {
    /// Longer ones are not looked at.
    const LONGEST: usize = 8 * 1024;

    /// Takes it apart, and refuses what the provider's tokens are not.
    pub(super) fn read(text: &'t [u8], rules: &Rules) -> Result<Self, VerifyError> {
        let malformed = || VerifyError::malformed("it is not a token in three parts");
        let text = std::str::from_utf8(text).ok().filter(|text| text.len() <= Self::LONGEST);
        let text = text.ok_or_else(malformed)?;
        let (signed, signature) = text.rsplit_once('.').ok_or_else(malformed)?;
        let (protected, payload) = signed.split_once('.').ok_or_else(malformed)?;
        if payload.contains('.') || protected.is_empty() {
            return Err(malformed());
        }
        // An algorithm that there is none of, such as `none`, ends here; one that is not the provider's
        // ends where its key is looked for, because there is none.
        let header =
            decode_header(text).map_err(|_| VerifyError::malformed("the token's header cannot be read"))?;
        let token = Self { header, signed, payload, signature };
        let detached = rules.payload == BodyClaim::Body;
        if payload.is_empty() != detached || !token.is_understood(detached) {
            return Err(VerifyError::malformed("the token is of a kind that the provider does not send"));
        }
        Ok(token)
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.header.alg
    }

    /// Whether nothing is critical but, where the payload is the body, that it is not encoded.
    fn is_understood(&self, detached: bool) -> bool {
        let critical = self.header.crit.as_deref().unwrap_or_default();
        let encoded = self.header.extras.get::<bool>("b64");
        match detached {
            true => critical == ["b64"] && matches!(encoded, Ok(Some(false))),
            false => self.header.crit.is_none() && matches!(encoded, Ok(None)),
        }
    }

    /// What it claims. Only to be asked once its signature was found to be right.
    pub(super) fn claims(&self) -> Result<TokenClaims, VerifyError> {
        let json = BASE64URL_NOPAD.decode(self.payload.as_bytes()).ok();
        let claims = json.and_then(|json| serde_json::from_slice(&json).ok());
        claims.map(TokenClaims).ok_or(VerifyError::malformed("the token's claims cannot be read"))
    }
}

/// What a token claims.
pub(super) struct TokenClaims(Map<String, Value>);

impl TokenClaims {
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A claim that is text, if it is there.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A time, if it is there.
    pub(super) fn time(&self, name: &str) -> Result<Option<SystemTime>, VerifyError> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let since = value.as_u64().map(Duration::from_secs);
        // Fractions of a second are allowed, and of no use to anybody.
        let since = since.or_else(|| Duration::try_from_secs_f64(value.as_f64()?).ok());
        let time = since.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
        time.map(Some).ok_or_else(|| VerifyError::malformed(format!("the token's `{name}` is no time")))
    }

    /// Judges `nbf` and `exp`, each if it is there.
    pub(super) fn judge(&self, now: SystemTime, leeway: Duration) -> Result<(), VerifyError> {
        if let Some(expiry) = self.time("exp")?
            && let Ok(past) = now.duration_since(expiry)
            && past >= leeway
        {
            return Err(VerifyError::stale(past, false, leeway));
        }
        if let Some(beginning) = self.time("nbf")?
            && let Ok(ahead) = beginning.duration_since(now)
            && ahead > leeway
        {
            return Err(VerifyError::stale(ahead, true, leeway));
        }
        Ok(())
    }
}
