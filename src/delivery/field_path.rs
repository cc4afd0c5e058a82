//! The path of the field at which decoding a payload fails.
//!
//! A segment is a field name that the type declares, an index, or `*`, so that a path never contains payload
//! data. The crate `serde_path_to_error` is not used, because it does not distinguish the field of a struct
//! from the key of a map.

use std::{
    cell::{Cell, RefCell},
    fmt::{self, Display},
};

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Visitor,
};

/// A path such as `order.lines[3].price`. The keys of maps are `*`.
#[derive(Default)]
pub(super) struct FieldPath {
    /// The segments, innermost first.
    segments: Vec<Segment>,
    is_missing: bool,
}

#[derive(Clone, Copy)]
enum Segment {
    Field(&'static str),
    Index(usize),
    Key,
}

impl FieldPath {
    /// Decodes a `T` again, and returns the path at which decoding fails.
    pub(super) fn of_failure<'de, T: Deserialize<'de>>(deserializer: impl Deserializer<'de>) -> Self {
        let trail = Trail::default();
        let _ = T::deserialize(Traced { inner: deserializer, fields: &[], trail: &trail });
        trail.path.into_inner()
    }

    /// Returns whether the path is empty: the payload as a whole failed, or the path is unknown.
    pub(super) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Returns whether the field is required and missing.
    pub(super) fn is_missing(&self) -> bool {
        self.is_missing
    }
}

impl Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, segment) in self.segments.iter().rev().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                _ if depth > 0 => write!(f, ".{}", segment.name())?,
                _ => f.write_str(segment.name())?,
            }
        }
        Ok(())
    }
}

impl Segment {
    fn name(&self) -> &'static str {
        match self {
            Self::Field(name) => name,
            Self::Index(_) | Self::Key => "*",
        }
    }
}

/// The path so far, which grows outwards as an error propagates.
#[derive(Default)]
struct Trail {
    path: RefCell<FieldPath>,
    /// The last field name seen.
    field: Cell<Option<&'static str>>,
}

impl Trail {
    /// Adds a segment to the path of an error. A success clears the path of an inner error that `T` ignored.
    fn pass<T, E>(&self, result: Result<T, E>, segment: Segment) -> Result<T, E> {
        match &result {
            Ok(_) => drop(self.path.take()),
            Err(_) => self.path.borrow_mut().segments.push(segment),
        }
        result
    }

    /// Starts the path, if the error says that a field of this struct is missing.
    fn note_missing(&self, error: &impl Display, fields: &'static [&'static str]) {
        let mut path = self.path.borrow_mut();
        let text = error.to_string();
        let named = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        if let (true, Some(field)) = (path.is_empty(), fields.iter().find(|field| Some(**field) == named)) {
            *path = FieldPath { segments: vec![Segment::Field(field)], is_missing: true };
        }
    }
}

/// A deserializer, visitor or seed that tracks its position.
struct Traced<'t, I> {
    inner: I,
    /// The fields of the current struct or, for a key, of the struct that contains the key.
    fields: &'static [&'static str],
    trail: &'t Trail,
}

impl<'t, I> Traced<'t, I> {
    fn wrap<J>(&self, inner: J) -> Traced<'t, J> {
        Traced { inner, fields: self.fields, trail: self.trail }
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Traced<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        let deserializer = self.wrap(deserializer);
        self.inner.deserialize(deserializer)
    }
}

/// Forwards to the wrapped deserializer, with the visitor wrapped.
macro_rules! forward_deserialize {
    ($($method:ident($($argument:ident: $type:ty),*);)+) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            let visitor = self.wrap(visitor);
            self.inner.$method($($argument,)* visitor)
        }
    )+};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Traced<'_, D> {
    type Error = D::Error;

    forward_deserialize! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_option();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple(length: usize);
        deserialize_tuple_struct(name: &'static str, length: usize);
        deserialize_map();
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
        deserialize_ignored_any();
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let visitor = Traced { inner: visitor, fields, trail: self.trail };
        self.inner.deserialize_struct(name, fields, visitor)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

macro_rules! forward_visit {
    ($($method:ident($type:ty);)+) => {$(
        fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.inner.$method(value)
        }
    )+};
}

/// The default implementations of the other methods call these.
impl<'de, V: Visitor<'de>> Visitor<'de> for Traced<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    forward_visit! {
        visit_bool(bool);
        visit_i64(i64);
        visit_i128(i128);
        visit_u64(u64);
        visit_u128(u128);
        visit_f64(f64);
        visit_bytes(&[u8]);
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        self.trail.field.set(self.fields.iter().find(|field| **field == text).copied());
        self.inner.visit_str(text)
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        let deserializer = self.wrap(deserializer);
        self.inner.visit_some(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        let deserializer = self.wrap(deserializer);
        self.inner.visit_newtype_struct(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<V::Value, A::Error> {
        self.inner.visit_seq(TracedSeq { inner: seq, index: 0, trail: self.trail })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let Self { inner, fields, trail } = self;
        let map = TracedMap { inner: map, fields, key: Segment::Key, trail };
        inner.visit_map(map).inspect_err(|error| trail.note_missing(error, fields))
    }

    // The path ends at an enum.
    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(data)
    }
}

struct TracedSeq<'t, A> {
    inner: A,
    index: usize,
    trail: &'t Trail,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for TracedSeq<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let seed = Traced { inner: seed, fields: &[], trail: self.trail };
        let element = self.inner.next_element_seed(seed);
        let segment = Segment::Index(self.index);
        self.index += 1;
        self.trail.pass(element, segment)
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

struct TracedMap<'t, A> {
    inner: A,
    fields: &'static [&'static str],
    key: Segment,
    trail: &'t Trail,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for TracedMap<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.trail.field.set(None);
        let seed = Traced { inner: seed, fields: self.fields, trail: self.trail };
        let key = self.inner.next_key_seed(seed);
        self.key = self.trail.field.take().map_or(Segment::Key, Segment::Field);
        self.trail.pass(key, Segment::Key)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let seed = Traced { inner: seed, fields: &[], trail: self.trail };
        let value = self.inner.next_value_seed(seed);
        self.trail.pass(value, self.key)
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::FieldPath;

    #[derive(Deserialize)]
    #[allow(dead_code, reason = "only decoded")]
    struct Order {
        #[serde(default, alias = "nr")]
        number: Option<u8>,
        #[serde(default)]
        lines: Vec<Line>,
        #[serde(default)]
        notes: BTreeMap<String, Line>,
        #[serde(default)]
        payment: Option<Payment>,
        #[serde(default, deserialize_with = "or_nothing")]
        extra: Option<Line>,
        #[serde(default)]
        flat: Option<Flat>,
        #[serde(default)]
        strict: Option<Strict>,
    }

    #[derive(Deserialize)]
    #[allow(dead_code, reason = "only decoded")]
    struct Line {
        #[serde(rename = "unit-price")]
        price: u32,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    #[allow(dead_code, reason = "only decoded")]
    enum Payment {
        Cash,
        Card(Line),
    }

    #[derive(Deserialize)]
    #[allow(dead_code, reason = "only decoded")]
    struct Flat {
        total: u32,
        #[serde(flatten)]
        rest: BTreeMap<String, u32>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {}

    fn or_nothing<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Line>, D::Error> {
        Ok(Line::deserialize(deserializer).ok())
    }

    fn path<T: for<'de> Deserialize<'de>>(json: &str) -> (String, bool) {
        assert!(serde_json::from_str::<T>(json).is_err(), "{json}");
        let path = FieldPath::of_failure::<T>(&mut serde_json::Deserializer::from_str(json));
        (path.to_string(), path.is_missing())
    }

    #[test]
    fn paths_contain_fields_and_indexes_but_no_keys_or_values() {
        for (json, expected) in [
            (r#"{"number":"SECRET"}"#, "number"),
            (r#"{"number":256}"#, "number"),
            (r#"{"nr":"SECRET"}"#, "nr"),
            (r#"{"lines":[{"unit-price":1},{"unit-price":"SECRET"}]}"#, "lines[1].unit-price"),
            (r#"{"lines":{"SECRET":1}}"#, "lines"),
            (r#"{"notes":{"SECRET":{"unit-price":"SECRET"}}}"#, "notes.*.unit-price"),
            (r#"{"notes":{"number":{"unit-price":"SECRET"}}}"#, "notes.*.unit-price"),
            (r#"{"payment":"SECRET"}"#, "payment"),
            (r#"{"payment":{"card":{"unit-price":"SECRET"}}}"#, "payment"),
            // The type ignores the error in `extra`, so the path names the next one.
            (r#"{"extra":{"unit-price":-1},"number":"SECRET"}"#, "number"),
            (r#"{"flat":{"total":"SECRET"}}"#, "flat.*"),
            (r#"{"strict":{"SECRET":1}}"#, "strict.*"),
            (r#""SECRET""#, ""),
            ("17", ""),
        ] {
            assert_eq!(path::<Order>(json), (expected.to_owned(), false), "{json}");
        }
    }

    #[test]
    fn missing_fields_are_reported_as_missing() {
        for (json, expected) in [
            (r#"{"lines":[{}]}"#, "lines[0].unit-price"),
            (r#"{"notes":{"SECRET":{"SECRET":1}}}"#, "notes.*.unit-price"),
        ] {
            assert_eq!(path::<Order>(json), (expected.to_owned(), true), "{json}");
        }
        assert_eq!(path::<Line>("{}"), ("unit-price".to_owned(), true));
        assert_eq!(path::<Vec<Line>>("[{}]"), ("[0].unit-price".to_owned(), true));
    }
}
