//! Providers whose public keys are fetched. The inspector takes the keys from the command line instead, without any
//! request.

use std::error::Error;

use bytes::Bytes;
use serde_json::{Value, json};
use tower_webhook::{
    BoxError, Secret, Secrets,
    provider::{self, ProviderVerifier},
    verify::{Algorithm, Encoding, Fetch, Scheme},
};

#[derive(Clone, Copy)]
pub(crate) struct Fetched {
    pub(crate) id: &'static str,
    /// Returns the provider's response for a key in base64.
    page: fn(&str) -> Value,
    new: fn(Given) -> ProviderVerifier,
}

pub(crate) const ALL: [Fetched; 2] = [
    Fetched {
        id: "circle",
        page: |key| json!({ "data": { "algorithm": "ECDSA_SHA_256", "publicKey": key } }),
        new: |given| provider::circle(given).into(),
    },
    Fetched {
        id: "ebay",
        page: |key| {
            let key = format!("-----BEGIN PUBLIC KEY-----{key}-----END PUBLIC KEY-----");
            json!({ "key": key, "algorithm": "ECDSA", "digest": "SHA1" })
        },
        new: |given| provider::ebay(given).into(),
    },
];

impl Fetched {
    pub(crate) fn verifier(&self, secrets: Secrets) -> Result<ProviderVerifier, Box<dyn Error>> {
        // Report an invalid key at the start, as for other providers.
        Scheme::new(Algorithm::EcdsaP256Sha256, "x-signature", Encoding::Base64)
            .key_encoding(Encoding::Base64)
            .verifier(self.id, secrets.clone())?;
        Ok((self.new)(Given { secrets, page: self.page }))
    }
}

/// The keys of the command line. A key without `--key-id` matches every id.
struct Given {
    secrets: Secrets,
    page: fn(&str) -> Value,
}

impl Fetch for Given {
    async fn fetch(&self, url: &str, _: usize) -> Result<Bytes, BoxError> {
        let named = |name: &str| url.rsplit('/').next() == Some(name);
        let secret = self.secrets.iter().find(|secret| secret.key_id().is_none_or(named));
        let secret = secret.and_then(Secret::expose_str).ok_or("no --secret has this --key-id")?;
        // Take the base64 out of a PEM.
        let key: String = match secret.strip_prefix("-----BEGIN PUBLIC KEY-----") {
            Some(rest) => rest.split("-----").next().unwrap_or_default().split_whitespace().collect(),
            None => secret.to_owned(),
        };
        Ok((self.page)(&key).to_string().into())
    }
}
