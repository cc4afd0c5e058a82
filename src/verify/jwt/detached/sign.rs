//! Signing for tests.

use std::time::SystemTime;

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use http::request::Parts;
use serde_json::{Map, Value};

use super::{DetachedJwsVerifier, header::is_registered, signed_text};
use crate::verify::{
    Encoding, Profile,
    signing::{CannotSign, Signer, Write},
};

impl Signer for DetachedJwsVerifier {
    fn facts(&self) -> &Profile {
        &self.profile
    }

    fn sign(&self, head: &mut Parts, body: &mut Bytes, at: SystemTime) -> Result<(), CannotSign> {
        let (algorithm, key_id) = self.keys.first()?;
        let mut header = Map::new();
        header.insert("alg".to_owned(), algorithm.as_str().into());
        if let Some(key_id) = key_id {
            header.insert("kid".to_owned(), key_id.into());
        }
        let mut critical = Vec::new();
        if let Some(name) = &self.timestamp {
            let since = at.duration_since(SystemTime::UNIX_EPOCH);
            let since = since.map_err(|_| CannotSign::new("time is before 1970"))?;
            header.insert(name.clone(), since.as_secs().into());
            critical.push(Value::from(&**name));
        }
        for (name, value) in &self.parameters {
            header.insert(name.clone(), value.as_str().into());
            critical.push(Value::from(&**name));
        }
        // Only the names that the JWS standards do not define can be critical.
        critical.retain(|name| !name.as_str().is_some_and(is_registered));
        if !critical.is_empty() {
            header.insert("crit".to_owned(), critical.into());
        }
        let protected = BASE64URL_NOPAD.encode(Value::Object(header).to_string().as_bytes());
        let mut text = Vec::new();
        signed_text(&protected, body, true, &mut |bytes| text.extend_from_slice(bytes));
        let signature = self.keys.sign(&text, Encoding::Base64Url)?;
        head.write_header(&self.header, format!("{protected}..{signature}"))
    }
}
