//! Verification by the JSON of a `Scheme`, implemented from the documentation of `Scheme`.

use std::{
    net::Ipv6Addr,
    time::{Duration, SystemTime},
};

use aws_lc_rs::{digest, hmac};
use http::{HeaderName, request::Parts};
use serde_json::Value;

use super::{
    json::Json,
    md5,
    text::{FOR_URLS, STANDARD, base64, form, hex, number, only},
};

/// A secret and its key id.
pub(crate) type Key = (String, Option<String>);

/// The reference's result for a request.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Valid, with the index of the secret that signed it.
    Valid(usize),
    Invalid,
    /// Not decided here, for example because the scheme uses public keys, RFC 3339 times or HTTP dates, or needs a
    /// value in a body that is not JSON.
    Unknown,
}

/// A verdict that ends the checks early.
enum Stop {
    Invalid,
    Unknown,
}

type Judged<T> = Result<T, Stop>;

pub(crate) fn judge(scheme: &Value, keys: &[Key], head: &Parts, body: &[u8], now: SystemTime) -> Verdict {
    match (Request { scheme, keys, head, body, list: None }).judge(now) {
        Ok(index) => Verdict::Valid(index),
        Err(Stop::Invalid) => Verdict::Invalid,
        Err(Stop::Unknown) => Verdict::Unknown,
    }
}

/// Computes a MAC or a hash with a scheme's algorithm.
pub(crate) fn mac(algorithm: &str, key: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    let keyed = |algorithm| hmac::sign(&hmac::Key::new(algorithm, key), text).as_ref().to_vec();
    Some(match algorithm {
        "hmac-md5" => md5::hmac(key, text),
        "hmac-sha1" => keyed(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        "hmac-sha256" => keyed(hmac::HMAC_SHA256),
        "hmac-sha384" => keyed(hmac::HMAC_SHA384),
        "hmac-sha512" => keyed(hmac::HMAC_SHA512),
        "hash-sha1" => digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text).as_ref().to_vec(),
        "hash-sha256" => sha256(text),
        "hash-sha512" => digest::digest(&digest::SHA512, text).as_ref().to_vec(),
        _ => return None,
    })
}

pub(crate) fn sha256(text: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, text).as_ref().to_vec()
}

struct Request<'r> {
    scheme: &'r Value,
    keys: &'r [Key],
    head: &'r Parts,
    body: &'r [u8],
    /// The text that contains the fields (`field:k`) and items (`item:0`).
    list: Option<Vec<u8>>,
}

impl Request<'_> {
    fn judge(mut self, now: SystemTime) -> Judged<usize> {
        let scheme = self.scheme;
        for (name, value) in scheme["require"].as_object().into_iter().flatten() {
            let mut values = self.headers(name);
            values.dedup();
            if values != [value.as_str().unwrap_or_default().as_bytes()] {
                return Err(Stop::Invalid);
            }
        }
        let (texts, all_headers) = self.signatures()?;
        let algorithm = scheme["alg"].as_str().unwrap_or_default();
        if matches!(algorithm, "token" | "basic") {
            let sent: Vec<_> = texts.iter().filter_map(|text| self.without_prefix(text)).collect();
            let is_sent = |(secret, _): &Key| {
                sent.iter().any(|sent| match algorithm {
                    "token" => sent == secret.as_bytes(),
                    // Credentials have a single encoding: standard base64 with padding.
                    _ => *sent == to_base64(secret.as_bytes()).into_bytes(),
                })
            };
            return self.keys.iter().position(is_sent).ok_or(Stop::Invalid);
        }
        let key_ids = scheme["sig"]["key_id"].is_string();
        let pairs = key_ids || scheme["sig"]["kv"].is_string();
        if all_headers {
            self.list = Some(texts[0].clone());
        }
        if texts.len() > 1 && self.contradicts(&texts) {
            return Err(Stop::Invalid);
        }

        // The first preferred version that is present counts.
        let mut signed_by = strings(&scheme["sig"]["keys"]);
        let prefer = strings(&scheme["sig"]["prefer"]);
        let mut version = None;
        if !prefer.is_empty() {
            let has = |key: &&str| texts.iter().any(|text| self.field_in(text, key).is_some());
            let first = prefer.into_iter().find(has).ok_or(Stop::Invalid)?;
            signed_by = vec![first];
            version = Some(first);
        }

        let offered: Vec<Vec<u8>> = texts.iter().flat_map(|text| self.items(text)).collect();
        let offered: Vec<_> = offered
            .iter()
            .filter_map(|item| {
                if !pairs {
                    return self.without_prefix(item);
                }
                let (key, value) = self.pair(item)?;
                let is_of = |(_, name): &Key| name.as_ref().is_none_or(|name| name.as_bytes() == key);
                let is_signature = match key_ids {
                    true => self.keys.iter().any(is_of),
                    false => signed_by.iter().any(|known| known.as_bytes() == key),
                };
                is_signature.then(|| self.without_prefix(value)).flatten()
            })
            .collect();
        if mac(algorithm, b"", b"").is_none() {
            return Err(Stop::Unknown);
        }
        if offered.len() > 32 {
            return Err(Stop::Invalid);
        }
        let decode = |text: &Vec<u8>| match scheme["sig"]["enc"].as_str() {
            Some("hex") => hex(text),
            Some("base64") => base64(text, STANDARD),
            _ => base64(text, FOR_URLS),
        };
        let offered: Vec<_> = offered.iter().filter_map(decode).collect();

        let named = scheme["key"]["select_by"].as_str().map(|place| self.get(place)).transpose()?;
        let sent_at = scheme["ts"]["from"].as_str().map(|place| self.get(place)).transpose()?;
        let others = strings(&scheme["template"]);
        let template = match (&scheme["template"], version) {
            (Value::String(template), _) => template.as_str(),
            (templates, Some(version)) => templates[version].as_str().ok_or(Stop::Invalid)?,
            _ => "{body}",
        };
        // Compute the signed text for each secret, because the secret may be part of it.
        let mut right = None;
        for (index, (secret, name)) in self.keys.iter().enumerate() {
            if named.as_ref().is_some_and(|named| name.as_ref().map(String::as_bytes) != Some(named)) {
                continue;
            }
            let Some(key) = key(&scheme["key"], secret) else { return Err(Stop::Unknown) };
            let text = self.signed(template, &others, &key, sent_at.as_deref())?;
            let tag = mac(algorithm, &key, &text).ok_or(Stop::Unknown)?;
            if right.is_none() && offered.contains(&tag) {
                right = Some(index);
            }
        }
        if let Some(sent_at) = sent_at {
            self.judge_time(template, &sent_at, now)?;
        }
        right.ok_or(Stop::Invalid)
    }

    fn judge_time(&self, template: &str, sent_at: &[u8], now: SystemTime) -> Judged<()> {
        let parts = parts(template).ok_or(Stop::Unknown)?;
        let bounds = bounds(&parts, self.scheme["ts"]["from"].as_str()).ok_or(Stop::Unknown)?;
        let (digits, unit): (_, fn(u64) -> Duration) = match self.scheme["ts"]["unit"].as_str() {
            Some("rfc3339" | "http-date") => return Err(Stop::Unknown),
            Some("s") => (10, Duration::from_secs),
            Some("ms") => (13, Duration::from_millis),
            _ => (16, Duration::from_micros),
        };
        let since = number(sent_at).filter(|_| bounds.any_length || sent_at.len() == digits).map(unit);
        let now = now.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| Stop::Unknown)?;
        let since = since.ok_or(Stop::Invalid)?;
        // A time that `SystemTime` cannot represent is invalid.
        SystemTime::UNIX_EPOCH.checked_add(since).ok_or(Stop::Invalid)?;
        let (off, side) = if since > now { (since - now, "future") } else { (now - since, "past") };
        // Only whole seconds count.
        match self.scheme["ts"][side].as_u64() {
            Some(tolerated) if off.as_secs() > tolerated => Err(Stop::Invalid),
            _ => Ok(()),
        }
    }

    fn headers(&self, name: &str) -> Vec<&[u8]> {
        let Ok(name) = name.parse::<HeaderName>() else { return Vec::new() };
        self.head.headers.get_all(name).iter().map(|value| value.as_bytes()).collect()
    }

    /// Returns the texts with the signatures, and whether all of them are headers.
    fn signatures(&self) -> Judged<(Vec<Vec<u8>>, bool)> {
        let mut texts = Vec::new();
        let mut all_headers = true;
        for place in strings(&self.scheme["sig"]["from"]) {
            match place.strip_prefix("header:").or((!place.contains(':')).then_some(place)) {
                Some(name) => texts.extend(self.headers(name).into_iter().map(<[u8]>::to_vec)),
                None => {
                    all_headers = false;
                    texts.extend(self.find(place)?);
                }
            }
        }
        if let Some(separator) = self.scheme["sig"]["groups"].as_str() {
            let split = |text: Vec<u8>| -> Vec<Vec<u8>> {
                text.split(|byte| separator.as_bytes().contains(byte)).map(<[u8]>::to_vec).collect()
            };
            texts = texts.into_iter().flat_map(split).collect();
        }
        texts.retain(|text| !text.is_empty());
        // A repetition of the first text is not another text.
        let first = texts.first().cloned();
        let mut is_first = true;
        texts.retain(|text| std::mem::take(&mut is_first) || Some(text) != first.as_ref());
        if texts.is_empty() { Err(Stop::Invalid) } else { Ok((texts, all_headers)) }
    }

    fn without_prefix(&self, text: &[u8]) -> Option<Vec<u8>> {
        let sig = &self.scheme["sig"];
        let prefix = sig["prefix"].as_str().unwrap_or_default();
        match text.strip_prefix(prefix.as_bytes()) {
            Some(rest) => Some(rest.to_vec()),
            None => (sig["prefix_optional"] == true).then(|| text.to_vec()),
        }
    }

    fn items(&self, text: &[u8]) -> Vec<Vec<u8>> {
        let separator = self.scheme["sig"]["items"].as_str().map(str::as_bytes);
        let items: Vec<&[u8]> = match separator {
            Some(separator) => text.split(|byte| separator.contains(byte)).collect(),
            None => vec![text],
        };
        items.into_iter().map(|item| item.trim_ascii().to_vec()).filter(|item| !item.is_empty()).collect()
    }

    fn pair<'i>(&self, item: &'i [u8]) -> Option<(&'i [u8], &'i [u8])> {
        let sig = &self.scheme["sig"];
        let separator = sig["key_id"].as_str().or(sig["kv"].as_str())?.as_bytes();
        let at = item.iter().position(|byte| separator.contains(byte))?;
        Some((&item[..at], &item[at + 1..]))
    }

    /// Returns whether the texts have different values of a field that the scheme reads.
    fn contradicts(&self, texts: &[Vec<u8>]) -> bool {
        let templates = strings(&self.scheme["template"]).into_iter();
        let named = templates.flat_map(|template| parts(template).unwrap_or_default());
        let named = named.filter_map(|part| match part {
            Part::Named(name) => Some(name),
            Part::Literal(_) => None,
        });
        let places = [&self.scheme["ts"]["from"], &self.scheme["key"]["select_by"]];
        named.chain(places.into_iter().filter_map(Value::as_str)).any(|place| match place.split_once(':') {
            Some(("field" | "headers_named_by", key)) => {
                texts.iter().any(|text| self.field_in(text, key) != self.field_in(&texts[0], key))
            }
            Some(("item", _)) => true,
            _ => false,
        })
    }

    fn field(&self, key: &str) -> Option<Vec<u8>> {
        self.field_in(self.list.as_ref()?, key)
    }

    fn field_in(&self, text: &[u8], key: &str) -> Option<Vec<u8>> {
        let items = self.items(text);
        items.iter().find_map(|item| {
            let (found, value) = self.pair(item)?;
            (found == key.as_bytes()).then(|| value.to_vec())
        })
    }

    fn get(&self, place: &str) -> Judged<Vec<u8>> {
        self.find(place)?.ok_or(Stop::Invalid)
    }

    fn find(&self, place: &str) -> Judged<Option<Vec<u8>>> {
        let (kind, name) = place.split_once(':').ok_or(Stop::Invalid)?;
        let bytes = |text: Result<Option<String>, ()>| {
            text.map(|text| text.map(String::into_bytes)).map_err(|()| Stop::Invalid)
        };
        match kind {
            "header" => {
                let mut values = self.headers(name);
                values.dedup();
                match values[..] {
                    [] => Ok(None),
                    [one] => Ok(Some(one.to_vec())),
                    _ => Err(Stop::Invalid),
                }
            }
            "query" => bytes(only(form(self.head.uri.query().unwrap_or_default().as_bytes()), name)),
            "form" => bytes(only(form(self.body), name)),
            "field" => Ok(self.field(name)),
            "item" => {
                let index: usize = name.parse().map_err(|_| Stop::Invalid)?;
                Ok(self.list.as_ref().and_then(|list| self.items(list).into_iter().nth(index)))
            }
            _ => match Json::read(self.body).as_ref().map(|json| json.at(name)) {
                // The crate may find the value even if the JSON is invalid after the value.
                None => Err(Stop::Unknown),
                Some(Some(Json::Text(text))) => Ok(Some(text.clone().into_bytes())),
                Some(Some(Json::Bool(truth))) => Ok(Some(truth.to_string().into_bytes())),
                Some(Some(Json::Number(number))) => Ok(Some(number.clone().into_bytes())),
                Some(_) => Ok(None),
            },
        }
    }

    /// Returns the signed content.
    fn signed(
        &self,
        template: &str,
        versions: &[&str],
        key: &[u8],
        sent_at: Option<&[u8]>,
    ) -> Judged<Vec<u8>> {
        let parts = parts(template).ok_or(Stop::Unknown)?;
        let from = self.scheme["ts"]["from"].as_str();
        let mut bounds = bounds(&parts, from).ok_or(Stop::Unknown)?;
        // A body that is not JSON must not contain the text that precedes the body in the template of another
        // version.
        let others = versions.iter().filter(|version| **version != template);
        let mut marks =
            others.map(|other| before_body(other)).collect::<Option<Vec<_>>>().ok_or(Stop::Unknown)?;
        if parts.contains(&Part::Named("json:body")) {
            marks.push(String::new());
        }
        let body = parts.iter().position(|part| is_body(part));
        if !marks.is_empty() {
            let timestamp = Timestamp { from, shape: Kind::Constant };
            for (part, without) in parts.iter().zip(&mut bounds.without).take(body.unwrap_or(parts.len())) {
                if matches!(kind(part, timestamp), Kind::Any | Kind::Text | Kind::Url) {
                    without.extend(b"{[");
                }
            }
        }
        let is_itself = body.is_some_and(|at| matches!(parts[at], Part::Named("body" | "json:body")));
        let is_json = self.body.first().is_none_or(|first| b"{[".contains(first));
        let has = |mark: &String| {
            mark.is_empty() || self.body.windows(mark.len()).any(|text| text == mark.as_bytes())
        };
        if is_itself && !is_json && marks.iter().any(has) {
            return Err(Stop::Invalid);
        }
        let ends = match bounds.bracket {
            None => None,
            Some(b"{[") => self.body.first(),
            Some(_) => self.body.last(),
        };
        if ends.is_some_and(|end| bounds.bracket.is_some_and(|bracket| !bracket.contains(end))) {
            return Err(Stop::Invalid);
        }
        // A hash of the secret followed by other text allows length extension. The attack needs the hash's padding,
        // which contains a NUL byte.
        let is_plain = self.scheme["alg"].as_str().is_some_and(|algorithm| algorithm.starts_with("hash"));
        let is_extendable = is_plain && parts.last() != Some(&Part::Named("secret"));
        let mut text = Vec::new();
        for (part, without) in parts.iter().zip(&bounds.without) {
            let before = text.len();
            let name = match part {
                Part::Literal(literal) => {
                    text.extend(literal.bytes());
                    continue;
                }
                Part::Named(name) => *name,
            };
            match name {
                "body" | "json:body" => text.extend(self.body),
                "sha256hex:body" => text.extend(to_hex(&sha256(self.body)).bytes()),
                "ts" => text.extend(sent_at.unwrap_or_default()),
                "secret" => text.extend(key),
                "method" => text.extend(self.head.method.as_str().bytes()),
                "path_query" => text.extend(self.path_and_query().bytes()),
                "url" => text.extend(self.url()?),
                "sorted_form" => text.extend(sorted(self.body)?),
                name if name.starts_with("sorted_pairs") => {
                    let left_out = name.split_once(':').map(|(_, names)| names.split(',').collect());
                    text.extend(pairs(self.body, &left_out.unwrap_or(Vec::new()))?);
                }
                _ => match name.strip_prefix("headers_named_by:") {
                    Some(field) => text.extend(self.named_by(field)?),
                    None => {
                        text.extend(self.find(name)?.filter(|value| !value.is_empty()).ok_or(Stop::Invalid)?)
                    }
                },
            }
            let added = text.get(before..).unwrap_or_default();
            let is_capital = |byte: &u8| byte.is_ascii_uppercase() || *byte == b'-';
            if added.iter().any(|byte| without.contains(byte))
                || (is_extendable && name != "secret" && added.contains(&0))
                || (name == "method" && !added.iter().all(is_capital))
            {
                return Err(Stop::Invalid);
            }
        }
        Ok(text)
    }

    fn named_by(&self, field: &str) -> Judged<Vec<u8>> {
        let names = self.field(field).ok_or(Stop::Invalid)?;
        let names = names.split(|&byte| byte == b' ').map(<[u8]>::trim_ascii).filter(|name| !name.is_empty());
        let names: Vec<_> = names.collect();
        if names.len() > 32 {
            return Err(Stop::Invalid);
        }
        let value = |name: &&[u8]| match HeaderName::from_bytes(name) {
            Ok(name) => self.get(&format!("header:{name}")),
            Err(_) => Err(Stop::Invalid),
        };
        let values = names.iter().map(value).collect::<Judged<Vec<_>>>()?;
        // The values are joined with dots, so only the last one may contain a dot.
        let first = values.split_last().map_or(&[][..], |(_, first)| first);
        if first.iter().any(|value| value.contains(&b'.')) {
            return Err(Stop::Invalid);
        }
        Ok(values.join(&b'.'))
    }

    /// Returns the URL that the provider called, with `https`, host and path. A host in the URI takes precedence
    /// over the `host` header (RFC 9112).
    fn url(&self) -> Judged<Vec<u8>> {
        let uri = &self.head.uri;
        let mut hosts = self.headers("host");
        if hosts.len() > 1 {
            return Err(Stop::Invalid);
        }
        hosts.extend(uri.authority().map(|authority| authority.as_str().as_bytes()));
        let host = hosts.last().and_then(|host| std::str::from_utf8(host).ok()).ok_or(Stop::Invalid)?;
        let target = uri.path_and_query().map_or("", |target| target.as_str());
        if !is_host(host) || !target.starts_with(['/', '?']) {
            return Err(Stop::Invalid);
        }
        let slash = if target.starts_with('?') { "/" } else { "" };
        Ok(format!("https://{host}{slash}{target}").into_bytes())
    }

    fn path_and_query(&self) -> &str {
        self.head.uri.path_and_query().map_or("/", |path| path.as_str())
    }
}

/// Returns a string, or the strings in an array or an object.
fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        Value::Object(many) => many.values().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Returns the key's bytes. Returns `None` if the secret must be normalized first, stands for two keys, or cannot be
/// decoded.
fn key(format: &Value, secret: &str) -> Option<Vec<u8>> {
    let mut text = secret;
    for prefix in strings(&format["strip"]) {
        text = text.strip_prefix(prefix).unwrap_or(text);
    }
    if format["transform"].is_string() && !text.is_ascii() {
        return None;
    }
    match format.as_str().or(format["enc"].as_str()) {
        Some("hex") => hex(text.as_bytes()),
        Some("base64") => base64(text.as_bytes(), STANDARD),
        Some("base64url") => base64(text.as_bytes(), FOR_URLS),
        Some("utf8-or-whsec") => None,
        _ => Some(text.into()),
    }
}

fn sorted_fields(encoded: &[u8]) -> Judged<Vec<(String, String)>> {
    let mut fields = form(encoded);
    fields.sort();
    if fields.len() > 1024 { Err(Stop::Invalid) } else { Ok(fields) }
}

fn sorted(encoded: &[u8]) -> Judged<Vec<u8>> {
    let mut pairs = sorted_fields(encoded)?;
    pairs.dedup();
    Ok(pairs.into_iter().flat_map(|(name, value)| (name + &value).into_bytes()).collect())
}

/// Returns the form's fields as `name=value`, sorted and joined with `&`, if a reader of this text gets the same fields.
fn pairs(encoded: &[u8], left_out: &[&str]) -> Judged<Vec<u8>> {
    let mut pairs = sorted_fields(encoded)?;
    if pairs.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(Stop::Invalid);
    }
    pairs.retain(|(name, _)| left_out.iter().all(|left_out| left_out.trim() != name));
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let text = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let mut read: Vec<(String, String)> = Vec::new();
    for piece in text.split('&') {
        match (piece.split_once('='), read.last_mut()) {
            (Some((name, value)), _) => read.push((name.to_owned(), value.to_owned())),
            (None, Some((_, value))) => *value += &format!("&{piece}"),
            (None, None) => return Err(Stop::Invalid),
        }
    }
    if read == pairs { Ok(text.into_bytes()) } else { Err(Stop::Invalid) }
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn to_base64(bytes: &[u8]) -> String {
    let text = super::text::to_base64_url(bytes).replace('-', "+").replace('_', "/");
    let padding = (4 - text.len() % 4) % 4;
    text + &"=".repeat(padding)
}

fn is_host(text: &str) -> bool {
    let is_name = |name: &str| {
        let is_part = |part: char| part.is_ascii_alphanumeric() || "-._~%!$&'()*+,;=".contains(part);
        !name.is_empty() && name.chars().all(is_part)
    };
    let (is_host, rest) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((address, rest)) => (address.parse::<Ipv6Addr>().is_ok(), rest),
        None => {
            let (name, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
            (is_name(name), rest)
        }
    };
    let is_port =
        |port: &str| (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
    is_host && (rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port))
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Part<'t> {
    Literal(&'t str),
    Named(&'t str),
}

fn parts(template: &str) -> Option<Vec<Part<'_>>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((literal, tail)) = rest.split_once('{') {
        let (name, tail) = tail.split_once('}')?;
        parts.extend([Part::Literal(literal), Part::Named(name)]);
        rest = tail;
    }
    parts.push(Part::Literal(rest));
    parts.retain(|part| *part != Part::Literal(""));
    Some(parts)
}

fn is_body(part: &Part<'_>) -> bool {
    let is_body = |name: &str| name.starts_with("sorted_") || name == "body" || name.ends_with(":body");
    matches!(part, Part::Named(name) if is_body(name))
}

/// Returns the literal text directly before the body.
fn before_body(template: &str) -> Option<String> {
    let parts = parts(template)?;
    let body = parts.iter().position(is_body).unwrap_or(parts.len());
    Some(match body.checked_sub(1).and_then(|before| parts.get(before)) {
        Some(Part::Literal(text)) => (*text).to_owned(),
        _ => String::new(),
    })
}

/// The conditions under which the signed content can be split into its parts in one way only.
struct Bounds {
    /// The bytes that each part must not contain, in the order of the parts.
    without: Vec<Vec<u8>>,
    /// The opening brackets if the body must begin with one of them, or the closing brackets if it must end with one.
    bracket: Option<&'static [u8; 2]>,
    /// `true` if the timestamp may have any number of digits.
    any_length: bool,
}

/// Computes the bounds as documented. All parts but one are found from the left and from the right. If that is not
/// enough, a JSON bracket marks the beginning or the end of the body. The timestamp may have any number of digits
/// if the bounds can then still be found, with the same bracket as for a timestamp of fixed length.
fn bounds(parts: &[Part<'_>], from: Option<&str>) -> Option<Bounds> {
    let with = |shape| bounds_with(parts, Timestamp { from, shape });
    let fixed = with(Kind::Constant)?;
    match with(Kind::Digits).filter(|digits| digits.bracket == fixed.bracket) {
        Some(digits) => Some(Bounds { any_length: true, ..digits }),
        None => Some(fixed),
    }
}

fn bounds_with(parts: &[Part<'_>], timestamp: Timestamp<'_>) -> Option<Bounds> {
    if let Some(without) = run(parts, timestamp) {
        return Some(Bounds { without, bracket: None, any_length: false });
    }
    let body = parts.iter().position(|part| matches!(part, Part::Named("body" | "json:body")))?;
    let cut_at = |cut: usize, bracket: &'static [u8; 2]| {
        let (left, right) = parts.split_at(cut);
        let mut without = [run(left, timestamp)?, run(right, timestamp)?].concat();
        let is_before = bracket == b"{[";
        for (index, (part, without)) in parts.iter().zip(&mut without).enumerate() {
            let is_on_side = if is_before { index < body } else { index > body };
            if is_on_side && matches!(kind(part, timestamp), Kind::Any | Kind::Text | Kind::Url) {
                without.extend(bracket);
            }
        }
        Some(Bounds { without, bracket: Some(bracket), any_length: false })
    };
    cut_at(body, b"{[").or_else(|| cut_at(body + 1, b"}]"))
}

/// The location of the timestamp, and the kind of its part in the template.
#[derive(Clone, Copy)]
struct Timestamp<'t> {
    from: Option<&'t str>,
    shape: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Constant,
    Capitals,
    Digits,
    Url,
    Text,
    Any,
}

fn kind(part: &Part<'_>, timestamp: Timestamp<'_>) -> Kind {
    let Part::Named(name) = part else { return Kind::Constant };
    match *name {
        "ts" => timestamp.shape,
        "secret" | "sha256hex:body" => Kind::Constant,
        "method" => Kind::Capitals,
        "url" | "path_query" => Kind::Url,
        "body" | "json:body" | "sorted_form" => Kind::Any,
        name if name.starts_with("headers_named_by:") || name.starts_with("sorted_pairs") => Kind::Any,
        name if Some(name) == timestamp.from => timestamp.shape,
        _ => Kind::Text,
    }
}

/// Returns the bytes that each part must not contain, for a text whose beginning and end are known. Returns `None`
/// if the text can then still be split in several ways.
fn run(parts: &[Part<'_>], timestamp: Timestamp<'_>) -> Option<Vec<Vec<u8>>> {
    let kind = |part: &Part<'_>| kind(part, timestamp);
    // Returns the bytes that a part must not contain, so that the `adjacent` byte marks its end.
    let ended_by = |part: &Part<'_>, adjacent: Option<u8>| match (kind(part), adjacent) {
        (Kind::Constant, _) => Some(vec![]),
        (Kind::Capitals, Some(byte)) if !byte.is_ascii_uppercase() && byte != b'-' => Some(vec![]),
        (Kind::Digits, Some(byte)) if !byte.is_ascii_digit() => Some(vec![]),
        (Kind::Url, Some(byte)) if byte <= b' ' || byte >= 0x7f || b"\"<>\\^`{|}".contains(&byte) => {
            Some(vec![byte])
        }
        (Kind::Text, Some(byte)) => Some(vec![byte]),
        _ => None,
    };
    fn literal<'t>(part: Option<&Part<'t>>) -> Option<&'t [u8]> {
        match part {
            Some(Part::Literal(text)) => Some(text.as_bytes()),
            _ => None,
        }
    }
    let from_left = |at: usize| {
        let (part, next) = (&parts[at], parts.get(at + 1));
        let is_url = next.is_some_and(|next| kind(next) == Kind::Url)
            // A URL followed by sorted parameters counts as one part.
            && !is_strung_together(parts, at + 1);
        if (kind(part) == Kind::Capitals && is_url) || is_strung_together(parts, at) {
            return Some(vec![]);
        }
        ended_by(part, literal(next).and_then(|text| text.first().copied()))
    };
    let from_right = |at: usize| {
        let previous = at.checked_sub(1).and_then(|at| parts.get(at));
        ended_by(&parts[at], literal(previous).and_then(|text| text.last().copied()))
    };
    let mut found: Vec<Option<Vec<u8>>> = vec![None; parts.len()];
    let left = (0..parts.len().saturating_sub(1)).take_while(|at| {
        found[*at] = from_left(*at);
        found[*at].is_some()
    });
    let left = left.count();
    (left + 1..parts.len()).for_each(|at| found[at] = from_right(at));
    let one_is_left = found.iter().skip(left + 1).all(Option::is_some);
    one_is_left.then(|| found.into_iter().map(Option::unwrap_or_default).collect())
}

/// Returns whether the part is a URL followed only by a sorted form.
fn is_strung_together(parts: &[Part<'_>], at: usize) -> bool {
    let [.., url, Part::Named("sorted_form")] = parts else { return false };
    at + 2 == parts.len() && matches!(url, Part::Named("url" | "path_query"))
}
