//! JSON Web Tokens with an HMAC, verified by the rules in the documentation of the crate's providers.

use std::time::{Duration, SystemTime};

use http::request::Parts;
use serde_json::{Map, Value};

use super::{
    json::Json,
    scheme::{mac, sha256, to_hex},
    text::{FOR_URLS, STANDARD, base64, hex},
};

/// A provider's rules for its tokens.
pub(crate) struct Rules {
    pub(crate) provider: &'static str,
    pub(crate) header: &'static str,
    pub(crate) algorithms: &'static [&'static str],
    pub(crate) issuer: Option<&'static str>,
    /// The claim with the URL, and `true` if the claim contains only a digest of the URL.
    pub(crate) url: Option<(&'static str, bool)>,
    /// The claim with the body's digest, and its encoding.
    pub(crate) body: (&'static str, &'static str),
    /// Returns whether a body requires the claim with its digest.
    pub(crate) needs_digest: fn(&[u8]) -> bool,
    pub(crate) requires: &'static [&'static str],
    pub(crate) leeway: u64,
    pub(crate) jti_is_id: bool,
}

pub(crate) const RULES: [Rules; 4] = [
    Rules {
        provider: "messagebird-jwt",
        header: "messagebird-signature-jwt",
        algorithms: &["HS256", "HS384", "HS512"],
        issuer: Some("MessageBird"),
        url: Some(("url_hash", true)),
        body: ("payload_hash", "hex"),
        needs_digest: |body| !body.is_empty(),
        requires: &["nbf", "exp"],
        leeway: 1,
        jti_is_id: true,
    },
    Rules {
        provider: "vonage-jwt",
        header: "authorization",
        algorithms: &["HS256"],
        issuer: None,
        url: None,
        body: ("payload_hash", "hex"),
        needs_digest: |_| false,
        requires: &[],
        leeway: 0,
        jti_is_id: true,
    },
    Rules {
        provider: "livekit",
        header: "authorization",
        algorithms: &["HS256"],
        issuer: None,
        url: None,
        body: ("sha256", "base64"),
        needs_digest: |_| true,
        requires: &["exp"],
        leeway: 0,
        jti_is_id: false,
    },
    Rules {
        provider: "upstash",
        header: "upstash-signature",
        algorithms: &["HS256"],
        issuer: Some("Upstash"),
        url: Some(("sub", false)),
        body: ("body", "base64url"),
        needs_digest: |_| true,
        requires: &["nbf", "exp"],
        leeway: 0,
        jti_is_id: false,
    },
];

/// Header parameters that must be strings if present.
const TEXTS: [&str; 8] = ["typ", "cty", "jku", "kid", "x5u", "x5t", "x5t#S256", "url"];
/// Header parameters that must not be repeated.
const NAMES: [&str; 10] = ["alg", "typ", "cty", "jku", "kid", "x5u", "x5t", "x5t#S256", "crit", "url"];

/// Verifies the token. Returns `None` if the token is invalid, and otherwise the delivery id, if the
/// token has one.
pub(crate) fn judge(
    rules: &Rules,
    secret: &str,
    head: &Parts,
    url: &str,
    body: &[u8],
    now: SystemTime,
) -> Option<Option<String>> {
    let values: Vec<_> = head.headers.get_all(rules.header).iter().map(|value| value.as_bytes()).collect();
    let [value] = values[..] else { return None };
    let mut text = std::str::from_utf8(value).ok()?;
    if rules.header == "authorization"
        && text.get(..7).is_some_and(|word| word.eq_ignore_ascii_case("bearer "))
    {
        text = text[7..].trim_matches([' ', '\t']);
    }
    if text.len() > 8192 {
        return None;
    }
    let parts: Vec<_> = text.split('.').collect();
    let [protected, payload, signature] = parts[..] else { return None };
    let header = base64_strict(protected)?;
    let Json::Object(members) = Json::read(&header)? else { return None };
    let is_twice = |name: &&str| members.iter().filter(|(found, _)| found == name).count() > 1;
    if NAMES.iter().any(is_twice) {
        return None;
    }
    let header: Map<String, Value> = serde_json::from_slice(&header).ok()?;
    let is_text = |name: &&str| header.get(*name).is_none_or(|value| value.is_string() || value.is_null());
    if !TEXTS.iter().all(is_text) {
        return None;
    }
    let algorithm = header.get("alg")?.as_str()?;
    if !rules.algorithms.contains(&algorithm) || header.contains_key("crit") || header.contains_key("b64") {
        return None;
    }
    let signed = &text[..protected.len() + 1 + payload.len()];
    let tag = mac(&algorithm.replace("HS", "hmac-sha"), secret.as_bytes(), signed.as_bytes())?;
    if base64(signature.as_bytes(), FOR_URLS)? != tag {
        return None;
    }
    let claims: Map<String, Value> = serde_json::from_slice(&base64_strict(payload)?).ok()?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if rules.issuer.is_some_and(|issuer| text("iss") != Some(issuer)) {
        return None;
    }
    match rules.url {
        Some((name, true))
            if hex(text(name)?.trim_end_matches('=').as_bytes())? != sha256(url.as_bytes()) =>
        {
            return None;
        }
        Some((name, false)) if text(name)? != url => return None,
        _ => {}
    }
    if !rules.requires.iter().all(|name| claims.contains_key(*name)) {
        return None;
    }
    let now = now.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let leeway = Duration::from_secs(rules.leeway);
    if let Some(expiry) = time(&claims, "exp")?
        && now.checked_sub(expiry).is_some_and(|past| past >= leeway)
    {
        return None;
    }
    if let Some(beginning) = time(&claims, "nbf")?
        && beginning.checked_sub(now).is_some_and(|ahead| ahead > leeway)
    {
        return None;
    }
    let sent_at = time(&claims, "iat")?.or(time(&claims, "nbf")?);
    if sent_at.and_then(|sent_at| sent_at.checked_sub(now)).is_some_and(|ahead| ahead.as_secs() > 300) {
        return None;
    }
    let (name, encoding) = rules.body;
    match text(name) {
        Some(said) => {
            let said = said.as_bytes();
            let said = match encoding {
                "hex" => hex(said.strip_suffix(b"=").unwrap_or(said)),
                "base64" => base64(said, STANDARD),
                _ => base64(said, FOR_URLS),
            };
            if said? != sha256(body) {
                return None;
            }
        }
        None if (rules.needs_digest)(body) => return None,
        None => {}
    }
    Some(text("jti").filter(|id| rules.jti_is_id && !id.is_empty()).map(str::to_owned))
}

/// Returns the time in a claim, `Some(None)` if the claim is missing, or `None` if it is not a time.
fn time(claims: &Map<String, Value>, name: &str) -> Option<Option<Duration>> {
    let Some(value) = claims.get(name) else { return Some(None) };
    let since = match value.as_u64() {
        Some(seconds) => Duration::from_secs(seconds),
        None => Duration::try_from_secs_f64(value.as_f64()?).ok()?,
    };
    SystemTime::UNIX_EPOCH.checked_add(since).map(|_| Some(since))
}

/// Decodes base64url without padding, as RFC 7515 requires.
fn base64_strict(text: &str) -> Option<Vec<u8>> {
    if text.contains('=') { None } else { base64(text.as_bytes(), FOR_URLS) }
}

/// Replaces placeholders in the claims by the URL, its digest, and the body's digest.
pub(crate) fn filled_in(text: &str, url: &str, body: &[u8]) -> String {
    let digest = sha256(body);
    let for_urls = super::text::to_base64_url(&digest);
    let standard = for_urls.replace('-', "+").replace('_', "/");
    text.replace("$URLHEX", &to_hex(&sha256(url.as_bytes())))
        .replace("$URL", url)
        .replace("$HEX", &to_hex(&digest))
        .replace("$B64URL", &for_urls)
        .replace("$B64", &standard)
}
