use std::{borrow::Cow, fmt};

use http::HeaderName;
use serde::{
    Deserialize,
    de::{
        DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
        value::MapAccessDeserializer,
    },
};

/// Where in a delivery a fact about it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Location {
    /// The value of a header.
    Header(HeaderName),
    /// A string, number or boolean in a JSON body, named by a JSON pointer (RFC 6901): `/data/id`.
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

/// The first value of a parameter in a query or a form.
pub(crate) fn parameter<'a>(encoded: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    form_urlencoded::parse(encoded).find_map(|(key, value)| (key == name).then_some(value))
}

/// The scalar at `pointer` as text, in one scan that builds no tree and ends where it is found.
pub(crate) fn scan(json: &[u8], pointer: &str) -> Option<Box<str>> {
    let mut found = None;
    let steps = pointer.strip_prefix('/')?.split('/');
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    // Leaving a container before its end is an error to the parser: it has what it came for.
    let _ = Scan { steps, found: &mut found }.deserialize(&mut deserializer);
    found
}

struct Scan<'f, I> {
    steps: I,
    found: &'f mut Option<Box<str>>,
}

impl<'f, 'p, I: Iterator<Item = &'p str>> Scan<'f, I> {
    /// The value's text if it is the one that is looked for, and not a container on the way to it.
    fn end<E: Error>(mut self, text: impl FnOnce() -> Box<str>) -> Result<(), E> {
        if self.steps.next().is_none() {
            *self.found = Some(text());
        }
        Ok(())
    }
}

impl<'de, 'p, I: Iterator<Item = &'p str>> DeserializeSeed<'de> for Scan<'_, I> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, 'p, I: Iterator<Item = &'p str>> Visitor<'de> for Scan<'_, I> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let Some(step) = self.steps.next().map(unescape) else {
            // Either a container, which is no answer, or a number: with `serde_json/arbitrary_precision`,
            // which any crate of the build may turn on, numbers arrive as maps.
            let number = serde_json::Number::deserialize(MapAccessDeserializer::new(map))?;
            *self.found = Some(number.to_string().into());
            return Ok(());
        };
        while let Some(is_it) = map.next_key_seed(KeyIs(&step))? {
            if is_it {
                return map.next_value_seed(self);
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let Some(mut index) = self.steps.next().and_then(|step| step.parse::<usize>().ok()) else {
            return skip_seq(seq);
        };
        while index > 0 {
            if seq.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
            index -= 1;
        }
        seq.next_element_seed(self)?;
        Ok(())
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<(), E> {
        self.end(|| text.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.end(|| text.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.end(|| number.to_string().into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.end(|| number.to_string().into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.end(|| number.to_string().into())
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<(), E> {
        self.end(|| truth.to_string().into())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Whether a key is this one; without a copy of it.
struct KeyIs<'k>(&'k str);

impl<'de> DeserializeSeed<'de> for KeyIs<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyIs<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

fn skip_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn unescape(step: &str) -> Cow<'_, str> {
    if step.contains('~') { step.replace("~1", "/").replace("~0", "~").into() } else { step.into() }
}

#[cfg(test)]
mod tests {
    use super::scan;

    #[test]
    fn finds_scalars_wherever_the_pointer_leads() {
        let json =
            br#"{"a":{"skip":[1,{"x":null}],"b/c":["zero",{"id":"one"}],"n":7,"t":true},"type":"ping"}"#;
        let at = |pointer| scan(json, pointer).map(String::from);
        assert_eq!(at("/type").as_deref(), Some("ping"));
        assert_eq!(at("/a/b~1c/1/id").as_deref(), Some("one"));
        assert_eq!(at("/a/n").as_deref(), Some("7"));
        assert_eq!(at("/a/t").as_deref(), Some("true"));
        for nowhere in ["/a", "/a/skip/1/x", "/a/b~1c/9", "/type/more", "/none", "", "type"] {
            assert_eq!(at(nowhere), None, "{nowhere}");
        }
    }

    #[test]
    fn hostile_json_is_just_not_found() {
        assert_eq!(scan("[".repeat(1 << 16).as_bytes(), "/0"), None);
        assert_eq!(scan(b"\xff{", "/a"), None);
        assert_eq!(scan(br#"{"a":"unterminated"#, "/a"), None);
        // What stands before the broken part is found: the body was verified, and it is enough.
        assert_eq!(scan(br#"{"a":"x", nonsense"#, "/a").as_deref(), Some("x"));
    }

    #[test]
    fn a_key_with_an_escape_in_it_is_read_unescaped() {
        assert_eq!(scan(br#"{"\u0061":"\u00e9"}"#, "/a").as_deref(), Some("\u{e9}"));
    }
}
