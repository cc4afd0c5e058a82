//! The cause of a signature mismatch, found by verifying variants of the request.
//!
//! A signature that is valid for a variant shows that the body or the URL was modified in transit, or that the secret
//! was not copied exactly.

use std::time::Duration;

use axum::http::{HeaderMap, Request, Response, header, request::Parts};
use bytes::Bytes;
use http_body_util::Full;
use serde_json::Value;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{BoxError, Rejection, Secret, Secrets, WebhookLayer};

use crate::{explain::Hint, rules::Rules};

/// Returns the cause, if a variant is valid. Verifies without deduplication, so that the search claims no delivery.
pub(crate) async fn find_cause(
    layer: &WebhookLayer,
    rules: &Rules,
    head: &Parts,
    body: &[u8],
) -> Option<Hint> {
    let layer = layer.clone().without_dedupe();
    for (what, other) in bodies(body) {
        if is_valid(&layer, head, other).await {
            let cure = format!(
                "The signature is valid for the same body {what}. Proxies must forward the body unchanged, and the layer must get it before any middleware that reads it."
            );
            return Some(Hint::found("the body was modified in transit", cure));
        }
    }
    for url in urls(rules, head) {
        if is_valid(&layer.clone().public_url(&url), head, body.to_vec()).await {
            let cure = format!(
                "The signature is valid for `{url}`, the URL that the provider calls. Set `--public-url {url}`, in code `WebhookLayer::public_url`."
            );
            return Some(Hint::found("the provider signed another URL", cure));
        }
    }
    for (what, secrets) in secrets(rules) {
        let Ok(verifier) = rules.source.verifier(secrets) else { continue };
        let mut layer = WebhookLayer::with_verifier(verifier).without_dedupe().tolerance(ANY_TIME);
        if let Some(url) = &rules.public_url {
            layer = layer.public_url(url);
        }
        if is_valid(&layer, head, body.to_vec()).await {
            let cure = format!(
                "The signature is valid with the secret {what}. Copy the secret exactly as the provider shows it."
            );
            return Some(Hint::found("the secret was not copied exactly", cure));
        }
    }
    None
}

/// A tolerance that accepts any timestamp, because the endpoint has already checked the request's timestamp.
const ANY_TIME: Duration = Duration::from_secs(u32::MAX as u64);

async fn is_valid(layer: &WebhookLayer, head: &Parts, body: Vec<u8>) -> bool {
    let mut request = Request::new(Full::<Bytes>::from(body));
    *request.method_mut() = head.method.clone();
    *request.uri_mut() = head.uri.clone();
    *request.headers_mut() = head.headers.clone();
    // The variant may have another length.
    request.headers_mut().remove(header::CONTENT_LENGTH);
    let handler = service_fn(|_| async { Ok::<_, BoxError>(Response::new(Full::<Bytes>::default())) });
    let answer = layer.layer(handler).oneshot(request).await;
    answer.is_ok_and(|response| response.extensions().get::<Rejection>().is_none())
}

/// Returns variants of the body, each with a description of the difference.
fn bodies(body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let Ok(text) = str::from_utf8(body) else { return Vec::new() };
    let mut bodies = vec![
        ("without the line break at its end", text.strip_suffix('\n').unwrap_or(text).to_owned()),
        ("without leading and trailing whitespace", text.trim().to_owned()),
        ("with a line break at its end", format!("{text}\n")),
        ("with Unix line breaks (LF, not CRLF)", text.replace("\r\n", "\n")),
        ("with Windows line breaks (CRLF, not LF)", text.replace("\r\n", "\n").replace('\n', "\r\n")),
        ("with “+” for each “%20”", text.replace("%20", "+")),
    ];
    if serde_json::from_str::<Value>(text).is_ok() {
        let compact = spaced(text, "", "");
        bodies.extend([
            ("without whitespace between tokens", compact.clone()),
            ("with a space after each comma and colon", spaced(text, " ", " ")),
            ("with its slashes escaped, as PHP does", escaped_slashes(&compact)),
            ("with non-ASCII characters escaped", ascii(&compact)),
            ("with non-ASCII characters escaped, as Python does", ascii(&spaced(text, " ", " "))),
        ]);
        if let Ok(pretty) =
            serde_json::from_str::<Value>(text).and_then(|value| serde_json::to_string_pretty(&value))
        {
            bodies.push(("pretty-printed, with sorted keys", pretty));
        }
    }
    bodies.retain(|(_, other)| other != text);
    bodies.into_iter().map(|(what, body)| (what, body.into_bytes())).collect()
}

/// Removes the whitespace between JSON tokens, and inserts `comma` after each comma and `colon` after each colon.
fn spaced(json: &str, comma: &str, colon: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => in_string = !in_string,
            _ => {}
        }
        if in_string || !c.is_ascii_whitespace() {
            text.push(c);
        }
        match c {
            ',' if !in_string => text.push_str(comma),
            ':' if !in_string => text.push_str(colon),
            _ => {}
        }
    }
    text
}

fn escaped_slashes(json: &str) -> String {
    json.replace("\\/", "/").replace('/', "\\/")
}

fn ascii(json: &str) -> String {
    let mut units = [0; 2];
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c.is_ascii() {
            true => text.push(c),
            false => {
                c.encode_utf16(&mut units).iter().for_each(|unit| text.push_str(&format!("\\u{unit:04x}")))
            }
        }
    }
    text
}

/// Returns the URLs that the provider may have called: each host in the headers, with `https` and with `http`, and
/// with variants of the path.
fn urls(rules: &Rules, head: &Parts) -> Vec<String> {
    if rules.signing().is_some_and(|signing| !signing.covers_the_url()) {
        return Vec::new();
    }
    let text = |headers: &HeaderMap, name: &str| {
        headers.get(name).and_then(|value| Some(value.to_str().ok()?.to_owned()))
    };
    let hosts = ["x-forwarded-host", "x-original-host", "host"].map(|name| text(&head.headers, name));
    let path = head.uri.path();
    let paths = [path.to_owned(), path.trim_end_matches('/').to_owned(), format!("{path}/"), String::new()];
    let mut urls = Vec::new();
    for host in hosts.into_iter().flatten() {
        for scheme in ["https", "http"] {
            urls.extend(paths.iter().map(|path| format!("{scheme}://{host}{path}")));
        }
    }
    urls
}

/// Returns variants of the secrets, each with a description of the difference.
fn secrets(rules: &Rules) -> Vec<(&'static str, Secrets)> {
    type Change = fn(&str) -> String;
    let changes: [(&str, Change); 3] = [
        ("without the spaces and quotes around it", |text| {
            text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).to_owned()
        }),
        ("without the `whsec_` prefix", |text| text.trim_start_matches("whsec_").to_owned()),
        ("with the `whsec_` prefix", |text| format!("whsec_{text}")),
    ];
    let others = changes.into_iter().map(|(what, change)| {
        let others = rules.secrets.iter().filter_map(|secret| {
            let other: Secret = change(secret.expose_str()?).parse().ok()?;
            Some(match secret.key_id() {
                Some(key_id) => other.with_key_id(key_id),
                None => other,
            })
        });
        Some((what, Secrets::try_from(others.collect::<Vec<_>>()).ok()?))
    });
    others.flatten().collect()
}
