//! Lookup of values in a JSON body by JSON pointer (RFC 6901).

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// Returns JSON without a byte order mark, which a parser may ignore (RFC 8259, section 8.1).
pub(crate) fn without_bom(json: &[u8]) -> &[u8] {
    json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json)
}

/// Returns the scalar at `pointer` as text. Scans up to the value only, and builds no tree.
pub(crate) fn scan(json: &[u8], pointer: &str) -> Option<Box<str>> {
    let json = without_bom(json);
    let mut found = None;
    let steps = pointer.strip_prefix('/')?.split('/');
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    // The parser reports an error when a visitor leaves a container early; the value is found by then.
    let _ = PointerSeed { steps, found: &mut found }.deserialize(&mut deserializer);
    found
}

struct PointerSeed<'f, I> {
    steps: I,
    found: &'f mut Option<Box<str>>,
}

impl<'de, 'p, I: Iterator<Item = &'p str>> DeserializeSeed<'de> for PointerSeed<'_, I> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(mut self, deserializer: D) -> Result<(), D::Error> {
        if let Some(step) = self.steps.next() {
            return deserializer.deserialize_any(StepVisitor { step, scan: self });
        }
        // Keeps the original notation: as Rust numbers, two long ids could become equal.
        *self.found = scalar(<&RawValue>::deserialize(deserializer)?.get());
        Ok(())
    }
}

/// Returns the text of a string, a number or a boolean.
fn scalar(json: &str) -> Option<Box<str>> {
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str(json).ok(),
        b'{' | b'[' | b'n' => None,
        _ => Some(json.into()),
    }
}

/// A visitor of a value on the path, whose next step is `step`.
struct StepVisitor<'f, 'p, I> {
    step: &'p str,
    scan: PointerSeed<'f, I>,
}

impl<'de, 'p, I: Iterator<Item = &'p str>> Visitor<'de> for StepVisitor<'_, 'p, I> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let step = unescape(self.step);
        while let Some(matches) = map.next_key_seed(KeySeed(&step))? {
            if matches {
                return map.next_value_seed(self.scan);
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Ok(mut index) = self.step.parse::<usize>() else { return Ok(()) };
        while index > 0 {
            if seq.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
            index -= 1;
        }
        seq.next_element_seed(self.scan)?;
        Ok(())
    }
}

/// A seed that compares a key without copying it.
struct KeySeed<'k>(&'k str);

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

fn unescape(step: &str) -> Cow<'_, str> {
    if step.contains('~') { step.replace("~1", "/").replace("~0", "~").into() } else { step.into() }
}

#[cfg(test)]
mod tests {
    use super::scan;

    #[test]
    fn scalars_are_found_by_pointer() {
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
    fn numbers_keep_their_text() {
        let long = br#"{"id":18446744073709551617,"next":18446744073709551616}"#;
        assert_eq!(scan(long, "/id").as_deref(), Some("18446744073709551617"));
        assert_eq!(scan(long, "/next").as_deref(), Some("18446744073709551616"));
        assert_eq!(scan(br#"[ 1.50 , -1e3]"#, "/0").as_deref(), Some("1.50"));
        assert_eq!(scan(br#"[ 1.50 , -1e3]"#, "/1").as_deref(), Some("-1e3"));
        for none in ["01", "1.", "-", ".5", "1e", "tru", "nul"] {
            assert_eq!(scan(none.as_bytes(), "/0"), None);
            assert_eq!(scan(format!("[{none}").as_bytes(), "/0"), None, "{none}");
        }
    }

    #[test]
    fn malformed_json_yields_only_preceding_values() {
        assert_eq!(scan("[".repeat(1 << 16).as_bytes(), "/0"), None);
        assert_eq!(scan(b"\xff{", "/a"), None);
        assert_eq!(scan(br#"{"a":"unterminated"#, "/a"), None);
        // A value before the malformed part is found. This is safe, because the body is verified.
        assert_eq!(scan(br#"{"a":"x", nonsense"#, "/a").as_deref(), Some("x"));
    }

    #[test]
    fn escaped_keys_are_unescaped() {
        assert_eq!(scan(br#"{"\u0061":"\u00e9"}"#, "/a").as_deref(), Some("\u{e9}"));
    }
}
