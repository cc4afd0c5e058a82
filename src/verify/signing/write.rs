//! Helpers that write the signed values and the signature into a request.

use bytes::Bytes;
use form_urlencoded::Serializer;
use http::{HeaderName, HeaderValue, Uri, request::Parts, uri::PathAndQuery};
use serde_json::Value;

use super::CannotSign;
use crate::{store::Token, verify::multipart_field};

/// Returns a unique id or nonce of letters and digits.
pub(crate) fn made_up() -> String {
    Token::mint().to_string()
}

/// Returns a unique nonce of digits.
pub(crate) fn made_up_number() -> String {
    u128::from_be_bytes(Token::mint().to_bytes()).to_string()
}

/// Hides a secret in a header from `Debug`.
pub(crate) fn hide(head: &mut Parts, name: &HeaderName) {
    if let Some(value) = head.headers.get_mut(name) {
        value.set_sensitive(true);
    }
}

/// A request that is being signed.
pub(crate) trait Write {
    /// Sets a header, replacing all headers of the same name.
    fn write_header(&mut self, name: &HeaderName, value: impl AsRef<[u8]>) -> Result<(), CannotSign>;

    /// Sets a header if it is absent.
    fn default_header(&mut self, name: &HeaderName, value: impl FnOnce() -> String)
    -> Result<(), CannotSign>;

    /// Sets a query parameter, replacing all parameters of the same name.
    fn write_query(&mut self, name: &str, value: &str) -> Result<(), CannotSign>;
}

impl Write for Parts {
    fn write_header(&mut self, name: &HeaderName, value: impl AsRef<[u8]>) -> Result<(), CannotSign> {
        let value = HeaderValue::from_bytes(value.as_ref())
            .map_err(|_| CannotSign::new(format!("value for the `{name}` header is invalid")))?;
        self.headers.insert(name.clone(), value);
        Ok(())
    }

    fn default_header(
        &mut self,
        name: &HeaderName,
        value: impl FnOnce() -> String,
    ) -> Result<(), CannotSign> {
        match self.headers.contains_key(name) {
            true => Ok(()),
            false => self.write_header(name, value()),
        }
    }

    fn write_query(&mut self, name: &str, value: &str) -> Result<(), CannotSign> {
        let path = self.uri.path().to_owned();
        let query = with_parameter(self.uri.query().unwrap_or_default(), name, value);
        let no_url = || CannotSign::new("parameter cannot be added to the request URL");
        let mut uri = self.uri.clone().into_parts();
        uri.path_and_query = Some(PathAndQuery::try_from(format!("{path}?{query}")).map_err(|_| no_url())?);
        self.uri = Uri::from_parts(uri).map_err(|_| no_url())?;
        Ok(())
    }
}

/// Returns the form with one more field, replacing all fields of the same name.
pub(crate) fn form_with(form: &[u8], name: &str, value: &str) -> Result<Bytes, CannotSign> {
    let form = std::str::from_utf8(form).map_err(|_| CannotSign::new("body is not a form"))?;
    Ok(with_parameter(form, name, value).into())
}

/// Sets a field of a form. For a URL-encoded form, does the same as [`form_with`]. In a multipart form,
/// replaces the value of the field, or adds the field as the first.
pub(crate) fn any_form_with(form: &[u8], name: &str, value: &str) -> Result<Bytes, CannotSign> {
    if !form.starts_with(b"--") {
        return form_with(form, name, value);
    }
    let changed = match multipart_field(form, name) {
        Some(old) => {
            // The field is a slice of the form, so its position is known.
            let (before, rest) = form.split_at(old.as_ptr().addr() - form.as_ptr().addr());
            [before, value.as_bytes(), rest.strip_prefix(old).unwrap_or_default()].concat()
        }
        None => {
            let end = form.windows(2).position(|window| window == b"\r\n");
            let boundary = end.and_then(|end| form.get(..end)).unwrap_or_default();
            let head = format!("\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            [boundary, head.as_bytes(), form].concat()
        }
    };
    // A form with a repeated field, or without an end, cannot be read.
    match multipart_field(&changed, name) == Some(value.as_bytes()) {
        true => Ok(changed.into()),
        false => Err(CannotSign::new("body is not a multipart form")),
    }
}

/// Sets a parameter, and keeps the encoding of the others, because URLs are signed as text.
fn with_parameter(encoded: &str, name: &str, value: &str) -> String {
    let is_other = |pair: &&str| {
        !pair.is_empty() && form_urlencoded::parse(pair.as_bytes()).all(|(found, _)| found != name)
    };
    let mut pairs: Vec<String> = encoded.split('&').filter(is_other).map(str::to_owned).collect();
    pairs.push(Serializer::new(String::new()).append_pair(name, value).finish());
    pairs.join("&")
}

/// Returns the JSON body with a text at `pointer`, whose parent must exist.
pub(crate) fn json_with(json: &[u8], pointer: &str, text: &str) -> Result<Bytes, CannotSign> {
    let mut value = read_json(json)?;
    let (parent, name) = pointer.rsplit_once('/').unwrap_or(("", pointer));
    let parent = value.pointer_mut(parent).and_then(Value::as_object_mut);
    let parent = parent.ok_or_else(|| CannotSign::new(format!("body has no object for `{pointer}`")))?;
    parent.insert(name.replace("~1", "/").replace("~0", "~"), text.into());
    Ok(value.to_string().into())
}

/// Parses a JSON body in order to add a signature. Loses its white space and the order of its fields.
pub(crate) fn read_json(json: &[u8]) -> Result<Value, CannotSign> {
    serde_json::from_slice(json).map_err(|_| CannotSign::new("body is not JSON"))
}
