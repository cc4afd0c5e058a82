//! The cause of a signature mismatch, found by verifying variants of the request.
//!
//! A signature that is valid for a variant shows that other bytes, another URL or another template was signed, or that
//! the secret was not copied exactly.

use std::{io::Read, time::Duration};

use axum::http::{HeaderMap, Request, Response, header, request::Parts};
use bytes::Bytes;
use flate2::read::GzDecoder;
use http_body_util::Full;
use serde_json::Value;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{BoxError, Rejection, Secret, Secrets, WebhookLayer, provider::ProviderVerifier};

use crate::{explain::Hint, provider::Source, rules::Rules};

/// Returns the cause, if a variant is valid. Verifies without deduplication, so that the search claims no delivery.
pub(crate) async fn find_cause(
    layer: &WebhookLayer,
    rules: &Rules,
    head: &Parts,
    body: &[u8],
) -> Option<Hint> {
    let layer = layer.clone().without_dedupe();
    for Variant { what, finding, body: other } in bodies(body) {
        if is_valid(&layer, head, other).await {
            let cure = format!(
                "The signature is valid for {what}. You signed other bytes than you sent, or the body was changed on the way. Sign the bytes that you send, forward them unchanged, and let the layer get the body before any middleware that reads it."
            );
            return Some(Hint::found(
                "the body is not the one that was signed",
                cure,
                format!("body changed: {finding}"),
            ));
        }
    }
    for url in urls(rules, head) {
        if is_valid(&layer.clone().public_url(&url), head, body.to_vec()).await {
            let cure = format!(
                "The signature is valid for `{url}`, the URL that the provider calls. Set `--public-url {url}`, in code `WebhookLayer::public_url`."
            );
            return Some(Hint::found(
                "the provider signed another URL",
                cure,
                format!("URL changed: signed for `{url}`"),
            ));
        }
    }
    for (what, finding, secrets) in secrets(rules) {
        let Ok(verifier) = rules.source.verifier(secrets) else { continue };
        if is_valid(&of_any_time(rules, verifier), head, body.to_vec()).await {
            let cure = format!(
                "The signature is valid with the secret {what}. Both sides must use the secret exactly as the provider shows it."
            );
            return Some(Hint::found(
                "the secret was not copied exactly",
                cure,
                format!("secret not exact: {finding}"),
            ));
        }
    }
    for (what, source) in schemes(rules) {
        let Ok(verifier) = source.verifier(rules.secrets.clone()) else { continue };
        if is_valid(&of_any_time(rules, verifier), head, body.to_vec()).await {
            let template = rules.signing().and_then(|signing| signing.template()).unwrap_or_default();
            let cure =
                format!("The signature is valid for {what}. {} signs `{template}`.", rules.source.name());
            return Some(Hint::found(
                "the signed content is not that of the provider",
                cure,
                format!("signed content: {what}"),
            ));
        }
    }
    None
}

/// Returns a layer that accepts any timestamp.
fn of_any_time(rules: &Rules, verifier: ProviderVerifier) -> WebhookLayer {
    let layer = WebhookLayer::with_verifier(verifier).without_dedupe().tolerance(ANY_TIME);
    match &rules.public_url {
        Some(url) => layer.public_url(url),
        None => layer,
    }
}

/// Returns the provider's scheme with other templates, each with a description of the signed content.
fn schemes(rules: &Rules) -> Vec<(&'static str, Source)> {
    let scheme = rules.source.scheme().and_then(|scheme| serde_json::to_value(scheme).ok());
    let Some((scheme, template)) =
        scheme.and_then(|scheme| Some((scheme.clone(), scheme.get("template")?.as_str()?.to_owned())))
    else {
        return Vec::new();
    };
    let other = |text: &str| {
        let mut scheme = scheme.clone();
        let parts = scheme.as_object_mut()?;
        parts.insert("template".to_owned(), text.into());
        if !text.contains("{ts}") {
            parts.remove("ts");
        }
        serde_json::from_value(scheme).ok()
    };
    let in_milliseconds = template.replace("{ts}", "{ts}000");
    let templates = [
        ("the body alone", "{body}"),
        ("the timestamp and the body without a separator", "{ts}{body}"),
        ("the timestamp, a dot and the body", "{ts}.{body}"),
        ("the body and the timestamp without a separator", "{body}{ts}"),
        ("the timestamp in milliseconds", &in_milliseconds),
    ];
    let others = templates.into_iter().filter(|(_, text)| *text != template);
    others.filter_map(|(what, text)| Some((what, Source::Scheme(Box::new(other(text)?))))).collect()
}

/// A tolerance that accepts any timestamp, because the endpoint has already checked the request's timestamp.
const ANY_TIME: Duration = Duration::from_secs(u32::MAX as u64);

async fn is_valid(layer: &WebhookLayer, head: &Parts, body: Vec<u8>) -> bool {
    // A compressed body is not text.
    let body_has_coding = str::from_utf8(&body).is_err();
    let mut request = Request::new(Full::<Bytes>::from(body));
    *request.method_mut() = head.method.clone();
    *request.uri_mut() = head.uri.clone();
    *request.headers_mut() = head.headers.clone();
    // The variant may have another length, and no content coding.
    request.headers_mut().remove(header::CONTENT_LENGTH);
    if !body_has_coding {
        request.headers_mut().remove(header::CONTENT_ENCODING);
    }
    let handler = service_fn(|_| async { Ok::<_, BoxError>(Response::new(Full::<Bytes>::default())) });
    let answer = layer.layer(handler).oneshot(request).await;
    answer.is_ok_and(|response| response.extensions().get::<Rejection>().is_none())
}

/// A variant of the body.
struct Variant {
    /// The variant, such as `the same body without the line break at its end`.
    what: String,
    /// The modification that the variant undoes, in a few words.
    finding: &'static str,
    body: Vec<u8>,
}

fn bodies(body: &[u8]) -> Vec<Variant> {
    let mut others: Vec<Variant> = Vec::new();
    let mut add = |what: &str, finding, body| others.push(Variant { what: what.to_owned(), finding, body });
    if let Some(plain) = gunzipped(body) {
        add("the decompressed body", "compressed after signing", plain);
    }
    if !body.is_empty() {
        add("an empty body", "signed without its body", Vec::new());
    }
    let Ok(text) = str::from_utf8(body) else { return others };
    let form = form_urlencoded::parse(body).find(|(name, _)| name == "payload");
    if let Some((_, payload)) = form {
        let finding = "payload put into a form after signing";
        add("the decoded value of the form's `payload` field", finding, payload.into_owned().into_bytes());
    }
    let mut bodies = vec![
        (
            "without the line break at its end",
            "line break added",
            text.strip_suffix('\n').unwrap_or(text).to_owned(),
        ),
        (
            "without leading and trailing whitespace",
            "whitespace added at its start or end",
            text.trim().to_owned(),
        ),
        ("with a line break at its end", "line break removed", format!("{text}\n")),
        ("with Unix line breaks (LF, not CRLF)", "line breaks changed to CRLF", text.replace("\r\n", "\n")),
        (
            "with Windows line breaks (CRLF, not LF)",
            "line breaks changed to LF",
            text.replace("\r\n", "\n").replace('\n', "\r\n"),
        ),
        ("with “+” for each “%20”", "“+” changed to “%20”", text.replace("%20", "+")),
        (
            "without the byte order mark at its start",
            "byte order mark added",
            text.trim_start_matches('\u{feff}').to_owned(),
        ),
        ("with a byte order mark at its start", "byte order mark removed", format!("\u{feff}{text}")),
    ];
    if serde_json::from_str::<Value>(text).is_ok() {
        let compact = spaced(text, "", "");
        bodies.extend([
            ("without whitespace between tokens", "whitespace added between tokens", compact.clone()),
            (
                "with a space after each comma and colon",
                "whitespace between tokens changed",
                spaced(text, " ", " "),
            ),
            (
                "with its slashes escaped, as PHP does",
                "escapes of slashes removed",
                escaped_slashes(&compact),
            ),
            ("with non-ASCII characters escaped", "escapes of non-ASCII characters removed", ascii(&compact)),
            (
                "with non-ASCII characters escaped, as Python does",
                "escapes of non-ASCII characters removed",
                ascii(&spaced(text, " ", " ")),
            ),
            ("with non-ASCII characters escaped", "escapes of non-ASCII characters removed", ascii(text)),
            ("with non-ASCII characters as UTF-8", "non-ASCII characters escaped", unescaped(text)),
            (
                "with non-ASCII characters as UTF-8 and without whitespace between tokens",
                "non-ASCII characters escaped",
                unescaped(&compact),
            ),
            ("indented by 2 spaces", "indentation changed", indented(&compact, "  ")),
            ("indented by 4 spaces", "indentation changed", indented(&compact, "    ")),
            ("indented by tabs", "indentation changed", indented(&compact, "\t")),
        ]);
        if let Ok(pretty) =
            serde_json::from_str::<Value>(text).and_then(|value| serde_json::to_string_pretty(&value))
        {
            bodies.push(("pretty-printed, with sorted keys", "indentation removed", pretty));
        }
    }
    bodies.retain(|(.., other)| other != text);
    for (what, finding, body) in bodies {
        add(&format!("the same body {what}"), finding, body.into_bytes());
    }
    others
}

/// Decompresses a body in the gzip format, up to a limit.
fn gunzipped(body: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    GzDecoder::new(body).take(MAX_PLAIN).read_to_end(&mut plain).ok()?;
    Some(plain)
}

/// The maximum size of a decompressed body, in bytes.
const MAX_PLAIN: u64 = 1024 * 1024;

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

/// Replaces the escapes of non-ASCII characters by the characters.
fn unescaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(start) = rest.find('\\') {
        let (before, escape) = rest.split_at(start);
        text.push_str(before);
        let one = unit(escape);
        let units = [one, escape.get(6..).and_then(unit)];
        let decoded = char::decode_utf16(units.into_iter().map_while(|unit| unit)).next();
        let length = match decoded {
            Some(Ok(character)) if !character.is_ascii() => {
                text.push(character);
                6 * character.len_utf16()
            }
            _ => {
                let length = 1 + escape.chars().nth(1).map_or(0, char::len_utf8);
                text.push_str(escape.get(..length).unwrap_or_default());
                length
            }
        };
        rest = escape.get(length..).unwrap_or_default();
    }
    text + rest
}

/// Returns the UTF-16 code unit of an escape at the start of a text.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

/// Indents compact JSON, as most languages do: empty arrays and objects stay on one line.
fn indented(compact: &str, indent: &str) -> String {
    let (mut in_string, mut escaped, mut depth) = (false, false, 0_usize);
    let mut text = String::with_capacity(compact.len());
    let mut characters = compact.chars().peekable();
    while let Some(c) = characters.next() {
        let line_break = |depth: usize| format!("\n{}", indent.repeat(depth.min(MAX_DEPTH)));
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => in_string = !in_string,
            '[' | '{' if !in_string => {
                text.push(c);
                if let Some(end) = characters.next_if(|next| matches!(next, ']' | '}')) {
                    text.push(end);
                } else {
                    depth += 1;
                    text.push_str(&line_break(depth));
                }
                continue;
            }
            ']' | '}' if !in_string => {
                depth = depth.saturating_sub(1);
                text.push_str(&line_break(depth));
            }
            _ => {}
        }
        text.push(c);
        match c {
            ',' if !in_string => text.push_str(&line_break(depth)),
            ':' if !in_string => text.push(' '),
            _ => {}
        }
    }
    text
}

/// The maximum depth of indentation, so that the text of a deeply nested body stays short.
const MAX_DEPTH: usize = 32;

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

/// Returns variants of the secrets, each with a description of the difference, and with the mistake in a few words.
fn secrets(rules: &Rules) -> Vec<(&'static str, &'static str, Secrets)> {
    type Change = fn(&str) -> String;
    let changes: [(&str, &str, Change); 6] = [
        ("without the spaces and quotes around it", "spaces or quotes around it", |text| {
            text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).to_owned()
        }),
        ("without the `whsec_` prefix", "`whsec_` prefix added", |text| {
            text.trim_start_matches("whsec_").to_owned()
        }),
        ("with the `whsec_` prefix", "`whsec_` prefix missing", |text| format!("whsec_{text}")),
        ("followed by a line break", "line break at its end", |text| format!("{text}\n")),
        ("followed by a space", "space at its end", |text| format!("{text} ")),
        ("in double quotes", "quotes around it", |text| format!("\"{text}\"")),
    ];
    let others = changes.into_iter().map(|(what, finding, change)| {
        let others = rules.secrets.iter().filter_map(|secret| {
            let text = change(secret.expose_str()?);
            // White space at the end of a secret is not allowed in its text, but in its bytes.
            let other = text.parse().or_else(|_| Secret::from_bytes(text)).ok()?;
            Some(match secret.key_id() {
                Some(key_id) => other.with_key_id(key_id),
                None => other,
            })
        });
        Some((what, finding, Secrets::try_from(others.collect::<Vec<_>>()).ok()?))
    });
    others.flatten().collect()
}
