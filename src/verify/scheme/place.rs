use std::borrow::Cow;

use http::{HeaderName, request::Parts};

use super::{InvalidScheme, pairs::Pairs};
use crate::verify::{Location, RequestValue, VerifyError};

/// Where in a request or in its signature a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Request(Location),
    /// In the text of the signature: the value of a pair.
    Field(Box<str>),
    /// In the text of the signature: an item of the list, counted from 0.
    Item(usize),
}

impl Place {
    pub(super) fn parse(text: &str) -> Result<Self, InvalidScheme> {
        let (kind, name) =
            text.split_once(':').ok_or_else(|| InvalidScheme::new(format!("`{text}` is no place")))?;
        Ok(match kind {
            "header" => Self::Request(Location::Header(header_name(name)?)),
            "body" if name.starts_with('/') => Self::Request(Location::Json(name.to_owned().into())),
            "query" => Self::Request(Location::Query(name.to_owned().into())),
            "form" => Self::Request(Location::Form(name.to_owned().into())),
            "field" => Self::Field(name.into()),
            "item" => {
                Self::Item(name.parse().map_err(|_| InvalidScheme::new(format!("`{text}` is no place")))?)
            }
            _ => return Err(InvalidScheme::new(format!("`{text}` is no place"))),
        })
    }

    /// What an operator is told when nothing is there.
    pub(super) fn absent(&self) -> String {
        match self {
            Self::Request(Location::Header(name)) => format!("there is no {name} header"),
            Self::Request(Location::Json(pointer)) => format!("there is no {pointer} in the body"),
            Self::Request(Location::Query(name)) => format!("there is no {name} in the query"),
            Self::Request(Location::Form(name)) => format!("there is no {name} in the form"),
            Self::Field(key) => format!("there is no {key} in the signature's header"),
            Self::Item(index) => format!("there is no item {index} in the signature's header"),
        }
    }

    /// The error when nothing is there.
    pub(super) fn missing(&self) -> VerifyError {
        match self {
            Self::Request(Location::Header(name)) => VerifyError::missing_header(name),
            other => VerifyError::missing(other.absent()),
        }
    }

    /// Whether the body has to be there to look.
    pub(super) fn is_in_body(&self) -> bool {
        matches!(self, Self::Request(location) if location.is_in_body())
    }
}

pub(super) fn header_name(name: &str) -> Result<HeaderName, InvalidScheme> {
    name.parse().map_err(|_| InvalidScheme::new(format!("`{name}` is no header's name")))
}

/// Where values are taken from.
#[derive(Clone, Copy)]
pub(super) struct Sources<'a> {
    pub(super) head: &'a Parts,
    /// Once it was received.
    pub(super) body: Option<&'a [u8]>,
    /// The text that the signature is in.
    pub(super) pairs: Option<Pairs<'a>>,
}

impl<'a> Sources<'a> {
    /// The value at `place`, which must be there.
    pub(super) fn get(&self, place: &Place) -> Result<Cow<'a, [u8]>, VerifyError> {
        self.find(place)?.ok_or_else(|| place.missing())
    }

    /// The value at `place`; `None` if it is absent.
    pub(super) fn find(&self, place: &Place) -> Result<Option<Cow<'a, [u8]>>, VerifyError> {
        Ok(match place {
            Place::Request(location) => location.single(self.head, self.body.unwrap_or_default())?.map(bytes),
            Place::Field(key) => self.pairs.and_then(|pairs| pairs.value(key.as_bytes())).map(Cow::Borrowed),
            Place::Item(index) => self.pairs.and_then(|pairs| pairs.item(*index)).map(Cow::Borrowed),
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
