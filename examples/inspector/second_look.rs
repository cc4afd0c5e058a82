//! A wrong signature, looked at again: is there something near what came that it would be right for?
//!
//! That tells a body that was changed on its way, or a URL, from a secret that is another's.

use std::time::Duration;

use axum::http::{HeaderMap, Request, Response, header, request::Parts};
use bytes::Bytes;
use http_body_util::Full;
use serde_json::Value;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{BoxError, Rejection, Secret, Secrets, WebhookLayer};

use crate::{explain::Hint, rules::Rules};

/// What was found, if anything. `layer` is the endpoint's; it is asked without being told of it.
pub(crate) async fn at(layer: &WebhookLayer, rules: &Rules, head: &Parts, body: &[u8]) -> Option<Hint> {
    let layer = layer.clone().without_dedupe();
    for (what, other) in bodies(body) {
        if is_right(&layer, head, other).await {
            let cure = format!(
                "The signature is right for the same body {what}. Whatever passes it on has to leave its bytes as they are: let the layer have them before anything that reads them."
            );
            return Some(Hint::found("the body was changed on its way", cure));
        }
    }
    for url in urls(rules, head) {
        if is_right(&layer.clone().public_url(&url), head, body.to_vec()).await {
            let cure = format!(
                "The signature is right for `{url}`, which is the URL that the provider calls: `--public-url {url}`, in code `WebhookLayer::public_url`."
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
        if is_right(&layer, head, body.to_vec()).await {
            let cure = format!(
                "The signature is right with the secret {what}. The provider's documentation says what belongs to it."
            );
            return Some(Hint::found("the secret is not written as the provider writes it", cure));
        }
    }
    None
}

/// The timestamp has been judged already.
const ANY_TIME: Duration = Duration::from_secs(u32::MAX as u64);

async fn is_right(layer: &WebhookLayer, head: &Parts, body: Vec<u8>) -> bool {
    let mut request = Request::new(Full::<Bytes>::from(body));
    *request.method_mut() = head.method.clone();
    *request.uri_mut() = head.uri.clone();
    *request.headers_mut() = head.headers.clone();
    // It says how long another body is.
    request.headers_mut().remove(header::CONTENT_LENGTH);
    let handler = service_fn(|_| async { Ok::<_, BoxError>(Response::new(Full::<Bytes>::default())) });
    let answer = layer.layer(handler).oneshot(request).await;
    answer.is_ok_and(|response| response.extensions().get::<Rejection>().is_none())
}

/// What the body may have been, and how that differs.
fn bodies(body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let Ok(text) = str::from_utf8(body) else { return Vec::new() };
    let mut bodies = vec![
        ("without the line break at its end", text.strip_suffix('\n').unwrap_or(text).to_owned()),
        ("without the white space at its ends", text.trim().to_owned()),
        ("with a line break at its end", format!("{text}\n")),
        ("with line breaks of Unix (LF, not CRLF)", text.replace("\r\n", "\n")),
        ("with line breaks of Windows (CRLF, not LF)", text.replace("\r\n", "\n").replace('\n', "\r\n")),
        ("with “+” for each “%20”", text.replace("%20", "+")),
    ];
    if serde_json::from_str::<Value>(text).is_ok() {
        let compact = spaced(text, "", "");
        bodies.extend([
            ("without white space between its tokens", compact.clone()),
            ("with a space after each comma and colon", spaced(text, " ", " ")),
            ("with its slashes escaped, as PHP does", escaped_slashes(&compact)),
            ("with all but ASCII escaped", ascii(&compact)),
            ("with all but ASCII escaped, as Python does", ascii(&spaced(text, " ", " "))),
        ]);
        if let Ok(pretty) =
            serde_json::from_str::<Value>(text).and_then(|value| serde_json::to_string_pretty(&value))
        {
            bodies.push(("with a line for each member, and its keys in order", pretty));
        }
    }
    bodies.retain(|(_, other)| other != text);
    bodies.into_iter().map(|(what, body)| (what, body.into_bytes())).collect()
}

/// JSON with just this after its commas and colons, and otherwise as it was written.
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

/// Where the provider may have called: by what a proxy says of it, and with the other scheme.
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

/// What the secrets may have been meant to be.
fn secrets(rules: &Rules) -> Vec<(&'static str, Secrets)> {
    type Way = fn(&str) -> String;
    let ways: [(&str, Way); 3] = [
        ("without the spaces and quotes around it", |text| {
            text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).to_owned()
        }),
        ("without the `whsec_` before it", |text| text.trim_start_matches("whsec_").to_owned()),
        ("with `whsec_` before it", |text| format!("whsec_{text}")),
    ];
    let others = ways.into_iter().map(|(what, way)| {
        let others = rules.secrets.iter().filter_map(|secret| {
            let other: Secret = way(secret.expose_str()?).parse().ok()?;
            Some(match secret.key_id() {
                Some(key_id) => other.with_key_id(key_id),
                None => other,
            })
        });
        Some((what, Secrets::try_from(others.collect::<Vec<_>>()).ok()?))
    });
    others.flatten().collect()
}
