use std::borrow::Cow;

use http::{HeaderName, request::Parts};

use super::{InvalidScheme, pairs::Pairs};
use crate::verify::{VerifyError, only_parameter, optional_header, scan};

/// Where in a request a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Header(HeaderName),
    /// In a JSON body, at a pointer.
    Body(Box<str>),
    Query(Box<str>),
    Form(Box<str>),
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
            "header" => Self::Header(header_name(name)?),
            "body" if name.starts_with('/') => Self::Body(name.into()),
            "query" => Self::Query(name.into()),
            "form" => Self::Form(name.into()),
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
            Self::Header(name) => format!("there is no {name} header"),
            Self::Body(pointer) => format!("there is no {pointer} in the body"),
            Self::Query(name) => format!("there is no {name} in the query"),
            Self::Form(name) => format!("there is no {name} in the form"),
            Self::Field(key) => format!("there is no {key} in the signature's header"),
            Self::Item(index) => format!("there is no item {index} in the signature's header"),
        }
    }

    /// The error when nothing is there.
    pub(super) fn missing(&self) -> VerifyError {
        match self {
            Self::Header(name) => VerifyError::missing_header(name),
            other => VerifyError::missing(other.absent()),
        }
    }

    /// Whether the body has to be there to look.
    pub(super) fn is_in_body(&self) -> bool {
        matches!(self, Self::Body(_) | Self::Form(_))
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

    /// The value at `place`, which may not be there, but not be there twice.
    ///
    /// Of a key that is twice in a JSON body the first counts: a scheme that signs such a value and
    /// not the body protects nothing else of it.
    pub(super) fn find(&self, place: &Place) -> Result<Option<Cow<'a, [u8]>>, VerifyError> {
        Ok(match place {
            Place::Header(name) => {
                optional_header(&self.head.headers, name)?.map(|value| Cow::Borrowed(value.as_bytes()))
            }
            Place::Field(key) => self.pairs.and_then(|pairs| pairs.value(key.as_bytes())).map(Cow::Borrowed),
            Place::Item(index) => self.pairs.and_then(|pairs| pairs.item(*index)).map(Cow::Borrowed),
            Place::Query(name) => {
                only_parameter(self.head.uri.query().unwrap_or_default().as_bytes(), name)?.map(bytes)
            }
            Place::Form(name) => only_parameter(self.body.unwrap_or_default(), name)?.map(bytes),
            Place::Body(pointer) => {
                scan(self.body.unwrap_or_default(), pointer).map(|text| bytes(String::from(text).into()))
            }
        })
    }
}

fn bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}
