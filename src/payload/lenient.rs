//! Lenient deserialization of JSON. It accepts numbers as strings, arrays as strings that contain JSON, and
//! empty strings for missing values.
//!
//! A verified event should not be lost because of a wrong type, so every unambiguous value is accepted.
//! Errors do not quote values, because payloads contain names and messages, and errors are logged.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;

/// A struct that is deserialized one field at a time.
///
/// A derived `Deserialize` would reject a payload that has both the old and the new name of a field, and
/// could not read the fields of a message and of its envelope in one pass.
pub(crate) trait Fields: Default {
    /// Reads the value of `field`, or skips it if its name is unknown.
    fn set<'de, A: MapAccess<'de>>(&mut self, field: Field<'_, A>) -> Result<(), A::Error>;

    /// Returns the name of a missing required field.
    fn missing(&self) -> Option<&'static str> {
        None
    }
}

/// Returns `fields`, or an error if a required field is missing.
pub(crate) fn complete<T: Fields, E: Error>(fields: T) -> Result<T, E> {
    match fields.missing() {
        Some(name) => Err(E::missing_field(name)),
        None => Ok(fields),
    }
}

/// The key of a JSON object.
#[derive(Deserialize)]
pub(crate) struct FieldName<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// A field whose name has been read. Each method reads the value and consumes the field.
pub(crate) struct Field<'a, A> {
    pub(crate) name: &'a str,
    pub(crate) map: &'a mut A,
}

impl<'de, A: MapAccess<'de>> Field<'_, A> {
    /// Reads a string or a whole number as text. Returns `None` for null and for blank text.
    pub(crate) fn text(self) -> Result<Option<String>, A::Error> {
        match self.map.next_value()? {
            LenientScalar::Null => Ok(None),
            LenientScalar::Number(number) => Ok(Some(number.to_string())),
            LenientScalar::Text(text) if text.trim().is_empty() => Ok(None),
            LenientScalar::Text(text) => Ok(Some(text)),
            LenientScalar::Bool(_) => Err(self.refuse("a string")),
        }
    }

    /// Reads a string or a number as text. Returns `None` for blank text and for any other value.
    pub(crate) fn any_text(self) -> Result<Option<String>, A::Error> {
        Ok(match self.map.next_value()? {
            Value::String(text) if !text.trim().is_empty() => Some(text),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    }

    /// Reads Unix seconds from a number or a string. Returns `None` for null, for blank text and for 0, which
    /// means "never".
    pub(crate) fn seconds(self) -> Result<Option<u64>, A::Error> {
        let seconds = match self.map.next_value()? {
            LenientScalar::Null => 0,
            LenientScalar::Number(number) => number,
            LenientScalar::Text(text) => match text.trim() {
                "" => 0,
                digits => digits.parse().map_err(|_| self.refuse("Unix seconds"))?,
            },
            LenientScalar::Bool(_) => return Err(self.refuse("Unix seconds")),
        };
        Ok(Some(seconds).filter(|&seconds| seconds != 0))
    }

    /// Reads a boolean, or a string that contains one.
    pub(crate) fn flag(self) -> Result<Option<bool>, A::Error> {
        match self.map.next_value()? {
            LenientScalar::Null => Ok(None),
            LenientScalar::Bool(flag) => Ok(Some(flag)),
            LenientScalar::Text(text) => match text.trim() {
                "" => Ok(None),
                "true" => Ok(Some(true)),
                "false" => Ok(Some(false)),
                _ => Err(self.refuse("a boolean")),
            },
            LenientScalar::Number(_) => Err(self.refuse("a boolean")),
        }
    }

    /// Reads strings from an array, or from one string that separates them with commas. Trims them, and drops
    /// empty ones.
    pub(crate) fn words(self) -> Result<Vec<String>, A::Error> {
        let words: Vec<String> = match self.map.next_value()? {
            Listed::Nothing => Vec::new(),
            Listed::Text(text) => text.split(',').map(str::to_owned).collect(),
            Listed::Items(items) => items,
        };
        let words = words.iter().map(|word| word.trim());
        Ok(words.filter(|w| !w.is_empty()).map(str::to_owned).collect())
    }

    /// Reads objects from an array, or from a string that contains the array as JSON.
    pub(crate) fn objects<T: Fields>(self) -> Result<Vec<T>, A::Error> {
        let objects: Vec<Object<T>> = match self.map.next_value()? {
            Listed::Nothing => Vec::new(),
            // The text must be an array or null, not another string. `serde_json` limits the nesting depth.
            Listed::Text(text) => serde_json::from_str::<Option<_>>(&text)
                .map_err(|_| self.refuse("an array of objects, or a string that contains one"))?
                .unwrap_or_default(),
            Listed::Items(items) => items,
        };
        Ok(objects.into_iter().filter_map(|object| object.0).collect())
    }

    /// Reads an object. Returns `None` for null and for a blank string.
    pub(crate) fn object<T: Fields>(self) -> Result<Option<T>, A::Error> {
        Ok(self.map.next_value::<Object<T>>()?.0)
    }

    /// Skips the value.
    pub(crate) fn skip(self) -> Result<(), A::Error> {
        self.map.next_value::<IgnoredAny>().map(|_| ())
    }

    fn refuse(&self, expected: &str) -> A::Error {
        A::Error::custom(format_args!("`{}` is not {expected}", self.name))
    }
}

/// An object, or `None` for null and for a blank string.
pub(crate) struct Object<T>(Option<T>);

impl<T> Object<T> {
    pub(crate) fn required<E: Error>(self) -> Result<T, E> {
        self.0.ok_or_else(|| E::custom("expected an object, got null or an empty string"))
    }

    pub(crate) fn into_inner(self) -> Option<T> {
        self.0
    }
}

impl<'de, T: Fields> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Fields> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Object(None))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        match text.trim() {
            "" => Ok(Object(None)),
            _ => Err(E::custom("expected an object, got a string")),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = T::default();
        while let Some(FieldName(name)) = map.next_key()? {
            fields.set(Field { name: &name, map: &mut map })?;
        }
        complete(fields).map(|fields| Object(Some(fields)))
    }
}

/// A scalar value. Fractions and negative numbers are rejected. Payloads do not contain them, and a phone
/// number that was converted to a float may have lost digits.
enum LenientScalar {
    Null,
    Bool(bool),
    Number(u64),
    Text(String),
}

impl<'de> Deserialize<'de> for LenientScalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LenientVisitor)
    }
}

const SCALAR: &str = "a string, a whole number, a boolean or null";

struct LenientVisitor;

impl<'de> Visitor<'de> for LenientVisitor {
    type Value = LenientScalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SCALAR)
    }

    fn visit_unit<E: Error>(self) -> Result<LenientScalar, E> {
        Ok(LenientScalar::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<LenientScalar, E> {
        Ok(LenientScalar::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<LenientScalar, E> {
        Ok(LenientScalar::Number(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<LenientScalar, E> {
        let value = u64::try_from(value);
        value.map_or_else(|_| Err(not_scalar()), |value| self.visit_u64(value))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<LenientScalar, E> {
        Err(not_scalar())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<LenientScalar, E> {
        Ok(LenientScalar::Text(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<LenientScalar, E> {
        Ok(LenientScalar::Text(value))
    }

    // With `serde_json/arbitrary_precision`, which any crate of the build may enable, a number arrives as a
    // map that only `Number` understands. A real object is an error with and without that feature.
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<LenientScalar, A::Error> {
        let number = serde_json::Number::deserialize(MapAccessDeserializer::new(map));
        match number.ok().and_then(|number| number.as_u64()) {
            Some(value) => Ok(LenientScalar::Number(value)),
            None => Err(not_scalar()),
        }
    }
}

fn not_scalar<E: Error>() -> E {
    E::custom(format_args!("expected {SCALAR}"))
}

/// An array, or a string from which an array can be read.
enum Listed<T> {
    Nothing,
    Text(String),
    Items(Vec<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Listed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListedVisitor(PhantomData))
    }
}

struct ListedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListedVisitor<T> {
    type Value = Listed<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array, a string or null")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Listed::Nothing)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
        match text.trim() {
            "" => Ok(Listed::Nothing),
            _ => Ok(Listed::Text(text)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        // The capacity must not depend on the sender's size hint.
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Listed::Items(items))
    }
}

/// Defines an enum of strings with a variant for unknown values.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $text:literal),+;
            $(#[$rest_meta:meta])* $rest:ident(String),
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)+
            $(#[$rest_meta])* $rest(String),
        }

        impl $name {
            /// Returns the value as sent.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::$rest(other) => other,
                }
            }
        }

        impl From<String> for $name {
            fn from(value: String) -> Self {
                match value.as_str() {
                    $($text => Self::$variant,)+
                    _ => Self::$rest(value),
                }
            }
        }

        /// The default is the last variant with an empty string, which stands for a missing field.
        impl Default for $name {
            fn default() -> Self {
                Self::$rest(String::new())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as serde::Deserialize>::deserialize(deserializer).map(Self::from)
            }
        }
    };
}
pub(crate) use open_enum;
