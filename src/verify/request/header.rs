//! Headers of a request.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::verify::VerifyError;

/// Returns the value of the header `name`; `None` if the header is absent.
///
/// A header with two different values is an error: the provider may have signed one, and other code might
/// read the other.
pub(crate) fn optional_header<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'h HeaderValue>, VerifyError> {
    // If no header of the request has two values, one look-up suffices.
    if headers.len() == headers.keys_len() {
        return Ok(headers.get(name));
    }
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    match values.any(|value| Some(value) != first) {
        true => Err(VerifyError::malformed(format!("`{name}` header is repeated with another value"))),
        false => Ok(first),
    }
}

/// Returns the value of the header `name`, which must be present with one value.
pub(crate) fn single_header<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> Result<&'h HeaderValue, VerifyError> {
    optional_header(headers, name)?.ok_or_else(|| VerifyError::missing_header(name))
}

/// Returns the headers that the sender lists as signed, separated by `separator`.
///
/// Their number is limited, because the value of each listed header is hashed before the request is verified.
/// Without the limit, a list that repeats a long header would make a small request expensive.
pub(crate) fn signed_headers(list: &[u8], separator: u8) -> Result<Vec<HeaderName>, VerifyError> {
    const MAX: usize = 32;
    let malformed = VerifyError::malformed;
    let names = list.split(|&byte| byte == separator).map(<[u8]>::trim_ascii);
    let names = names.filter(|name| !name.is_empty()).take(MAX + 1).map(HeaderName::from_bytes);
    let names: Vec<_> = names
        .collect::<Result<_, _>>()
        .map_err(|_| malformed("list of signed headers contains an invalid header name"))?;
    if names.len() > MAX {
        return Err(malformed("list of signed headers is too long"));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_may_list_32_signed_headers() {
        let list = |count| vec!["x-a"; count].join(",");
        assert_eq!(signed_headers(list(32).as_bytes(), b',').map(|names| names.len()).ok(), Some(32));
        for count in [33, 34, 1000] {
            let error = signed_headers(list(count).as_bytes(), b',').err();
            assert_eq!(
                error.map(|error| error.to_string()).as_deref(),
                Some("list of signed headers is too long")
            );
        }
    }
}
