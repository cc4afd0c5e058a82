//! Keys and tokens: JSON Web Tokens with the header and claims of the input, public keys in PEM, DER and JWK,
//! and fetched certificates. Tokens are signed, so that verification gets past the signature.
//!
//! The input's first line is a provider, `key` or `certificate`. For a provider, the next two lines are the token's
//! header and claims, and the rest is the body. For `key` and `certificate`, the rest is the file with the key or
//! the certificate.

use std::{sync::Arc, time::SystemTime};

use bytes::Bytes;
use http::Request;
use tower_webhook::{BoxError, Secret, provider, verify::Fetch};

use super::{
    judge::{Found, at, judge},
    reference::{
        jwt::{self, RULES, filled_in},
        scheme::mac,
        text::to_base64_url,
    },
    wire::text_line,
};

const SECRET: &str = "a secret of some length";
const URL: &str = "https://receiver.example/hook?a=1";
const NOW: u64 = 1_700_000_000;

pub(crate) fn run(input: &[u8]) {
    let Some((kind, rest)) = text_line(input) else { return };
    match kind {
        "key" => key(rest),
        "certificate" => certificate(rest),
        _ => {
            token(kind, rest);
        }
    }
}

fn token(provider: &str, rest: &[u8]) -> Option<()> {
    let rules = RULES.iter().find(|rules| rules.provider == provider)?;
    let (header, rest) = text_line(rest)?;
    let (claims, body) = text_line(rest)?;
    // The crate parses keys and encryption parameters in a header, but does not use them. The reference does not
    // parse them, so skip a token that has them.
    if ["jwk", "x5c", "enc", "zip", "nonce", "\\u"].iter().any(|name| header.contains(name)) {
        return None;
    }
    let claims = filled_in(claims, URL, body);
    let mut token = format!("{}.{}", to_base64_url(header.as_bytes()), to_base64_url(claims.as_bytes()));
    // Sign with the algorithm in the header, so that each algorithm is tried. Unsigned tokens are tested elsewhere.
    let said: Option<serde_json::Value> = serde_json::from_str(header).ok();
    let said = said.as_ref().and_then(|said| said["alg"].as_str()).unwrap_or("HS256");
    let tag = mac(&said.replace("HS", "hmac-sha"), SECRET.as_bytes(), token.as_bytes()).unwrap_or_default();
    token = format!("{token}.{}", to_base64_url(&tag));
    if rules.header == "authorization" {
        token.insert_str(0, "Bearer ");
    }
    let request = Request::post(URL).header(rules.header, token);
    let request = request.body(Bytes::copy_from_slice(body)).ok()?;

    let secret: Secret = SECRET.parse().ok()?;
    let verifier = provider::find(provider)?.verifier(secret).ok()?;
    let (head, _) = request.clone().into_parts();
    let expected = jwt::judge(rules, SECRET, &head, URL, body, at(NOW));
    let found = judge(&verifier, request, at(NOW), 0);
    match (&expected, &found) {
        (Some(id), Found::Accepted(delivery)) if rules.jti_is_id => assert_eq!(delivery.id(), id.as_deref()),
        (Some(_), Found::Accepted(_)) | (None, Found::Rejected(_)) => {}
        _ => panic!("a token {header} {claims}: expected {expected:?}, found {found:?}"),
    }
    Some(())
}

/// Uses the key in `text` for several providers, most of which sign with a private key, and asserts that an unsigned
/// request is rejected.
fn key(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    let Ok(secret) = text.parse::<Secret>() else { return };
    for id in
        ["discord", "telnyx", "sendgrid", "standard-webhooks-v1a", "plaid", "fusionauth", "saleor", "netlify"]
    {
        let Some(provider) = provider::find(id) else { continue };
        if let Ok(verifier) = provider.verifier(secret.clone()) {
            let request = Request::post(URL).body(Bytes::from_static(b"{}")).expect("a request");
            assert!(!judge(&verifier, request, at(NOW), 0).is_accepted(), "{id} accepts an unsigned request");
        }
    }
}

/// A [`Fetch`] that returns the same file for every URL.
struct File(Bytes);

impl Fetch for File {
    async fn fetch(&self, _: &str, _: usize) -> Result<Bytes, BoxError> {
        Ok(self.0.clone())
    }
}

/// Verifies a message that was signed with the key of a known certificate. `file` takes the place of the
/// certificate.
fn certificate(file: &[u8]) {
    const SIGNED: &str = include_str!("../../tests/key_sources/certificate.json");
    let signed: serde_json::Value = serde_json::from_str(SIGNED).expect("JSON");
    let message = signed["body_utf8"].as_str().expect("a message").to_owned();
    let sent_at: serde_json::Value = serde_json::from_str(&message).expect("JSON");
    let topic = sent_at["TopicArn"].as_str().expect("a topic").to_owned();
    let now = time_of(sent_at["Timestamp"].as_str().expect("a time"));
    let file = File(Bytes::copy_from_slice(file));
    let own = file.0.clone();
    let verifier = Arc::new(provider::aws_sns([topic], "fuzz", file));
    let request = Request::post("/").body(Bytes::from(message)).expect("a request");
    let found = judge(&verifier, request, now, 0);
    // An accepted file must contain the certificate's key.
    let known = der(signed["certificate"].as_str().expect("a certificate").as_bytes());
    let modulus = modulus(&known);
    if found.is_accepted() {
        let own = if own.trim_ascii_start().starts_with(b"-") { der(&own) } else { own.to_vec() };
        assert!(own.windows(modulus.len()).any(|window| window == modulus), "another key is accepted");
    }
}

fn time_of(rfc3339: &str) -> SystemTime {
    // Fractions of a second can be ignored.
    let digits: Vec<u64> =
        rfc3339.split(|sign: char| !sign.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
    let (year, month, day) = (digits[0], digits[1], digits[2]);
    let leap_days = |year: u64| year / 4 - year / 100 + year / 400;
    let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][month as usize - 1];
    let leap_day = u64::from(month > 2 && (year % 4 == 0 && year % 100 != 0 || year % 400 == 0));
    let days = (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969) + before + leap_day + day - 1;
    at(days * 86_400 + digits[3] * 3600 + digits[4] * 60 + digits[5])
}

fn der(pem: &[u8]) -> Vec<u8> {
    // The base64 may follow the header on the same line, as in an environment variable without line breaks.
    let mut parts = pem.trim_ascii_start().splitn(11, |byte| *byte == b'-');
    let rest = parts.nth(10).unwrap_or_default();
    let text: Vec<u8> = rest
        .iter()
        .take_while(|byte| **byte != b'-')
        .filter(|byte| !byte.is_ascii_whitespace())
        .copied()
        .collect();
    super::reference::text::base64(&text, super::reference::text::STANDARD).unwrap_or_default()
}

/// Returns the modulus: the 256 bytes after the tag of an integer of this length.
fn modulus(der: &[u8]) -> Vec<u8> {
    let tag = [0x02, 0x82, 0x01, 0x01, 0x00];
    let at = der.windows(tag.len()).position(|window| window == tag).expect("an RSA key of 2048 bits");
    der[at + tag.len()..][..256].to_vec()
}
