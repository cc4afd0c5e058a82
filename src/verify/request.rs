//! What of a request providers sign beside the bytes of its body: the URL, and sorted parameters.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue, header, request::Parts, uri::PathAndQuery};

use super::{PublicUrl, VerifyError};

/// The URL that the provider called: the one it was given, if the layer knows it, else the
/// request's own. Over HTTP/1 that is put together with the `host` header; providers call `https`.
pub(crate) fn called_url(head: &Parts) -> Vec<u8> {
    url_pieces(head).concat()
}

/// [`called_url`] in the pieces it is put together of.
pub(super) fn url_pieces(head: &Parts) -> [&[u8]; 4] {
    let uri = &head.uri;
    if let Some(PublicUrl(url)) = head.extensions.get() {
        return match uri.query() {
            Some(query) if !url.contains('?') => [url.as_bytes(), b"?", query.as_bytes(), b""],
            _ => [url.as_bytes(), b"", b"", b""],
        };
    }
    let host = head.headers.get(header::HOST).map(HeaderValue::as_bytes);
    [
        uri.scheme_str().unwrap_or("https").as_bytes(),
        b"://",
        uri.authority().map(|authority| authority.as_str().as_bytes()).or(host).unwrap_or_default(),
        uri.path_and_query().map_or("/", PathAndQuery::as_str).as_bytes(),
    ]
}

/// What of a URL comes after the host.
pub(crate) fn path_and_query(url: &[u8]) -> &[u8] {
    let after = |mark: &[u8]| {
        let at = url.windows(mark.len()).position(|window| window == mark);
        at.and_then(|at| url.get(at + mark.len()..))
    };
    let rest = after(b"://").unwrap_or(url);
    let start = rest.iter().position(|byte| matches!(byte, b'/' | b'?'));
    start.and_then(|start| rest.get(start..)).unwrap_or_default()
}

/// Names and values.
pub(crate) type Parameters<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// The parameters of a form or a query in the order of their names, each pair once.
pub(crate) fn sorted_parameters(encoded: &[u8]) -> Result<Parameters<'_>, VerifyError> {
    let mut parameters = all_sorted_parameters(encoded)?;
    parameters.dedup();
    Ok(parameters)
}

/// The parameters of a form or a query in the order of their names, each pair as often as it is there.
///
/// A parameter takes up far more memory than the two bytes it can be sent in, and nobody has proved
/// to be anybody yet: so there may not be any number of them.
pub(crate) fn all_sorted_parameters(encoded: &[u8]) -> Result<Parameters<'_>, VerifyError> {
    const MOST: usize = 1024;
    let mut parameters: Parameters<'_> = form_urlencoded::parse(encoded).take(MOST + 1).collect();
    if parameters.len() > MOST {
        return Err(VerifyError::malformed("there are more than 1024 parameters"));
    }
    parameters.sort();
    Ok(parameters)
}

/// The value of a parameter that may be there once: which of two would others read?
pub(crate) fn only_parameter<'a>(encoded: &'a [u8], name: &str) -> Result<Option<Cow<'a, str>>, VerifyError> {
    let mut values = form_urlencoded::parse(encoded).filter(|(key, _)| key == name).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(VerifyError::malformed(format!("there are several {name} parameters"))),
        (value, None) => Ok(value),
    }
}

/// The headers that a sender says it signed, in a list parted by `separator`.
///
/// Few: each mention of a header has its value hashed, before anything is believed, and a list that
/// names a long one again and again would make a small request a lot of work.
pub(crate) fn signed_headers(list: &[u8], separator: u8) -> Result<Vec<HeaderName>, VerifyError> {
    const MOST: usize = 32;
    let malformed = VerifyError::malformed;
    let names = list.split(|&byte| byte == separator).map(<[u8]>::trim_ascii);
    let names = names.filter(|name| !name.is_empty()).take(MOST + 1).map(HeaderName::from_bytes);
    let names: Vec<_> = names
        .collect::<Result<_, _>>()
        .map_err(|_| malformed("a header that is said to be signed has no header's name"))?;
    if names.len() > MOST {
        return Err(malformed("too many headers are said to be signed"));
    }
    Ok(names)
}
