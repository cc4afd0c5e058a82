use std::{borrow::Cow, fmt};

use http::{HeaderName, request::Parts};

use super::{InvalidScheme, pairs::Pairs};
use crate::verify::{VerifyError, parameter, scan};

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
        self.find(place)?.ok_or_else(|| VerifyError::missing(format!("there is no {}", Named(place))))
    }

    /// The value at `place`, which may not be there, but not be there twice.
    pub(super) fn find(&self, place: &Place) -> Result<Option<Cow<'a, [u8]>>, VerifyError> {
        Ok(match place {
            Place::Header(name) => {
                let mut values = self.head.headers.get_all(name).iter();
                let value = values.next().map(|value| Cow::Borrowed(value.as_bytes()));
                // Which one was signed, and which one would others read? Not a question to guess at.
                if values.next().is_some() {
                    return Err(VerifyError::malformed(format!("there are several {name} headers")));
                }
                value
            }
            Place::Field(key) => self.pairs.and_then(|pairs| pairs.value(key.as_bytes())).map(Cow::Borrowed),
            Place::Item(index) => self.pairs.and_then(|pairs| pairs.item(*index)).map(Cow::Borrowed),
            Place::Query(name) => {
                parameter(self.head.uri.query().unwrap_or_default().as_bytes(), name).map(bytes)
            }
            Place::Form(name) => parameter(self.body.unwrap_or_default(), name).map(bytes),
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

/// A place, as an operator reads of it.
struct Named<'p>(&'p Place);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Place::Header(name) => write!(f, "{name} header"),
            Place::Body(pointer) => write!(f, "{pointer} in the body"),
            Place::Query(name) => write!(f, "{name} in the query"),
            Place::Form(name) => write!(f, "{name} in the form"),
            Place::Field(key) => write!(f, "{key} in the signature's header"),
            Place::Item(index) => write!(f, "item {index} in the signature's header"),
        }
    }
}
