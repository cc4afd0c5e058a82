//! The signature base: the text that is signed.

use std::{borrow::Cow, fmt};

use form_urlencoded::parse;
use http::HeaderName;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::fields::Input;
use crate::verify::{RequestContext, VerifyError, called_path, called_url};

/// The characters that a URL-encoded form escapes (WHATWG URL, "application/x-www-form-urlencoded
/// percent-encode set").
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// A component of the request that a signature can cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ComponentName {
    Derived(&'static str),
    /// The parameter of the query with this name, which is encoded.
    QueryParam(Box<str>),
    Header(HeaderName),
}

impl ComponentName {
    pub(super) const CONTENT_DIGEST: Self = Self::Header(super::fields::CONTENT_DIGEST);

    const DERIVED: [&'static str; 7] =
        ["@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query"];

    /// Returns the component with this name, and with this value of its parameter `name`.
    pub(super) fn new(name: &str, parameter: Option<&str>) -> Option<Self> {
        match (name, parameter) {
            ("@query-param", Some(parameter)) => {
                // Each parameter has one encoded name, so that a component cannot be repeated in another form.
                let decoded = percent_decode_str(parameter).decode_utf8().ok()?;
                (encoded(&decoded) == *parameter).then(|| Self::QueryParam(parameter.into()))
            }
            (_, Some(_)) => None,
            (name, None) if name.starts_with('@') => {
                Self::DERIVED.into_iter().find(|derived| *derived == name).map(Self::Derived)
            }
            (name, None) => {
                let header = HeaderName::from_bytes(name.as_bytes()).ok()?;
                // `HeaderName` also accepts names in upper case.
                (header.as_str() == name).then_some(Self::Header(header))
            }
        }
    }

    /// Parses a component of the configuration: a name, or `@query-param;name="…"`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.split_once(';') {
            None => Self::new(text, None),
            Some((name, parameter)) => {
                let parameter = parameter.strip_prefix("name=\"")?.strip_suffix('"')?;
                Self::new(name, Some(parameter))
            }
        }
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        match self {
            Self::Derived(derived) => *derived == name,
            Self::QueryParam(_) => false,
            Self::Header(header) => header.as_str() == name,
        }
    }

    pub(super) fn is_query_param(&self, name: &str) -> bool {
        matches!(self, Self::QueryParam(param) if **param == *encoded(name))
    }

    /// Writes the component as in `signature-input`. No part of it needs an escape.
    pub(super) fn write(&self, out: &mut String) {
        let (name, parameter) = match self {
            Self::Derived(name) => (*name, None),
            Self::QueryParam(parameter) => ("@query-param", Some(parameter)),
            Self::Header(name) => (name.as_str(), None),
        };
        out.push('"');
        out.push_str(name);
        out.push('"');
        if let Some(parameter) = parameter {
            out.push_str(";name=\"");
            out.push_str(parameter);
            out.push('"');
        }
    }
}

impl fmt::Display for ComponentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Derived(name) => f.write_str(name),
            Self::QueryParam(parameter) => write!(f, "@query-param;name=\"{parameter}\""),
            Self::Header(name) => f.write_str(name.as_str()),
        }
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, FORM).to_string()
}

/// Writes the signature base of a request.
pub(super) fn write(input: &Input<'_>, request: &RequestContext<'_>) -> Result<Vec<u8>, VerifyError> {
    let mut base = String::new();
    for component in &input.components {
        component.write(&mut base);
        base.push_str(": ");
        let value = value(component, request)?;
        // A line break would end the component. A URL of the configuration may contain any text.
        if !is_line(&value) {
            return Err(VerifyError::malformed("signed component contains text that is not ASCII"));
        }
        base.push_str(&value);
        base.push('\n');
    }
    base.push_str("\"@signature-params\": ");
    input.write(&mut base);
    Ok(base.into_bytes())
}

/// Returns whether the text is ASCII without line breaks and other control characters.
pub(in crate::verify) fn is_line(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~'))
}

/// Returns the value of a component.
fn value<'r>(component: &ComponentName, request: &RequestContext<'r>) -> Result<Cow<'r, str>, VerifyError> {
    let head = request.head();
    let derived = match component {
        ComponentName::Header(name) => return header(request, name),
        ComponentName::QueryParam(name) => return query_param(request, name).map(Cow::Owned),
        ComponentName::Derived(derived) => *derived,
    };
    Ok(match derived {
        "@method" => Cow::Borrowed(head.method.as_str()),
        "@target-uri" => Cow::Owned(called_url(request)?),
        "@authority" => Cow::Owned(authority(&called_url(request)?)?),
        "@scheme" => Cow::Owned(scheme(&called_url(request)?)?.to_ascii_lowercase()),
        "@request-target" => Cow::Owned(target(request)?),
        "@path" => {
            let mut path = target(request)?;
            path.truncate(path.find('?').unwrap_or(path.len()));
            Cow::Owned(path)
        }
        // `@query`
        _ => {
            let target = target(request)?;
            Cow::Owned(target.find('?').and_then(|at| target.get(at..)).unwrap_or("?").to_owned())
        }
    })
}

/// Returns the value of a header. A repeated header is an error: RFC 9421 signs the combined values, so an
/// attacker could split one value into several.
fn header<'r>(request: &RequestContext<'r>, name: &HeaderName) -> Result<Cow<'r, str>, VerifyError> {
    let mut values = request.head().headers.get_all(name).iter();
    let value = values.next().ok_or_else(|| VerifyError::missing_header(name))?;
    if values.next().is_some() {
        return Err(VerifyError::malformed(format!("signed header `{name}` is repeated")));
    }
    let value = value.to_str().map_err(|_| VerifyError::malformed(format!("`{name}` is not ASCII")))?;
    Ok(Cow::Borrowed(value.trim_ascii()))
}

/// Returns the path and the query. An empty path is `/`.
pub(in crate::verify) fn target(request: &RequestContext<'_>) -> Result<String, VerifyError> {
    let mut target = called_path(request)?;
    if !target.starts_with('/') {
        target.insert(0, '/');
    }
    Ok(target)
}

fn scheme(url: &str) -> Result<&str, VerifyError> {
    Ok(parts(url)?.0)
}

/// Returns the host in lower case, with the port unless it is the scheme's default.
fn authority(url: &str) -> Result<String, VerifyError> {
    let scheme = scheme(url)?;
    let authority = host(url)?.to_ascii_lowercase();
    let default = if scheme.eq_ignore_ascii_case("http") { ":80" } else { ":443" };
    Ok(authority.strip_suffix(default).unwrap_or(&authority).to_owned())
}

/// Returns the host as it is written, with the port.
pub(in crate::verify) fn host(url: &str) -> Result<&str, VerifyError> {
    let (_, rest) = parts(url)?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    rest.get(..end)
        .filter(|host| !host.is_empty() && !host.contains('@'))
        .ok_or(VerifyError::malformed("URL has no host, or a user name"))
}

fn parts(url: &str) -> Result<(&str, &str), VerifyError> {
    url.split_once("://").ok_or(VerifyError::malformed("URL has no scheme"))
}

/// Returns the encoded value of a parameter of the query, which must be present once.
fn query_param(request: &RequestContext<'_>, name: &str) -> Result<String, VerifyError> {
    let target = target(request)?;
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let mut values =
        parse(query.as_bytes()).filter(|(found, _)| encoded(found) == *name).map(|(_, value)| value);
    let value = values
        .next()
        .ok_or_else(|| VerifyError::missing(format!("signed query parameter `{name}` is missing")))?;
    // Invalid UTF-8 is parsed as U+FFFD, which does not determine the bytes that were sent.
    match values.next().is_some() || value.contains('\u{fffd}') {
        true => {
            Err(VerifyError::malformed(format!("signed query parameter `{name}` is repeated or not UTF-8")))
        }
        false => Ok(encoded(&value)),
    }
}
