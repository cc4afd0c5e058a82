use std::borrow::Cow;

use http::HeaderName;

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
}
