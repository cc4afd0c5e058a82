//! Key sets (JWKS) that providers publish.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, jwk::Jwk};
use serde::Deserialize;
use serde_json::Value;

use super::keys::{bytes, is_for};
use crate::{
    InvalidSecret,
    verify::{
        Keys, MAX_REFETCHES, PublicKeys, PublicKind, Signatures, Verified, VerifyError, keys::PublicKey,
    },
};

/// The only algorithm of the tokens. Their `alg` must be this one, so that a token cannot choose how the keys
/// are used.
pub(super) const ALGORITHM: Algorithm = Algorithm::RS256;

pub(super) const KIND: PublicKind = PublicKind::RsaSha256;

/// The channels that a key may sign for, as the Bot Framework lists them. Empty if the key lists none.
pub(crate) type Endorsements = Arc<[Box<str>]>;

/// The members of a key that limit its use.
#[derive(Clone, Default)]
pub(crate) struct KeyLimits {
    pub(crate) endorsements: Endorsements,
    /// The only issuer whose tokens the key may sign, as Entra ID lists it; `None` if the key names none.
    pub(super) issuer: Option<Arc<str>>,
}

impl KeyLimits {
    fn read(jwk: &Value) -> Self {
        let endorsements = jwk.get("endorsements").and_then(Value::as_array);
        let endorsements =
            endorsements.into_iter().flatten().filter_map(|name| name.as_str().map(Into::into));
        let issuer = jwk.get("issuer").and_then(Value::as_str).map(Into::into);
        Self { endorsements: endorsements.collect(), issuer }
    }
}

/// The RSA keys of a key set, each with its `kid`.
pub(crate) struct KeySet {
    keys: PublicKeys,
    limits: Vec<KeyLimits>,
}

impl KeySet {
    /// Parses a key set. Skips keys of other types, keys for another use, invalid keys and keys without a
    /// `kid`, because a provider may publish them for other purposes.
    pub(super) fn read(page: &[u8]) -> Result<Self, InvalidSecret> {
        #[derive(Deserialize)]
        struct Page {
            keys: Vec<Value>,
        }
        // The parser's error may quote the page.
        let page: Page = serde_json::from_slice(page)
            .map_err(|_| InvalidSecret::new("fetched response is not a key set"))?;
        let (mut keys, mut limits) = (Vec::new(), Vec::new());
        for jwk in page.keys {
            let limits_of_key = KeyLimits::read(&jwk);
            let Ok(jwk) = serde_json::from_value::<Jwk>(jwk) else { continue };
            let Some(key_id) = jwk.common.key_id.as_deref().filter(|_| is_for(&jwk, ALGORITHM)) else {
                continue;
            };
            let key = bytes(&jwk).and_then(|der| PublicKey::new(KIND, &der, Some(key_id), keys.len()));
            if let Ok(key) = key {
                keys.push(key);
                limits.push(limits_of_key);
            }
        }
        match keys.is_empty() {
            true => Err(InvalidSecret::new("fetched key set contains no key of the provider's type")),
            false => Ok(Self { keys: PublicKeys::of(KIND, keys), limits }),
        }
    }

    pub(super) fn has(&self, key_id: &str) -> bool {
        self.keys.has(key_id)
    }

    /// Verifies the signature of `signed` with the keys named `key_id`. Also returns the limits of the key
    /// that matched.
    pub(super) fn verify(
        &self,
        key_id: &str,
        signed: &str,
        signatures: Signatures,
    ) -> Result<(Verified, KeyLimits), VerifyError> {
        let mut message = self.keys.begin(signatures, |name| name == Some(key_id));
        if message.is_empty() {
            return Err(VerifyError::wrong("no key matches the token's `kid`"));
        }
        message.update(signed.as_bytes());
        let verified = message.conclude()?;
        let limits = self.limits.get(verified.secret_index).cloned();
        Ok((verified.with_secret_index(0), limits.unwrap_or_default()))
    }
}

impl Keys for KeySet {
    const MAX_MISSES: u32 = MAX_REFETCHES;
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::KeySet;

    /// A 2048-bit modulus. No test needs its private key.
    fn modulus() -> String {
        format!("{}w", "v".repeat(341))
    }

    fn key(change: &[(&str, Value)]) -> Value {
        let mut key =
            json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "a", "n": modulus(), "e": "AQAB" });
        for (name, value) in change {
            key.as_object_mut().and_then(|key| key.insert((*name).to_owned(), value.clone()));
        }
        key
    }

    fn read(keys: &[Value]) -> Option<KeySet> {
        KeySet::read(json!({ "keys": keys }).to_string().as_bytes()).ok()
    }

    #[test]
    fn keys_for_another_purpose_are_skipped() {
        assert!(read(&[key(&[])]).is_some_and(|set| set.has("a") && !set.has("b")));
        let others = [
            key(&[("use", "enc".into())]),
            key(&[("alg", "RS512".into())]),
            key(&[("alg", "HS256".into())]),
            key(&[("kid", Value::Null)]),
            key(&[("n", "AQAB".into())]),
            key(&[("n", "not base64!".into())]),
            json!({ "kty": "oct", "kid": "a", "k": "c2VjcmV0" }),
            json!({ "kty": "future", "kid": "a" }),
            json!("a"),
        ];
        for other in others {
            assert!(read(std::slice::from_ref(&other)).is_none(), "{other}");
            let set = read(&[other, key(&[("kid", "b".into())])]);
            assert!(set.is_some_and(|set| set.has("b") && !set.has("a")));
        }
    }

    #[test]
    fn other_documents_are_not_key_sets() {
        for page in ["", "{}", "[]", "<html>", r#"{"keys":[]}"#, r#"{"keys":{}}"#] {
            assert!(KeySet::read(page.as_bytes()).is_err(), "{page}");
        }
    }
}
