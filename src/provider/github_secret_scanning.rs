use bytes::Bytes;
use serde::Deserialize;

use super::{
    Facts, Provider,
    fetched::{finish_listed, text_header},
};
use crate::{
    InvalidSecret,
    verify::{
        Check, Encoding, Fetch, Finish, KeyCache, KeyList, Profile, PublicKind, RequestContext, Signatures,
        Verifier, VerifyError, pem,
    },
};

/// Creates a verifier for GitHub secret scanning.
///
/// For the webhooks of repositories and organizations, use [`github`](super::github()).
///
/// * Signature: ECDSA-P256-SHA256 signature of the body, as base64 in `github-public-key-signature`.
/// * Delivery id: none, and no event type. The body is an array of the secrets that GitHub has found, so the
///   handler must revoke each secret only once.
/// * Batches: one body can carry several events.
/// * Key: the key `Github-Public-Key-Identifier` in GitHub's list,
///   `https://api.github.com/meta/public_keys/secret_scanning`. The header only selects from this list; it
///   never becomes part of a URL. GitHub requires a `User-Agent` header, and limits requests without
///   authentication ([to 60 an
///   hour](https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api)), so `fetch`
///   should send `Authorization: Bearer <personal access token>`. The token needs no scopes. See [`Fetch`]
///   for the caching of keys.
/// * [Shared secret](crate::verify::Profile::shared_secret): GitHub signs with one key for all partners.
///
/// [`find`](super::find) returns this provider, but [`Provider::verifier`] returns an error for it. See
/// [`ebay`](super::ebay()) for an example.
///
/// Source: [GitHub](https://docs.github.com/en/code-security/secret-scanning/secret-scanning-partnership-program/secret-scanning-partner-program).
pub fn github_secret_scanning(fetch: impl Fetch) -> GithubSecretScanning {
    GithubSecretScanning { keys: KeyCache::reading(public_keys, fetch), profile: ROW.profile() }
}

pub(super) static ALL: &[&Provider] = &[&ROW];

static ROW: Provider = Provider::fetched(
    "github-secret-scanning",
    "github_secret_scanning",
    "GitHub secret scanning",
    "https://docs.github.com/en/code-security/secret-scanning/secret-scanning-partnership-program/secret-scanning-partner-program",
    "fetch",
    Facts { batch: true, shared_secret: true, ..Facts::NONE },
);

/// The verifier that [`github_secret_scanning`] returns.
#[derive(Debug)]
pub struct GithubSecretScanning {
    keys: KeyCache<KeyList>,
    profile: Profile,
}

const KIND: PublicKind = PublicKind::EcdsaP256Sha256;

const LIST: &str = "https://api.github.com/meta/public_keys/secret_scanning";

impl Verifier for GithubSecretScanning {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let headers = &request.head().headers;
        let signature = text_header(headers, "github-public-key-signature")?;
        Ok(Box::new(ListedCheck {
            keys: &self.keys,
            key_id: text_header(headers, "github-public-key-identifier")?,
            signatures: Signatures::read([signature.as_bytes()].into_iter(), Encoding::Base64, KIND)?,
        }))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}

struct ListedCheck<'a> {
    keys: &'a KeyCache<KeyList>,
    key_id: &'a str,
    signatures: Signatures,
}

impl Check for ListedCheck<'_> {
    fn update(&mut self, _: &[u8]) {}

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        let Self { keys, key_id, signatures } = *self;
        let body = body.clone();
        finish_listed(keys, LIST, key_id, signatures, move |message| message.update(&body))
    }
}

/// Parses GitHub's list of public keys.
fn public_keys(page: &[u8]) -> Result<KeyList, InvalidSecret> {
    #[derive(Deserialize)]
    struct Page {
        public_keys: Vec<ListedKey>,
    }
    #[derive(Deserialize)]
    struct ListedKey {
        key_identifier: Box<str>,
        key: String,
    }
    let page: Page = serde_json::from_slice(page)
        .map_err(|_| InvalidSecret::new("fetched response is not GitHub's list of keys"))?;
    let key = |key: ListedKey| Some((key.key_identifier, pem(&key.key)?.ok()?));
    KeyList::new(KIND, page.public_keys.into_iter().filter_map(key))
}
