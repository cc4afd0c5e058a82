//! The known answers, and the verifier and request of each.

#[path = "answers.rs"]
mod answers;

use std::{collections::BTreeMap, slice};

use bytes::Bytes;
use http::{HeaderValue, Request};
use serde::Deserialize;
use tower_webhook::{
    InvalidSecret, Secret, Secrets,
    provider::{self, Provider, ProviderVerifier},
};

use self::answers::answers;

#[derive(Clone, Deserialize)]
pub struct Vector {
    pub id: String,
    pub name: String,
    pub provider: String,
    pub secret: String,
    pub secrets: Option<Vec<String>>,
    pub method: String,
    pub url: String,
    pub headers: BTreeMap<String, Value>,
    pub body_utf8: String,
    pub tolerance_s: Option<u64>,
    pub key_id: Option<String>,
    pub now_unix: u32,
    pub expect: String,
}

impl Vector {
    /// Returns `true` if the URL has the scheme `http` or a user name, which the layer cannot see in a request.
    pub fn needs_public_url(&self) -> bool {
        self.url.starts_with("http://") || self.url.contains('@')
    }

    pub fn secrets(&self) -> &[String] {
        self.secrets.as_deref().unwrap_or(slice::from_ref(&self.secret))
    }
}

/// Returns the vectors of all providers.
pub fn vectors() -> Vec<Vector> {
    answers().into_iter().map(|answer| serde_json::from_value(answer).unwrap()).collect()
}

/// The value of a header, or its values if the header is repeated.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub enum Value {
    Once(String),
    Often(Vec<String>),
}

impl Value {
    pub fn iter(&self) -> slice::Iter<'_, String> {
        match self {
            Self::Once(value) => slice::from_ref(value).iter(),
            Self::Often(values) => values.iter(),
        }
    }
}

/// Builds the vector's request.
pub fn request(vector: &Vector) -> Request<Bytes> {
    let mut request = Request::builder().method(&*vector.method).uri(&*vector.url);
    for (name, value) in &vector.headers {
        for value in value.iter() {
            request = request.header(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
    }
    request.body(vector.body_utf8.clone().into()).unwrap()
}

pub fn verifier(vector: &Vector) -> Result<ProviderVerifier, InvalidSecret> {
    let secret = |text: &String| {
        let secret: Secret = text.parse()?;
        Ok(match &vector.key_id {
            Some(key_id) => secret.with_key_id(&**key_id),
            None => secret,
        })
    };
    let secrets: Vec<Secret> = vector.secrets().iter().map(secret).collect::<Result<_, InvalidSecret>>()?;
    provider(vector).verifier(Secrets::try_from(secrets)?)
}

pub fn provider(vector: &Vector) -> &'static Provider {
    provider::find(&vector.provider).unwrap_or_else(|| panic!("no provider {}", vector.provider))
}
