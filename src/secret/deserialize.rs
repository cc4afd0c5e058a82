//! Deserialization of secrets. Errors never contain a secret.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Unexpected, Visitor},
};

use super::{InvalidSecret, Secret, Secrets};

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ALONE.deserialize(deserializer)
    }
}

impl<'de> Deserialize<'de> for Secrets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // `deserialize_any`, because the errors of typed methods quote a value of the wrong type.
        deserializer.deserialize_any(OneOrMore)
    }
}

/// Rejects values other than text without showing them in the error, unlike serde's default methods.
macro_rules! hide_values {
    ($($visit:ident: $value:ty),+) => {$(
        fn $visit<E: Error>(self, _: $value) -> Result<Self::Value, E> {
            Err(E::invalid_type(Unexpected::Other("number or boolean"), &self))
        }
    )+};
    () => {
        hide_values!(
            visit_bool: bool,
            visit_i64: i64,
            visit_i128: i128,
            visit_u64: u64,
            visit_u128: u128,
            visit_f64: f64
        );
    };
}

const ALONE: One = One { index: None, may_have_id: true };

/// One secret: its text, or a map with its key id.
#[derive(Clone, Copy)]
struct One {
    /// The index in a list, for errors.
    index: Option<usize>,
    /// `true` if a map is allowed, with or without an `id`.
    may_have_id: bool,
}

impl One {
    fn usable<E: Error>(self, secret: Result<Secret, InvalidSecret>) -> Result<Secret, E> {
        secret.map_err(|error| match self.index {
            Some(index) => E::custom(error.at(index)),
            None => E::custom(error),
        })
    }
}

impl<'de> DeserializeSeed<'de> for One {
    type Value = Secret;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Secret, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for One {
    type Value = Secret;

    hide_values!();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            Some(index) => write!(f, "signing secret {index} as a string"),
            None => f.write_str("a signing secret as a string"),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Secret, E> {
        self.usable(text.parse())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Secret, E> {
        self.usable(text.try_into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Secret, A::Error> {
        if !self.may_have_id {
            return Err(A::Error::invalid_type(Unexpected::Map, &self));
        }
        let (mut id, mut secret) = (None, None);
        while let Some(field) = map.next_key::<String>()? {
            match &*field {
                "id" if id.is_none() => id = Some(map.next_value::<String>()?),
                "secret" if secret.is_none() => {
                    secret = Some(map.next_value_seed(Self { may_have_id: false, ..self })?);
                }
                // The error does not name the field, because its name may be the secret.
                _ => {
                    return Err(A::Error::custom(
                        "signing secret has a repeated field, or a field other than `id` and `secret`",
                    ));
                }
            }
        }
        let secret: Secret = secret.ok_or_else(|| A::Error::missing_field("secret"))?;
        Ok(match id {
            Some(id) => secret.with_key_id(id),
            None => secret,
        })
    }
}

struct OneOrMore;

impl<'de> Visitor<'de> for OneOrMore {
    type Value = Secrets;

    hide_values!();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a signing secret as a string, or a list of them")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Secrets, E> {
        ALONE.visit_str(text).map(Secrets::from)
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Secrets, E> {
        ALONE.visit_string(text).map(Secrets::from)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Secrets, A::Error> {
        ALONE.visit_map(map).map(Secrets::from)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Secrets, A::Error> {
        let mut secrets = Vec::new();
        while let Some(secret) =
            list.next_element_seed(One { index: Some(secrets.len()), may_have_id: true })?
        {
            secrets.push(secret);
        }
        secrets.try_into().map_err(A::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may panic")]
mod tests {
    use super::*;

    fn secrets(json: &str) -> Result<Secrets, serde_json::Error> {
        serde_json::from_str(json)
    }

    fn shown(secrets: &Secrets) -> Vec<(Option<&str>, Option<&str>)> {
        secrets.iter().map(|secret| (secret.key_id(), secret.expose_str())).collect()
    }

    #[test]
    fn a_secret_is_a_string_or_a_map_with_its_id() -> Result<(), serde_json::Error> {
        let secret: Secret = serde_json::from_str(r#""a secr\u0065t""#)?;
        assert_eq!((secret.key_id(), secret.expose_str()), (None, Some("a secret")));
        for json in [r#"{"id":"a","secret":"b"}"#, r#"{"secret":"b","id":"a"}"#] {
            let secret: Secret = serde_json::from_value(json.parse()?)?;
            assert_eq!((secret.key_id(), secret.expose_str()), (Some("a"), Some("b")));
        }
        assert_eq!(serde_json::from_str::<Option<Secret>>("null")?.map(|_| ()), None);
        Ok(())
    }

    #[test]
    fn secrets_are_one_or_a_list() -> Result<(), serde_json::Error> {
        assert_eq!(shown(&secrets(r#""new""#)?), [(None, Some("new"))]);
        assert_eq!(shown(&secrets(r#"{"id":"a","secret":"new"}"#)?), [(Some("a"), Some("new"))]);
        let list = secrets(r#"["new", {"id":"a","secret":"old"}, {"secret":"old"}]"#)?;
        assert_eq!(shown(&list), [(None, Some("new")), (Some("a"), Some("old")), (None, Some("old"))]);
        Ok(())
    }

    #[test]
    fn errors_name_the_index_of_the_secret() {
        for (json, expected) in [
            (r#"[]"#, "signing secret cannot be used: list is empty"),
            (r#""""#, "signing secret cannot be used: text is empty"),
            (r#"["new",""]"#, "signing secret 1 cannot be used: text is empty"),
            (r#"["new",{"id":"a","secret":"hunter2 "}]"#, "signing secret 1 cannot be used: text begins"),
            (r#"["new",{"id":"a"}]"#, "missing field `secret`"),
            (r#"["new",4711]"#, "invalid type: number or boolean, expected signing secret 1 as a string"),
            (r#"["new",null]"#, "invalid type: null, expected signing secret 1 as a string"),
            (r#"["new",["hunter2"]]"#, "invalid type: sequence, expected signing secret 1 as a string"),
        ] {
            let error = secrets(json).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{json}: {error}");
        }
    }

    #[test]
    fn errors_never_contain_the_value() {
        for json in [
            r#""hunter2 ""#,
            r#"["new","hunter2\n"]"#,
            r#"{"hunter2":"hunter2"}"#,
            r#"{"secret":"hunter2","secret":"hunter2"}"#,
            r#"{"secret":{"secret":"hunter2"}}"#,
            r#"{"secret":["hunter2"]}"#,
            r#"["hunter2","#,
            "4711",
            "-4711",
            "4711.5",
            "[4711]",
            r#"{"secret":4711}"#,
            "47111111111111111111111111111111111111111111",
            "true",
        ] {
            let list = secrets(json).unwrap_err().to_string();
            let one = serde_json::from_str::<Secret>(json).unwrap_err().to_string();
            for error in [list, one] {
                let shows = ["hunter2", "4711", "true"].into_iter().any(|value| error.contains(value));
                assert!(!shows, "{json}: {error}");
            }
        }
    }
}
