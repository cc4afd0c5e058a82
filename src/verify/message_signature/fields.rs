//! The structured fields of a signed request: `signature-input`, `signature` and `content-digest`.

use std::{
    borrow::Cow,
    convert::Infallible,
    error::Error,
    fmt,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderName, HeaderValue};
use sfv::{
    BareItemFromInput, KeyRef, Parser,
    visitor::{DictionaryVisitor, EntryVisitor, Ignored, InnerListVisitor, ItemVisitor, ParameterVisitor},
};

use super::base::ComponentName;
use crate::verify::VerifyError;

pub(super) const SIGNATURE_INPUT: HeaderName = HeaderName::from_static("signature-input");
pub(in crate::verify) const SIGNATURE: HeaderName = HeaderName::from_static("signature");
pub(in crate::verify) const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// The maximum length of a structured field in bytes. A usual field has less than 1 KiB.
pub(in crate::verify) const LONGEST: usize = 8 * 1024;

/// The maximum number of members of a structured field.
pub(in crate::verify) const MAX_MEMBERS: usize = 16;

/// The maximum number of components of a signature.
pub(in crate::verify) const MAX_COMPONENTS: usize = 64;

/// Returns the value of a structured field, which may be split into several headers.
pub(super) fn combined<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Cow<'h, [u8]>, VerifyError> {
    let mut lines = headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let first = lines.next().ok_or_else(|| VerifyError::missing_header(name))?;
    let mut combined = Cow::Borrowed(first);
    for line in lines {
        if combined.len() > LONGEST {
            break;
        }
        let combined = combined.to_mut();
        combined.extend_from_slice(b", ");
        combined.extend_from_slice(line);
    }
    match combined.len() <= LONGEST {
        true => Ok(combined),
        false => Err(VerifyError::malformed(format!("`{name}` header is longer than 8 KiB"))),
    }
}

/// The reason for refusing a structured field that is well-formed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused(&'static str);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Refused {}

const REPEATED_LABEL: Refused = Refused("name of a member is repeated");
const TOO_MANY_LABELS: Refused = Refused("field has more than 16 members");

/// A parameter of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parameter {
    Created,
    Expires,
    Nonce,
    Alg,
    KeyId,
    Tag,
}

impl Parameter {
    const ALL: [Self; 6] = [Self::Created, Self::Expires, Self::Nonce, Self::Alg, Self::KeyId, Self::Tag];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Expires => "expires",
            Self::Nonce => "nonce",
            Self::Alg => "alg",
            Self::KeyId => "keyid",
            Self::Tag => "tag",
        }
    }

    fn is_time(self) -> bool {
        matches!(self, Self::Created | Self::Expires)
    }
}

/// The value of a parameter.
#[derive(Debug)]
pub(super) enum Value<'de> {
    Integer(i64),
    Text(Cow<'de, str>),
}

/// A member of `signature-input`: the components that a signature covers, and its parameters.
#[derive(Debug)]
pub(super) struct Input<'de> {
    pub(super) label: &'de str,
    pub(super) components: Vec<ComponentName>,
    /// The components while the field is parsed.
    raw: Vec<RawComponent<'de>>,
    /// The parameters in the order of the header, which is signed.
    pub(super) parameters: Vec<(Parameter, Value<'de>)>,
    /// The reason why the signature cannot be verified. It counts only if this signature is the one to verify:
    /// a proxy may have added others.
    pub(super) problem: Option<&'static str>,
}

impl<'de> Input<'de> {
    /// Creates a signature that covers `components`.
    pub(super) fn new(
        label: &'de str,
        components: Vec<ComponentName>,
        parameters: Vec<(Parameter, Value<'de>)>,
    ) -> Self {
        Self { label, components, raw: Vec::new(), parameters, problem: None }
    }

    fn refuse(&mut self, problem: &'static str) {
        self.problem.get_or_insert(problem);
    }

    /// Interprets the components that were parsed.
    fn read_components(&mut self) {
        for RawComponent { name, parameter } in std::mem::take(&mut self.raw) {
            match name.and_then(|name| ComponentName::new(&name, parameter.as_deref())) {
                None => self.refuse(UNKNOWN_COMPONENT),
                Some(component) if self.components.contains(&component) => self.refuse(REPEATED_COMPONENT),
                Some(component) => self.components.push(component),
            }
        }
    }

    /// Returns a parameter that is text, if present.
    pub(super) fn text(&self, parameter: Parameter) -> Option<&str> {
        self.parameters.iter().find_map(|(name, value)| match value {
            Value::Text(text) if *name == parameter => Some(&**text),
            _ => None,
        })
    }

    /// Returns a parameter that is a time, if present.
    pub(super) fn time(&self, parameter: Parameter) -> Result<Option<SystemTime>, VerifyError> {
        let number = self.parameters.iter().find_map(|(name, value)| match value {
            Value::Integer(number) if *name == parameter => Some(*number),
            _ => None,
        });
        let Some(number) = number else { return Ok(None) };
        let since = u64::try_from(number).ok().map(Duration::from_secs);
        let time = since.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
        time.map(Some).ok_or_else(|| {
            VerifyError::malformed(format!("signature parameter `{}` is not a time", parameter.as_str()))
        })
    }

    /// Writes the components and the parameters as a structured field.
    pub(super) fn write(&self, out: &mut String) {
        out.push('(');
        for (index, component) in self.components.iter().enumerate() {
            if index > 0 {
                out.push(' ');
            }
            component.write(out);
        }
        out.push(')');
        for (name, value) in &self.parameters {
            out.push(';');
            out.push_str(name.as_str());
            out.push('=');
            match value {
                Value::Integer(number) => out.push_str(&number.to_string()),
                Value::Text(text) => {
                    out.push('"');
                    for char in text.chars() {
                        if matches!(char, '"' | '\\') {
                            out.push('\\');
                        }
                        out.push(char);
                    }
                    out.push('"');
                }
            }
        }
    }
}

/// The parsed `signature-input`.
pub(super) struct SignatureInput<'de>(Vec<Input<'de>>);

impl<'de> SignatureInput<'de> {
    pub(super) fn read(text: &'de [u8]) -> Result<Self, VerifyError> {
        match Parser::new(text).parse_dictionary_with_visitor(Self(Vec::new())) {
            Ok(mut inputs) => {
                inputs.0.iter_mut().for_each(Input::read_components);
                Ok(inputs)
            }
            Err(error) => Err(VerifyError::malformed(format!("`signature-input` is invalid: {error}"))),
        }
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Input<'de>> {
        self.0.iter()
    }
}

const NOT_A_LIST: &str = "signature's value in `signature-input` is not a list of components";
const TOO_MANY: &str = "signature covers more than 64 components";
const UNKNOWN_COMPONENT: &str =
    "signature covers a component that is unknown or has an unsupported parameter";
const REPEATED_COMPONENT: &str = "signature repeats a component";
const UNKNOWN_PARAMETER: &str = "signature has a parameter that is unknown or of the wrong type";
const REPEATED_PARAMETER: &str = "signature repeats a parameter";

impl<'de> DictionaryVisitor<'de> for SignatureInput<'de> {
    type Out = Self;
    type Error = Refused;

    fn entry(&mut self, key: &'de KeyRef) -> Result<impl EntryVisitor<'de>, Refused> {
        let label = key.as_str();
        if self.0.iter().any(|input| input.label == label) {
            return Err(REPEATED_LABEL);
        }
        if self.0.len() == MAX_MEMBERS {
            return Err(TOO_MANY_LABELS);
        }
        self.0.push(Input::new(label, Vec::new(), Vec::new()));
        Ok(self.0.last_mut().map(InputVisitor))
    }

    fn finish(self) -> Result<Self, Refused> {
        Ok(self)
    }
}

struct InputVisitor<'i, 'de>(&'i mut Input<'de>);

impl<'de> EntryVisitor<'de> for InputVisitor<'_, 'de> {
    type Error = Infallible;

    fn item(self) -> Result<impl ItemVisitor<'de>, Infallible> {
        self.0.refuse(NOT_A_LIST);
        Ok(Ignored)
    }

    fn inner_list(self) -> Result<impl InnerListVisitor<'de>, Infallible> {
        Ok(self)
    }
}

impl<'de> InnerListVisitor<'de> for InputVisitor<'_, 'de> {
    type Error = Infallible;

    fn item(&mut self) -> Result<impl ItemVisitor<'de>, Infallible> {
        if self.0.raw.len() == MAX_COMPONENTS {
            self.0.refuse(TOO_MANY);
            return Ok(None);
        }
        Ok(Some(ComponentVisitor(self.0)))
    }

    fn finish(self) -> Result<impl ParameterVisitor<'de>, Infallible> {
        Ok(self)
    }
}

impl<'de> ParameterVisitor<'de> for InputVisitor<'_, 'de> {
    type Out = ();
    type Error = Infallible;

    fn parameter(&mut self, key: &'de KeyRef, value: BareItemFromInput<'de>) -> Result<(), Infallible> {
        let known = Parameter::ALL.into_iter().find(|known| known.as_str() == key.as_str());
        let value = known.and_then(|known| match value {
            BareItemFromInput::Integer(number) if known.is_time() => {
                Some((known, Value::Integer(number.into())))
            }
            BareItemFromInput::String(text) if !known.is_time() => Some((known, Value::Text(text_of(text)))),
            _ => None,
        });
        match value {
            None => self.0.refuse(UNKNOWN_PARAMETER),
            Some((known, _)) if self.0.parameters.iter().any(|(name, _)| *name == known) => {
                self.0.refuse(REPEATED_PARAMETER);
            }
            Some(parameter) => self.0.parameters.push(parameter),
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Infallible> {
        Ok(())
    }
}

struct ComponentVisitor<'i, 'de>(&'i mut Input<'de>);

impl<'de> ItemVisitor<'de> for ComponentVisitor<'_, 'de> {
    type Out = Option<()>;
    type Error = Infallible;

    fn bare_item(
        self,
        item: BareItemFromInput<'de>,
    ) -> Result<impl ParameterVisitor<'de, Out = Option<()>>, Infallible> {
        let name = match item {
            BareItemFromInput::String(name) => Some(text_of(name)),
            _ => None,
        };
        self.0.raw.push(RawComponent { name, parameter: None });
        Ok(self.0.raw.last_mut())
    }
}

/// A component as it was parsed.
#[derive(Debug)]
struct RawComponent<'de> {
    /// `None` if a part of the component is not supported.
    name: Option<Cow<'de, str>>,
    /// The parameter `name`.
    parameter: Option<Cow<'de, str>>,
}

impl<'de> ParameterVisitor<'de> for &mut RawComponent<'de> {
    type Out = ();
    type Error = Infallible;

    fn parameter(&mut self, key: &'de KeyRef, value: BareItemFromInput<'de>) -> Result<(), Infallible> {
        match value {
            BareItemFromInput::String(name) if key.as_str() == "name" && self.parameter.is_none() => {
                self.parameter = Some(text_of(name));
            }
            _ => self.name = None,
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Infallible> {
        Ok(())
    }
}

fn text_of(text: Cow<'_, sfv::StringRef>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_str()),
        Cow::Owned(text) => Cow::Owned(text.as_str().to_owned()),
    }
}

/// The members of a dictionary of byte sequences: `signature` or `content-digest`. Members of another type
/// have no value.
pub(super) struct ByteSequences<'de>(Vec<(&'de str, Option<Vec<u8>>)>);

impl<'de> ByteSequences<'de> {
    pub(super) fn read(text: &'de [u8], name: &HeaderName) -> Result<Self, VerifyError> {
        let members = Parser::new(text).parse_dictionary_with_visitor(Self(Vec::new()));
        members.map_err(|error| VerifyError::malformed(format!("`{name}` is invalid: {error}")))
    }

    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| *known == name)?.1.as_deref()
    }
}

impl<'de> DictionaryVisitor<'de> for ByteSequences<'de> {
    type Out = Self;
    type Error = Refused;

    fn entry(&mut self, key: &'de KeyRef) -> Result<impl EntryVisitor<'de>, Refused> {
        let name = key.as_str();
        if self.0.iter().any(|(known, _)| *known == name) {
            return Err(REPEATED_LABEL);
        }
        if self.0.len() == MAX_MEMBERS {
            return Err(TOO_MANY_LABELS);
        }
        self.0.push((name, None));
        Ok(self.0.last_mut().map(|(_, bytes)| BytesVisitor(bytes)))
    }

    fn finish(self) -> Result<Self, Refused> {
        Ok(self)
    }
}

struct BytesVisitor<'i>(&'i mut Option<Vec<u8>>);

impl<'de> ItemVisitor<'de> for BytesVisitor<'_> {
    type Out = ();
    type Error = Infallible;

    fn bare_item(
        self,
        item: BareItemFromInput<'de>,
    ) -> Result<impl ParameterVisitor<'de, Out = ()>, Infallible> {
        if let BareItemFromInput::ByteSequence(bytes) = item {
            *self.0 = Some(bytes);
        }
        Ok(Ignored)
    }
}

impl<'de> EntryVisitor<'de> for BytesVisitor<'_> {
    type Error = Infallible;

    fn item(self) -> Result<impl ItemVisitor<'de>, Infallible> {
        Ok(self)
    }

    fn inner_list(self) -> Result<impl InnerListVisitor<'de>, Infallible> {
        Ok(Ignored)
    }
}
