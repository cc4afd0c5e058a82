//! Headers of a request.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::verify::VerifyError;

/// Returns the value of the header `name`; `None` if the header is absent.
///
/// Several are rejected: the provider signed one of them, and others may read another.
pub(crate) fn optional_header<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'h HeaderValue>, VerifyError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(VerifyError::malformed(format!("there are several {name} headers"))),
        (value, None) => Ok(value),
    }
}

/// Returns the value of the header `name`, which must be there once.
pub(crate) fn single_header<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> Result<&'h HeaderValue, VerifyError> {
    optional_header(headers, name)?.ok_or_else(|| VerifyError::missing_header(name))
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
