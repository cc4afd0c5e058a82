//! Parameters of forms and queries.

use std::borrow::Cow;

use super::{multipart_field, without_bom};
use crate::verify::VerifyError;

/// Names and values of parameters.
pub(crate) type Parameters<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Returns the parameters of a form or a query, sorted by name and without duplicate pairs.
pub(crate) fn sorted_parameters(encoded: &[u8]) -> Result<Parameters<'_>, VerifyError> {
    let mut parameters = all_sorted_parameters(encoded)?;
    parameters.dedup();
    Ok(parameters)
}

/// Returns the parameters of a form or a query, sorted by name, with duplicate pairs.
///
/// The number of parameters is limited, because a parameter of two bytes takes far more memory once it is
/// parsed, and the request is not verified yet.
pub(crate) fn all_sorted_parameters(encoded: &[u8]) -> Result<Parameters<'_>, VerifyError> {
    const MAX: usize = 1024;
    let mut parameters: Parameters<'_> = form_urlencoded::parse(encoded).take(MAX + 1).collect();
    if parameters.len() > MAX {
        return Err(VerifyError::malformed("form or query has more than 1024 parameters"));
    }
    parameters.sort();
    Ok(parameters)
}

/// Returns the value of a parameter. A repetition with another value is an error, because other code might
/// read that value.
pub(crate) fn only_parameter<'a>(encoded: &'a [u8], name: &str) -> Result<Option<Cow<'a, str>>, VerifyError> {
    let mut values = form_urlencoded::parse(encoded).filter(|(key, _)| key == name).map(|(_, value)| value);
    let first = values.next();
    match values.any(|value| Some(value) != first) {
        true => Err(VerifyError::malformed(format!("`{name}` parameter is repeated with another value"))),
        false => Ok(first),
    }
}

/// Returns the first value of a parameter in a query or a form.
pub(crate) fn parameter<'a>(encoded: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    form_urlencoded::parse(encoded).find_map(|(key, value)| (key == name).then_some(value))
}

/// Returns the value of a field of a URL-encoded or multipart form. A body that begins like JSON is not
/// parsed as a form.
pub(crate) fn form_field<'b>(body: &'b [u8], field: &str) -> Option<Cow<'b, [u8]>> {
    let body = without_bom(body);
    let value = match body {
        [b'{' | b'[' | b' ' | b'\n' | b'\r' | b'\t', ..] => return None,
        [b'-', b'-', ..] => return multipart_field(body, field).map(Cow::Borrowed),
        _ => parameter(body, field)?,
    };
    Some(match value {
        Cow::Borrowed(value) => Cow::Borrowed(value.as_bytes()),
        Cow::Owned(value) => Cow::Owned(value.into_bytes()),
    })
}
