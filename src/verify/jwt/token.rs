//! The text of a token and its claims.

use std::time::{Duration, SystemTime};

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, Header, decode_header};
use serde_json::{Map, Value};

use crate::verify::VerifyError;

/// A token in its compact form, not verified yet.
pub(super) struct ParsedToken<'t> {
    pub(super) header: Header,
    /// The text before the last dot, which is signed. If the body is the payload, the body follows this text.
    pub(super) signed: &'t str,
    payload: &'t str,
    pub(super) signature: &'t str,
}

impl<'t> ParsedToken<'t> {
    /// The maximum length of a token in bytes.
    const LONGEST: usize = 8 * 1024;

    /// Parses a token in a header, and rejects a form of token that the provider does not send. If `detached`, the
    /// token omits its payload.
    pub(super) fn read(text: &'t [u8], detached: bool) -> Result<Self, VerifyError> {
        match text.len() <= Self::LONGEST {
            true => Self::read_any_length(text, detached),
            false => Err(VerifyError::malformed("token is not a JWT of three parts")),
        }
    }

    /// Parses a token like [`read`](Self::read), for a body whose length is already limited. The header is limited as
    /// well, because its parsed form is many times as large.
    pub(super) fn read_any_length(text: &'t [u8], detached: bool) -> Result<Self, VerifyError> {
        let malformed = || VerifyError::malformed("token is not a JWT of three parts");
        let text = std::str::from_utf8(text).map_err(|_| malformed())?;
        let (signed, signature) = text.rsplit_once('.').ok_or_else(malformed)?;
        let (protected, payload) = signed.split_once('.').ok_or_else(malformed)?;
        if payload.contains('.') || !(1..=Self::LONGEST).contains(&protected.len()) {
            return Err(malformed());
        }
        // This rejects unknown algorithms such as `none`. An algorithm that the provider does not use is
        // rejected later, because there are no keys for it.
        let header = decode_header(text).map_err(|_| VerifyError::malformed("token's header is invalid"))?;
        let token = Self { header, signed, payload, signature };
        if payload.is_empty() != detached || !token.is_understood(detached) {
            return Err(VerifyError::malformed(
                "token's payload, `crit` or `b64` is not what the provider sends",
            ));
        }
        Ok(token)
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.header.alg
    }

    /// Returns whether `crit` and `b64` are as expected. With a detached payload, `b64` must be `false`, and
    /// `crit` must list `b64` only. With any other payload, both must be absent.
    fn is_understood(&self, detached: bool) -> bool {
        let critical = self.header.crit.as_deref().unwrap_or_default();
        let encoded = self.header.extras.get::<bool>("b64");
        match detached {
            true => critical == ["b64"] && matches!(encoded, Ok(Some(false))),
            false => self.header.crit.is_none() && matches!(encoded, Ok(None)),
        }
    }

    /// Returns the claims. Do not act on them before the signature is verified, except to reject the token.
    pub(super) fn claims(&self) -> Result<TokenClaims, VerifyError> {
        let json = BASE64URL_NOPAD.decode(self.payload.as_bytes()).ok();
        let claims = json.and_then(|json| serde_json::from_slice(&json).ok());
        claims.map(TokenClaims).ok_or(VerifyError::malformed("token's claims are not a JSON object"))
    }
}

/// The claims of a token.
pub(crate) struct TokenClaims(Map<String, Value>);

impl TokenClaims {
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Returns whether a claim is present, and is `true`.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.0.get(name) == Some(&Value::Bool(true))
    }

    /// Returns a claim that is text, if present.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// Returns a claim that is a time, if present.
    pub(super) fn time(&self, name: &str) -> Result<Option<SystemTime>, VerifyError> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let since = value.as_u64().map(Duration::from_secs);
        // RFC 7519 allows fractions of a second.
        let since = since.or_else(|| Duration::try_from_secs_f64(value.as_f64()?).ok());
        let time = since.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
        time.map(Some).ok_or_else(|| VerifyError::malformed(format!("token's `{name}` is not a time")))
    }

    /// Checks `nbf` and `exp`, if present.
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
