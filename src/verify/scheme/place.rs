use std::borrow::Cow;

use super::pairs::Pairs;
use crate::verify::{Location, RequestContext, RequestValue, VerifyError};

impl Location {
    /// Returns the text of the error for a missing value.
    pub(super) fn absent(&self) -> String {
        match self {
            Self::Header(name) => format!("`{name}` header is missing"),
            Self::Json(pointer) => format!("`{pointer}` is missing in the body"),
            Self::Query(name) => format!("`{name}` is missing in the query"),
            Self::Form(name) => format!("`{name}` is missing in the form"),
            Self::Field(key) => format!("`{key}` is missing in the signature's header"),
            Self::Item(index) => format!("item {index} is missing in the signature's header"),
        }
    }

    /// Returns the error for a missing value.
    pub(super) fn missing(&self) -> VerifyError {
        match self {
            Self::Header(name) => VerifyError::missing_header(name),
            other => VerifyError::missing(other.absent()),
        }
    }

    pub(super) fn is_header(&self) -> bool {
        matches!(self, Self::Header(_))
    }

    /// Returns whether the location is within the header that holds the signature.
    pub(super) fn is_in_signature(&self) -> bool {
        matches!(self, Self::Field(_) | Self::Item(_))
    }
}

/// The sources of values.
#[derive(Clone, Copy)]
pub(super) struct Sources<'a> {
    pub(super) request: RequestContext<'a>,
    /// The body, once received.
    pub(super) body: Option<&'a [u8]>,
    /// The text that holds the signature.
    pub(super) pairs: Option<Pairs<'a>>,
}

impl<'a> Sources<'a> {
    /// Returns the value at `place`, or an error if it is missing.
    pub(super) fn get(&self, place: &Location) -> Result<Cow<'a, [u8]>, VerifyError> {
        self.find(place)?.ok_or_else(|| place.missing())
    }

    /// Returns the value at `place`; `None` if it is missing.
    pub(super) fn find(&self, place: &Location) -> Result<Option<Cow<'a, [u8]>>, VerifyError> {
        Ok(match place {
            Location::Field(key) => {
                self.pairs.and_then(|pairs| pairs.value(key.as_bytes())).map(Cow::Borrowed)
            }
            Location::Item(index) => self.pairs.and_then(|pairs| pairs.item(*index)).map(Cow::Borrowed),
            place => place.single(self.request.head(), self.body.unwrap_or_default())?.map(bytes),
        })
    }
}

fn bytes(value: RequestValue<'_>) -> Cow<'_, [u8]> {
    match value {
        RequestValue::Header(value) => Cow::Borrowed(value.as_bytes()),
        RequestValue::Text(Cow::Borrowed(text)) => Cow::Borrowed(text.as_bytes()),
        RequestValue::Text(Cow::Owned(text)) => Cow::Owned(text.into_bytes()),
    }
}
