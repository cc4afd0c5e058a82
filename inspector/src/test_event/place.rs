//! Values in a request, at the places that a provider's profile names.

use std::{borrow::Cow, collections::BTreeMap, ops::Range};

use axum::http::HeaderValue;
use serde::Deserialize;
use serde_json::{Number, Value, value::RawValue};
use tower_webhook::{BoxError, verify::Location};

use super::{Signed, fields::Fields};

/// Returns the value at a place, if it is a text or a number.
pub(super) fn read(request: &Signed, place: &Location) -> Option<String> {
    match place {
        Location::Header(name) => Some(request.headers().get(name)?.to_str().ok()?.to_owned()),
        Location::Query(name) => parameter(request.uri().query()?, name),
        _ => read_body(str::from_utf8(request.body()).ok()?, place),
    }
}

/// Writes a value to a place.
pub(super) fn write(request: &mut Signed, place: &Location, value: &str) -> Result<(), BoxError> {
    match place {
        Location::Header(name) => {
            request.headers_mut().insert(name, HeaderValue::from_str(value)?);
        }
        Location::Query(name) => {
            let query = with_parameter(request.uri().query().unwrap_or_default(), name, value);
            let uri = request.uri().to_string();
            let base = uri.split('?').next().unwrap_or_default();
            *request.uri_mut() = format!("{base}?{query}").parse()?;
        }
        _ => {
            let body = str::from_utf8(request.body()).map_err(|_| "body is not text")?;
            *request.body_mut() = write_body(body, place, value.into())?.into();
        }
    }
    Ok(())
}

/// Returns the value at a place in the body.
pub(super) fn read_body(body: &str, place: &Location) -> Option<String> {
    match place {
        Location::Json(pointer) => {
            let text = body.get(span(body, pointer)?)?;
            match serde_json::from_str(text) {
                Ok(Value::String(text)) => Some(text),
                Ok(Value::Number(_)) => Some(text.to_owned()),
                _ => None,
            }
        }
        Location::Form(name) => parameter(body, name),
        _ => None,
    }
}

/// Writes a value to a place in the body, and leaves the rest of the body unchanged. A number stays a number.
pub(super) fn write_body(body: &str, place: &Location, value: Value) -> Result<String, BoxError> {
    match place {
        Location::Json(pointer) => {
            let Some(span) = span(body, pointer) else {
                let json = serde_json::from_str(body).map_err(|_| "body is not JSON")?;
                let mut fields = Fields { json, form: Vec::new() };
                fields.set(pointer, value);
                return Ok(serde_json::to_string_pretty(&fields.json)?);
            };
            let (before, after) = (body.get(..span.start), body.get(span.end..));
            let old = body.get(span).unwrap_or_default();
            let is_number = |text: &str| serde_json::from_str::<Number>(text).is_ok();
            let new = match value.as_str() {
                Some(digits) if is_number(old) && is_number(digits) => digits.to_owned(),
                _ => value.to_string(),
            };
            Ok([before.unwrap_or_default(), &new, after.unwrap_or_default()].concat())
        }
        Location::Form(name) => Ok(with_parameter(body, name, value.as_str().unwrap_or_default())),
        _ => Err("provider has no such place in the body".into()),
    }
}

/// Returns the position of the value at a JSON pointer.
fn span(json: &str, pointer: &str) -> Option<Range<usize>> {
    let mut value = json;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        value = match value.trim_start().starts_with('[') {
            true => {
                let items: Vec<&RawValue> = serde_json::from_str(value).ok()?;
                items.get(step.parse::<usize>().ok()?)?.get()
            }
            false => {
                let Members(members) = serde_json::from_str(value).ok()?;
                members.get(&*step)?.get()
            }
        };
    }
    // The value is a slice of the body, so its position is known.
    let start = value.as_ptr().addr().checked_sub(json.as_ptr().addr())?;
    Some(start..start + value.len())
}

/// The members of an object. Their names may have escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Members<'j>(#[serde(borrow)] BTreeMap<Cow<'j, str>, &'j RawValue>);

fn parameter(encoded: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(encoded.as_bytes());
    Some(pairs.find(|(found, _)| found == name)?.1.into_owned())
}

/// Sets a parameter, and keeps the encoding of the others, because URLs are signed as text.
fn with_parameter(encoded: &str, name: &str, value: &str) -> String {
    let is_other = |pair: &&str| {
        !pair.is_empty() && form_urlencoded::parse(pair.as_bytes()).all(|(found, _)| found != name)
    };
    let mut pairs: Vec<_> = encoded.split('&').filter(is_other).map(str::to_owned).collect();
    pairs.push(form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish());
    pairs.join("&")
}
