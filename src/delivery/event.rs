use std::{error::Error, fmt, ops::Deref, sync::Arc};

use serde::de::DeserializeOwned;

use super::field_path::FieldPath;
use crate::{BoxError, verify::ContentError};

/// A decoded payload, of the type set by [`json`](crate::WebhookLayer::json), `form` or
/// [`decode`](crate::WebhookLayer::decode).
///
/// It derefs to `T`, works as a pattern, and is easy to construct in tests of a handler:
///
/// ```
/// use std::sync::Arc;
/// use tower_webhook::Event;
///
/// # #[derive(serde::Deserialize)] struct Invoice { number: u32 }
/// async fn on_invoice(Event(invoice): Event<Invoice>) -> String {
///     format!("invoice {}", invoice.number)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let event = Event(Arc::new(Invoice { number: 17 }));
/// assert_eq!(on_invoice(event).await, "invoice 17");
/// # }
/// ```
///
/// The payload is decoded once, and clones share it. Borrow it with `&*event`, for instance in a `match`. To
/// own it, use [`into_inner`](Self::into_inner) if `T` is `Clone`, and
/// [`try_into_inner`](Self::try_into_inner) otherwise.
///
/// A delivery has an `Event` of one type: for any other type, the axum extractor responds with 500, and the
/// extensions contain no value. If each route or event type has its own type, decode with
/// [`Delivery::json`](crate::Delivery::json) or with the axum extractor `Payload<T>`.
#[allow(clippy::exhaustive_structs, reason = "used as a pattern in handler arguments")]
pub struct Event<T>(
    /// The decoded payload.
    pub Arc<T>,
);

impl<T> Event<T> {
    pub(crate) fn new(event: T) -> Self {
        Self(Arc::new(event))
    }

    /// Returns the decoded payload. Clones it if the event is shared.
    ///
    /// In an axum handler the event is not shared, unless the handler also extracts the `Request`, or the
    /// event a second time. Elsewhere, take it from the extensions with
    /// `extensions_mut().remove::<Event<T>>()` rather than `get`. If `T` is not `Clone`, use
    /// [`try_into_inner`](Self::try_into_inner), or borrow: `match &*event`.
    #[must_use]
    pub fn into_inner(self) -> T
    where
        T: Clone,
    {
        Arc::unwrap_or_clone(self.0)
    }

    /// Returns the decoded payload if the event is not shared, as in an axum handler. `T` need not be
    /// `Clone`.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use tower_webhook::Event;
    /// struct Invoice { number: u32 } // not `Clone`
    ///
    /// let event = Event(Arc::new(Invoice { number: 17 }));
    /// let Ok(invoice) = event.try_into_inner() else { panic!("the event is shared") };
    /// assert_eq!(invoice.number, 17);
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the event itself if it is shared.
    pub fn try_into_inner(self) -> Result<T, Self> {
        Arc::try_unwrap(self.0).map_err(Self)
    }
}

impl<T> Clone for Event<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Event<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Event<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Event").field(&*self.0).finish()
    }
}

/// The error for a payload that is not of the expected type.
///
/// Its text names the [`path`](Self::path) of the field and the problem:
///
/// ```text
/// payload field `lines[3].price` is invalid, at line 1 column 57
/// payload field `number` is missing, at line 1 column 2
/// payload is not valid JSON, at line 1 column 1
/// ```
///
/// Neither the text nor `Debug` contains payload data. The [`source`](Error::source) is the decoder's error,
/// which may quote the payload: keep it out of logs.
///
/// With the feature `axum`, `DecodeError` implements `IntoResponse`. If a handler responds with it, the layer
/// rejects the request with 422 and releases the claim.
pub struct DecodeError {
    text: String,
    path: Option<String>,
    source: BoxError,
}

impl DecodeError {
    /// Creates the error of a failed decoding. Decodes again to find the path.
    #[cold]
    pub(super) fn json<T: DeserializeOwned>(json: &[u8], error: serde_json::Error) -> Self {
        use serde_json::error::Category;
        let problem = match error.classify() {
            Category::Eof => Problem::Payload("ends too early"),
            Category::Syntax | Category::Io => Problem::Payload("is not valid JSON"),
            Category::Data => {
                Problem::Field(FieldPath::of_failure::<T>(&mut serde_json::Deserializer::from_slice(json)))
            }
        };
        let position = format!(", at line {} column {}", error.line(), error.column());
        Self::new(&problem, &position, error)
    }

    /// Converts an error of the decoding function, which may already be a `DecodeError`.
    pub(super) fn from_any(error: BoxError) -> Self {
        match error.downcast::<Self>() {
            Ok(error) => *error,
            Err(source) => {
                let text = match source.downcast_ref::<ContentError>() {
                    Some(error) => error.to_string(),
                    None => "payload is not of the expected type".to_owned(),
                };
                Self { text, path: None, source }
            }
        }
    }

    #[cfg(feature = "form")]
    #[cold]
    pub(super) fn form<T: DeserializeOwned>(form: &[u8], error: impl Into<BoxError>) -> Self {
        let form = serde_html_form::Deserializer::from_bytes(form);
        Self::new(&Problem::Field(FieldPath::of_failure::<T>(form)), "", error)
    }

    fn new(problem: &Problem, position: &str, source: impl Into<BoxError>) -> Self {
        let (text, path) = match problem {
            Problem::Payload(problem) => (format!("payload {problem}"), None),
            Problem::Field(path) if path.is_empty() => {
                ("payload is not of the expected type".to_owned(), None)
            }
            Problem::Field(path) => {
                let problem = if path.is_missing() { "missing" } else { "invalid" };
                (format!("payload field `{path}` is {problem}"), Some(path.to_string()))
            }
        };
        Self { text: text + position, path, source: source.into() }
    }

    /// Returns the path of the field that failed, such as `lines[3].price`. `None` if the payload as a whole
    /// is not of the expected type, or if the path is unknown.
    ///
    /// The path consists of field names of structs, and indexes. The key of a map is `*`, and so is each
    /// field of a struct that contains a `#[serde(flatten)]`. The path ends at an enum, or at a type that
    /// buffers its content, as tagged and untagged enums do.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }
}

enum Problem {
    Payload(&'static str),
    Field(FieldPath),
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DecodeError").field(&self.text).finish()
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for DecodeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[allow(dead_code, reason = "only decoded")]
    struct Order {
        number: u8,
    }

    fn json_error(json: &str) -> DecodeError {
        let error = serde_json::from_str::<Order>(json).unwrap_err();
        DecodeError::json::<Order>(json.as_bytes(), error)
    }

    #[test]
    fn json_errors_name_the_field_without_its_value() {
        for (json, text, path) in [
            (
                r#"{"number":"SECRET"}"#,
                "payload field `number` is invalid, at line 1 column 18",
                Some("number"),
            ),
            (r#"{"SECRET":1}"#, "payload field `number` is missing, at line 1 column 12", Some("number")),
            (r#""SECRET""#, "payload is not of the expected type, at line 1 column 8", None),
            ("SECRET", "payload is not valid JSON, at line 1 column 1", None),
            (r#"{"number":1} SECRET"#, "payload is not valid JSON, at line 1 column 14", None),
            ("", "payload ends too early, at line 1 column 0", None),
        ] {
            let error = json_error(json);
            assert_eq!((&*error.to_string(), error.path()), (text, path), "{json}");
            assert_eq!(format!("{error:?}"), format!("DecodeError({text:?})"));
            assert!(error.source().is_some_and(<dyn Error>::is::<serde_json::Error>));
        }
    }

    #[cfg(feature = "form")]
    #[test]
    fn form_errors_name_the_field_without_its_value() {
        for (form, text) in [
            ("number=SECRET", "payload field `number` is invalid"),
            ("SECRET=1", "payload field `number` is missing"),
        ] {
            let error = serde_html_form::from_str::<Order>(form).unwrap_err();
            assert_eq!(DecodeError::form::<Order>(form.as_bytes(), error).to_string(), text);
        }
    }
}
