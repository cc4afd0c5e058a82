//! The header of a JWS.

use std::time::{Duration, SystemTime};

use data_encoding::BASE64URL_NOPAD;
use http::HeaderName;
use serde_json::{Map, Value};

use crate::verify::VerifyError;

/// The maximum length of a JWS without its payload, in bytes.
const LONGEST: usize = 8 * 1024;

/// The header parameters that RFC 7515 and RFC 7518 define. They cannot be critical.
const REGISTERED: [&str; 16] = [
    "alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit", "epk", "apu", "apv",
    "enc", "zip",
];

/// A JWS with a detached payload, not verified yet.
#[derive(Debug)]
pub(super) struct Jws<'h> {
    /// The encoded header, which is signed.
    pub(super) protected: &'h str,
    pub(super) signature: &'h str,
    header: Map<String, Value>,
}

impl<'h> Jws<'h> {
    /// Parses the value of the header `name`.
    pub(super) fn read(text: &'h [u8], name: &HeaderName) -> Result<Self, VerifyError> {
        let malformed = || VerifyError::malformed(format!("`{name}` is not a JWS with a detached payload"));
        if text.len() > LONGEST {
            return Err(VerifyError::malformed(format!("`{name}` header is longer than 8 KiB")));
        }
        let text = std::str::from_utf8(text).map_err(|_| malformed())?;
        let (protected, signature) = text.split_once("..").ok_or_else(malformed)?;
        if protected.contains('.') || signature.contains('.') {
            return Err(malformed());
        }
        let header = BASE64URL_NOPAD.decode(protected.as_bytes()).ok();
        let header = header.and_then(|json| serde_json::from_slice(&json).ok());
        let header = header.ok_or(VerifyError::malformed("JWS header is not a JSON object"))?;
        Ok(Self { protected, signature, header })
    }

    /// Returns a parameter that is text, if present.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, VerifyError> {
        match self.header.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(VerifyError::malformed(format!("JWS header parameter `{name}` is not text"))),
        }
    }

    /// Returns a parameter that is a time in seconds.
    pub(super) fn time(&self, name: &str) -> Result<SystemTime, VerifyError> {
        let value = self.header.get(name).ok_or_else(|| missing(name))?;
        let since = value.as_u64().map(Duration::from_secs);
        let since = since.or_else(|| Duration::try_from_secs_f64(value.as_f64()?).ok());
        let time = since.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
        time.ok_or_else(|| VerifyError::malformed(format!("JWS header parameter `{name}` is not a time")))
    }

    /// Checks `b64` and `crit`. Returns whether the payload is encoded before it is signed.
    pub(super) fn is_payload_encoded(
        &self,
        is_understood: impl Fn(&str) -> bool,
    ) -> Result<bool, VerifyError> {
        let critical = self.critical()?;
        for name in &critical {
            if is_registered(name) || !self.header.contains_key(*name) {
                return Err(VerifyError::malformed("JWS header parameter `crit` contains an invalid name"));
            }
            if *name != "b64" && !is_understood(name) {
                return Err(VerifyError::malformed("JWS header has an unknown critical parameter"));
            }
        }
        match self.header.get("b64") {
            None | Some(Value::Bool(true)) => Ok(true),
            // A verifier that does not know `b64` would compute another text.
            Some(Value::Bool(false)) if critical.contains(&"b64") => Ok(false),
            Some(_) => Err(VerifyError::malformed(
                "JWS header parameter `b64` is not a boolean, or `false` and not critical",
            )),
        }
    }

    fn critical(&self) -> Result<Vec<&str>, VerifyError> {
        let Some(critical) = self.header.get("crit") else { return Ok(Vec::new()) };
        let names = critical.as_array().filter(|names| !names.is_empty());
        let names = names.and_then(|names| names.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
        let mut names =
            names.ok_or(VerifyError::malformed("JWS header parameter `crit` is not a list of names"))?;
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        match names.len() == count {
            true => Ok(names),
            false => Err(VerifyError::malformed("JWS header parameter `crit` contains an invalid name")),
        }
    }
}

/// Returns whether the JWS standards define a parameter.
pub(super) fn is_registered(name: &str) -> bool {
    REGISTERED.contains(&name)
}

/// Returns the error for a parameter that is missing.
pub(super) fn missing(name: &str) -> VerifyError {
    VerifyError::missing(format!("JWS header parameter `{name}` is missing"))
}
