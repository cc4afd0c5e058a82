//! Parameters of forms and queries.

use std::borrow::Cow;

use super::multipart_field;
use crate::verify::VerifyError;

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

/// The first value of a parameter in a query or a form.
pub(crate) fn parameter<'a>(encoded: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    form_urlencoded::parse(encoded).find_map(|(key, value)| (key == name).then_some(value))
}

/// The value of a form's field, whichever way the form is posted. A body that is JSON does not begin
/// with the field's name.
pub(crate) fn form_field<'b>(body: &'b [u8], field: &str) -> Option<Cow<'b, [u8]>> {
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
