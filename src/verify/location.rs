use std::{borrow::Cow, convert::Infallible, error::Error, fmt, str::FromStr};

use http::{HeaderName, HeaderValue, request::Parts};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{VerifyError, only_parameter, optional_header, parameter, scan};

/// The location of a value in a delivery, such as the delivery id, the event type or a timestamp.
///
/// Each location has a text form, which [`FromStr`], [`TryFrom`] and [`Deserialize`] read, and
/// [`Display`](fmt::Display) and [`Serialize`] write:
///
/// | text | location |
/// |---|---|
/// | `header:x-id` | [`Header`](Self::Header) |
/// | `body:/data/id` | [`Json`](Self::Json) |
/// | `query:id` | [`Query`](Self::Query) |
/// | `form:id` | [`Form`](Self::Form) |
/// | `field:t` | [`Field`](Self::Field) |
/// | `item:0` | [`Item`](Self::Item) |
///
/// ```
/// use tower_webhook::verify::Location;
///
/// let location: Location = "header:X-Acme-Delivery".parse()?;
/// assert_eq!(location, Location::header("x-acme-delivery"));
/// assert_eq!(Location::json("/data/id").to_string(), "body:/data/id");
/// assert!("x-acme-delivery".parse::<Location>().is_err());
/// # Ok::<(), tower_webhook::verify::InvalidLocation>(())
/// ```
///
/// `Field` and `Item` refer to the header that holds the signature. Only a [`Scheme`](super::Scheme) knows
/// that header, so these locations are valid only for a scheme's timestamp, key id and templates. In a
/// [`Profile`](super::Profile), they never have a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Location {
    /// The value of a header.
    Header(HeaderName),
    /// A string, number or boolean in a JSON body, named by a JSON pointer (RFC 6901): `/data/id`. A number
    /// keeps its original notation.
    Json(Cow<'static, str>),
    /// A parameter of the URL's query.
    Query(Cow<'static, str>),
    /// A field of a URL-encoded form in the body.
    Form(Cow<'static, str>),
    /// The value of a pair in the signature's header: `t` in `t=1700000000,v1=5257…`.
    Field(Cow<'static, str>),
    /// An item of the list in the signature's header, counted from 0.
    Item(usize),
}

impl Location {
    /// Returns the location of the header `name`, which must be in lower case.
    ///
    /// # Panics
    ///
    /// Panics if `name` is not a valid header name. Meant for literals; for other names, use
    /// [`Location::Header`] or [`FromStr`].
    #[must_use]
    pub const fn header(name: &'static str) -> Self {
        Self::Header(HeaderName::from_static(name))
    }

    /// Returns the location in a JSON body that `pointer` names.
    #[must_use]
    pub const fn json(pointer: &'static str) -> Self {
        Self::Json(Cow::Borrowed(pointer))
    }
}

impl FromStr for Location {
    type Err = InvalidLocation;

    fn from_str(text: &str) -> Result<Self, InvalidLocation> {
        let (kind, name) = text.split_once(':').ok_or_else(|| InvalidLocation::kind(text))?;
        let named = |location: fn(Cow<'static, str>) -> Self| match name {
            "" => Err(InvalidLocation::new(format!("location `{text}` has no name"))),
            name => Ok(location(name.to_owned().into())),
        };
        match kind {
            "header" => Self::header_named(name),
            "body" if name.starts_with('/') => named(Self::Json),
            "body" => {
                Err(InvalidLocation::new(format!("`{name}` is not a JSON pointer, which begins with `/`")))
            }
            "query" => named(Self::Query),
            "form" => named(Self::Form),
            "field" => named(Self::Field),
            "item" => match name.parse() {
                Ok(index) => Ok(Self::Item(index)),
                Err(_) => Err(InvalidLocation::new(format!("location `{text}` has no index"))),
            },
            _ => Err(InvalidLocation::kind(text)),
        }
    }
}

impl TryFrom<&str> for Location {
    type Error = InvalidLocation;

    fn try_from(text: &str) -> Result<Self, InvalidLocation> {
        text.parse()
    }
}

impl TryFrom<String> for Location {
    type Error = InvalidLocation;

    fn try_from(text: String) -> Result<Self, InvalidLocation> {
        text.parse()
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Json(pointer) => write!(f, "body:{pointer}"),
            Self::Query(name) => write!(f, "query:{name}"),
            Self::Form(name) => write!(f, "form:{name}"),
            Self::Field(key) => write!(f, "field:{key}"),
            Self::Item(index) => write!(f, "item:{index}"),
        }
    }
}

impl Serialize for Location {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Location {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The error for text that is not a [`Location`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidLocation(Box<str>);

impl InvalidLocation {
    fn new(reason: impl Into<Box<str>>) -> Self {
        Self(reason.into())
    }

    fn kind(text: &str) -> Self {
        InvalidLocation::new(format!(
            "location `{text}` does not begin with `header:`, `body:`, `query:`, `form:`, `field:` or `item:`"
        ))
    }
}

impl fmt::Display for InvalidLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for InvalidLocation {}

/// Lets a function with an `impl TryInto<Location>` parameter accept a [`Location`], whose conversion cannot
/// fail.
impl From<Infallible> for InvalidLocation {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// A list of [`Location`]s, of which the first with a value counts.
///
/// Use several for a provider that moved a value, or that sends it in different places. A location with an
/// empty value counts as absent. The [`Default`] is an empty list. In JSON, `Locations` is a string or a list
/// of strings.
///
/// ```
/// use tower_webhook::verify::{Location, Locations};
///
/// let one = Locations::from(Location::header("x-acme-id"));
/// let several = Locations::try_from(["header:x-acme-id", "body:/id"])?;
/// assert_eq!(several.as_slice(), [Location::header("x-acme-id"), Location::json("/id")]);
/// assert_ne!(one, several);
/// # Ok::<(), tower_webhook::verify::InvalidLocation>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locations(Vec<Location>);

impl Locations {
    /// Returns the locations in the order in which they are searched.
    #[must_use]
    pub fn as_slice(&self) -> &[Location] {
        &self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Location> for Locations {
    fn from(location: Location) -> Self {
        Self(vec![location])
    }
}

impl<const N: usize> From<[Location; N]> for Locations {
    fn from(locations: [Location; N]) -> Self {
        Self(locations.into())
    }
}

impl From<Vec<Location>> for Locations {
    fn from(locations: Vec<Location>) -> Self {
        Self(locations)
    }
}

impl TryFrom<&str> for Locations {
    type Error = InvalidLocation;

    fn try_from(text: &str) -> Result<Self, InvalidLocation> {
        text.parse().map(|location: Location| location.into())
    }
}

impl TryFrom<String> for Locations {
    type Error = InvalidLocation;

    fn try_from(text: String) -> Result<Self, InvalidLocation> {
        text.as_str().try_into()
    }
}

impl<const N: usize> TryFrom<[&str; N]> for Locations {
    type Error = InvalidLocation;

    fn try_from(texts: [&str; N]) -> Result<Self, InvalidLocation> {
        texts.into_iter().map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl TryFrom<Vec<String>> for Locations {
    type Error = InvalidLocation;

    fn try_from(texts: Vec<String>) -> Result<Self, InvalidLocation> {
        texts.iter().map(|text| text.parse()).collect::<Result<_, _>>().map(Self)
    }
}

impl Serialize for Locations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        OneOrMany::from(self.0.iter().map(Location::to_string).collect::<Vec<_>>()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Locations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = Vec::from(OneOrMany::deserialize(deserializer)?);
        texts.try_into().map_err(serde::de::Error::custom)
    }
}

/// A string or a list of strings.
#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a location or a list of locations")]
pub(crate) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl From<Vec<String>> for OneOrMany {
    fn from(mut texts: Vec<String>) -> Self {
        match texts.pop() {
            Some(text) if texts.is_empty() => Self::One(text),
            last => {
                texts.extend(last);
                Self::Many(texts)
            }
        }
    }
}

impl From<OneOrMany> for Vec<String> {
    fn from(texts: OneOrMany) -> Self {
        match texts {
            OneOrMany::One(text) => vec![text],
            OneOrMany::Many(texts) => texts,
        }
    }
}

impl Location {
    pub(crate) fn header_named(name: &str) -> Result<Self, InvalidLocation> {
        header_name(name).map(Self::Header)
    }

    pub(crate) fn is_in_body(&self) -> bool {
        matches!(self, Self::Json(_) | Self::Form(_))
    }

    /// Returns the first value at this location.
    pub(crate) fn first<'a>(&self, head: &'a Parts, body: &'a [u8]) -> Option<RequestValue<'a>> {
        self.find(head, body, Repeated::First).ok().flatten()
    }

    /// Returns the first value at this location; `None` if the location is not in the body.
    pub(crate) fn first_in_body<'a>(&self, body: &'a [u8]) -> Option<Cow<'a, str>> {
        self.find_in_body(body, Repeated::First).ok().flatten()
    }

    /// Returns the only value at this location. A header or parameter that is repeated with another value is
    /// an error.
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
            Self::Field(_) | Self::Item(_) => None,
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
            Self::Header(_) | Self::Query(_) | Self::Field(_) | Self::Item(_) => None,
        })
    }
}

pub(crate) fn header_name(name: &str) -> Result<HeaderName, InvalidLocation> {
    name.parse().map_err(|_| InvalidLocation::new(format!("`{name}` is not a header name")))
}

/// The value at a [`Location`]. A header's value is kept as `HeaderValue`, which can be cloned without
/// copying bytes.
pub(crate) enum RequestValue<'a> {
    Header(&'a HeaderValue),
    Text(Cow<'a, str>),
}

impl RequestValue<'_> {
    /// Returns the text; empty if a header is not UTF-8.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Header(value) => str::from_utf8(value.as_bytes()).unwrap_or_default(),
            Self::Text(text) => text,
        }
    }
}

/// The rule for a repeated header or parameter.
///
/// The rule does not apply to JSON, where the first of two equal keys always counts. This is acceptable: a
/// scheme that signs a value in the JSON, but not the body, does not protect the rest of the body anyway.
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Location, Locations};

    #[test]
    fn each_kind_of_location_round_trips() {
        let locations = [
            ("header:x-id", Location::header("x-id")),
            ("body:/data/id", Location::json("/data/id")),
            ("query:id", Location::Query("id".into())),
            ("form:a:b", Location::Form("a:b".into())),
            ("field:t", Location::Field("t".into())),
            ("item:2", Location::Item(2)),
        ];
        for (text, location) in locations {
            assert_eq!(text.parse(), Ok(location.clone()));
            assert_eq!(Location::try_from(text.to_owned()), Ok(location.clone()));
            assert_eq!(location.to_string(), text);
            let json = serde_json::to_string(&location).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<Location>(&json).unwrap(), location);
        }
    }

    #[test]
    fn errors_state_why_a_location_is_invalid() {
        let texts = [
            ("", "location `` does not begin with `header:`, "),
            ("x-id", "location `x-id` does not begin with `header:`, "),
            ("Header:x-id", "location `Header:x-id` does not begin with `header:`, "),
            ("header:x id", "`x id` is not a header name"),
            ("header:", "`` is not a header name"),
            ("body:id", "`id` is not a JSON pointer, which begins with `/`"),
            ("query:", "location `query:` has no name"),
            ("form:", "location `form:` has no name"),
            ("field:", "location `field:` has no name"),
            ("item:first", "location `item:first` has no index"),
            ("item:-1", "location `item:-1` has no index"),
        ];
        for (text, message) in texts {
            let error = text.parse::<Location>().unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
            let json = serde_json::from_str::<Location>(&format!("\"{text}\"")).unwrap_err().to_string();
            assert!(json.starts_with(message), "{json}");
        }
    }

    #[test]
    fn one_location_is_a_string_in_json_and_several_are_a_list() {
        for (json, count) in [(r#""header:x-id""#, 1), (r#"["header:x-id","body:/id"]"#, 2), ("[]", 0)] {
            let locations: Locations = serde_json::from_str(json).unwrap();
            assert_eq!(locations.as_slice().len(), count);
            assert_eq!(serde_json::to_string(&locations).unwrap(), json);
        }
        let error = serde_json::from_str::<Locations>(r#"["header:x-id","id"]"#).unwrap_err().to_string();
        assert!(error.starts_with("location `id` does not begin with"), "{error}");
        let error = serde_json::from_str::<Locations>("1").unwrap_err().to_string();
        assert!(error.starts_with("expected a location or a list of locations"), "{error}");
    }
}
