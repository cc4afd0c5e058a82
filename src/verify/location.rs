use std::borrow::Cow;

use http::{HeaderName, HeaderValue, request::Parts};

use super::{VerifyError, only_parameter, optional_header, parameter, scan};

/// Where in a delivery a fact about it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Location {
    /// The value of a header.
    Header(HeaderName),
    /// A string, number or boolean in a JSON body, named by a JSON pointer (RFC 6901): `/data/id`. A number is
    /// taken as it is written.
    Json(Cow<'static, str>),
    /// A parameter of the URL's query.
    Query(Cow<'static, str>),
    /// A field of a form.
    Form(Cow<'static, str>),
}

impl Location {
    /// The header `name`, which must be in lower case.
    ///
    /// # Panics
    ///
    /// If `name` is not a header's name; it is meant for literals. Use [`Location::Header`] for others.
    #[must_use]
    pub const fn header(name: &'static str) -> Self {
        Self::Header(HeaderName::from_static(name))
    }

    /// The place in a JSON body that `pointer` names.
    #[must_use]
    pub const fn json(pointer: &'static str) -> Self {
        Self::Json(Cow::Borrowed(pointer))
    }
}

impl Location {
    pub(crate) fn is_in_body(&self) -> bool {
        matches!(self, Self::Json(_) | Self::Form(_))
    }

    /// Returns the first value here.
    pub(crate) fn first<'a>(&self, head: &'a Parts, body: &'a [u8]) -> Option<RequestValue<'a>> {
        self.find(head, body, Repeated::First).ok().flatten()
    }

    /// Returns the first value here, if this is a location in the body.
    pub(crate) fn first_in_body<'a>(&self, body: &'a [u8]) -> Option<Cow<'a, str>> {
        self.find_in_body(body, Repeated::First).ok().flatten()
    }

    /// Returns the single value here. A header or a parameter that is repeated is rejected.
    pub(crate) fn single<'a>(
        &self,
        head: &'a Parts,
        body: &'a [u8],
    ) -> Result<Option<RequestValue<'a>>, VerifyError> {
        self.find(head, body, Repeated::Rejected)
    }

    #[inline]
    fn find<'a>(
        &self,
        head: &'a Parts,
        body: &'a [u8],
        repeated: Repeated,
    ) -> Result<Option<RequestValue<'a>>, VerifyError> {
        Ok(match self {
            Self::Header(name) => match repeated {
                Repeated::First => head.headers.get(name),
                Repeated::Rejected => optional_header(&head.headers, name)?,
            }
            .map(RequestValue::Header),
            Self::Query(name) => {
                let query = head.uri.query().unwrap_or_default();
                repeated.parameter(query.as_bytes(), name)?.map(RequestValue::Text)
            }
            Self::Json(_) | Self::Form(_) => self.find_in_body(body, repeated)?.map(RequestValue::Text),
        })
    }

    fn find_in_body<'a>(
        &self,
        body: &'a [u8],
        repeated: Repeated,
    ) -> Result<Option<Cow<'a, str>>, VerifyError> {
        Ok(match self {
            Self::Json(pointer) => scan(body, pointer).map(|text| String::from(text).into()),
            Self::Form(name) => repeated.parameter(body, name)?,
            Self::Header(_) | Self::Query(_) => None,
        })
    }
}

/// The value at a [`Location`]. That of a header is borrowed as it is, so that it can be cloned without a copy.
pub(crate) enum RequestValue<'a> {
    Header(&'a HeaderValue),
    Text(Cow<'a, str>),
}

/// The rule for a header or a parameter that is there more than once.
///
/// Of a key that is repeated in a JSON object, the first always counts: a scheme that signs such a value and
/// not the body protects nothing else of the body.
#[derive(Clone, Copy)]
enum Repeated {
    First,
    Rejected,
}

impl Repeated {
    fn parameter<'a>(self, encoded: &'a [u8], name: &str) -> Result<Option<Cow<'a, str>>, VerifyError> {
        match self {
            Self::First => Ok(parameter(encoded, name)),
            Self::Rejected => only_parameter(encoded, name),
        }
    }
}
