use std::borrow::Cow;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use http::{Method, Response};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    Facts, Provider,
    fetched::{SignedBody, key_url, text_header},
    handshake::{Handshake, HandshakeRequest, json_response, no_verify_token},
};
use crate::{
    InvalidSecret,
    verify::{
        Attempt, Certificate, Check, Encoding, Fetch, KeyCache, Location, Profile, PublicKind,
        RequestContext, Signatures, Verifier, VerifyError, endpoint_url, pem,
    },
};

/// eBay's handshake: `GET ?challenge_code=…`, answered with a hash of the code, the verify token and the
/// endpoint's URL.
const HANDSHAKE: Handshake = Handshake {
    unsigned: |request| {
        let code = challenge_code(request)?;
        let (token, endpoint) = (request.verify_token()?, endpoint_url(&request.request)?);
        let hash = Sha256::new().chain_update(&*code).chain_update(token).chain_update(&*endpoint).finalize();
        Some(json_response(&json!({ "challengeResponse": HEXLOWER.encode(&hash) })))
    },
    ..Handshake::NONE
};

fn challenge_code<'a>(request: &HandshakeRequest<'a>) -> Option<Cow<'a, str>> {
    request.is(&Method::GET).then(|| request.query("challenge_code")).flatten()
}

/// Creates a verifier for eBay, which fetches the public keys with `fetch`.
///
/// * Signature: ECDSA-P256-SHA1 signature of the body, in `x-ebay-signature` (a JSON object as base64).
/// * Signed content: `{body}`. The JSON object in the header contains the signature, the key id and the
///   algorithm, which must be ECDSA with SHA-1.
/// * Delivery id: `body:/notification/notificationId`, signed.
/// * Event type: `body:/metadata/topic`, signed.
/// * Retries: yes. `publishAttemptCount` in the body is the number of the attempt.
/// * Handshake: `GET ?challenge_code=…`. The layer responds with a hash of the code, the layer's
///   [`verify_token`](crate::WebhookLayer::verify_token) and the layer's
///   [`public_url`](crate::WebhookLayer::public_url). The token and the URL must equal the values configured
///   at eBay.
/// * Key: the public key at `https://api.ebay.com/commerce/notification/v1/public_key/<key id>`; the key id
///   must be a UUID. The [sandbox](Ebay::sandbox) uses `api.sandbox.ebay.com`. eBay requires authentication:
///   `fetch` must send `Authorization: Bearer <access token>`. Get the access token with the client
///   credentials grant and the scope `https://api.ebay.com/oauth/api_scope`, and renew it before it expires.
///   See [`Fetch`] for the caching of keys.
/// * [Shared secret](crate::verify::Profile::shared_secret): eBay signs with one key for all applications.
///
/// [`find`](super::find) returns this provider, but [`Provider::verifier`] returns an error for it.
///
/// ```
/// use bytes::Bytes;
/// use tower_webhook::{BoxError, Secret, WebhookLayer, provider, verify::Fetch};
///
/// struct Client; // the application's: see `Fetch`
///
/// impl Fetch for Client {
///     async fn fetch(&self, url: &str, most: usize) -> Result<Bytes, BoxError> {
///         # let _ = most;
///         // self.http.get(url).bearer_auth(self.access_token().await?) …
///         Err(format!("{url} is not fetched in an example").into())
///     }
/// }
///
/// let token: Secret = "the verification token configured at eBay".parse()?;
/// let layer = WebhookLayer::with_verifier(provider::ebay(Client))
///     .verify_token(token)
///     .public_url("https://shop.example/ebay");
/// # Ok::<(), BoxError>(())
/// ```
///
/// Sources: [the API](https://developer.ebay.com/api-docs/commerce/notification/overview.html), and
/// [eBay's own code](https://github.com/eBay/event-notification-nodejs-sdk).
pub fn ebay(fetch: impl Fetch) -> Ebay {
    Ebay {
        keys: KeyCache::reading(public_key, fetch),
        folder: "https://api.ebay.com/commerce/notification/v1/public_key/",
        profile: ROW.profile(),
    }
}

pub(super) static ALL: &[&Provider] = &[&ROW];

static ROW: Provider = Provider::fetched(
    "ebay",
    "ebay",
    "eBay",
    "https://developer.ebay.com/api-docs/commerce/notification/overview.html",
    "fetch",
    Facts {
        profile: |profile| {
            profile
                .with_id(Location::json("/notification/notificationId"))
                .with_event_type(Location::json("/metadata/topic"))
                .with_attempt(Attempt::Number(Location::json("/notification/publishAttemptCount")))
        },
        shared_secret: true,
        retries: Some(true),
        handshake: Some(HANDSHAKE),
        ..Facts::NONE
    },
);

/// The verifier that [`ebay`] returns.
#[derive(Debug)]
pub struct Ebay {
    keys: KeyCache,
    folder: &'static str,
    profile: Profile,
}

impl Ebay {
    /// Accepts only notifications of eBay's sandbox.
    #[must_use]
    pub fn sandbox(mut self) -> Self {
        self.folder = "https://api.sandbox.ebay.com/commerce/notification/v1/public_key/";
        self
    }
}

const KIND: PublicKind = PublicKind::EcdsaP256Sha1;

impl Verifier for Ebay {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let handshake = HandshakeRequest { request: *request, secrets: &[] };
        if request.verify_token().is_none() && challenge_code(&handshake).is_some() {
            return Err(no_verify_token());
        }
        let head = request.head();
        let SignatureHeader { alg, kid, signature, digest } =
            SignatureHeader::read(text_header(&head.headers, "x-ebay-signature")?)?;
        if !is_supported(&alg, &digest) {
            return Err(VerifyError::malformed(
                "`alg` and `digest` in `X-EBAY-SIGNATURE` are not ECDSA and SHA1",
            ));
        }
        Ok(Box::new(SignedBody {
            keys: &self.keys,
            kind: KIND,
            url: key_url(self.folder, &kid)?,
            signatures: Signatures::read([signature.as_bytes()].into_iter(), Encoding::Base64, KIND)?,
            folder: self.folder,
        }))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn handshake(&self, request: &RequestContext<'_>) -> Option<Response<Bytes>> {
        HANDSHAKE.without_secrets(request)
    }
}

/// The JSON object that the header contains as base64.
#[derive(Deserialize)]
struct SignatureHeader {
    alg: String,
    kid: String,
    signature: String,
    digest: String,
}

impl SignatureHeader {
    fn read(text: &str) -> Result<Self, VerifyError> {
        /// The maximum length. A usual header has about 250 characters.
        const LONGEST: usize = 2048;
        let json = (text.len() <= LONGEST).then(|| Encoding::Base64.decode_key(text).ok()).flatten();
        // Discards the parser's error, which may quote the header.
        let read = json.and_then(|json| serde_json::from_slice(&json).ok());
        read.ok_or(VerifyError::malformed("`X-EBAY-SIGNATURE` is not base64 of a JSON signature"))
    }
}

/// Returns whether the algorithm is supported. Ignores case, because eBay's header and eBay's API write the
/// algorithm in different case.
fn is_supported(algorithm: &str, digest: &str) -> bool {
    algorithm.eq_ignore_ascii_case("ECDSA") && digest.eq_ignore_ascii_case("SHA1")
}

/// Parses the response of eBay's API.
fn public_key(page: &[u8]) -> Result<Certificate, InvalidSecret> {
    #[derive(Deserialize)]
    struct KeyResponse {
        key: String,
        algorithm: String,
        digest: String,
    }
    let page: KeyResponse = serde_json::from_slice(page)
        .map_err(|_| InvalidSecret::new("fetched response is not a key of eBay's API"))?;
    if !is_supported(&page.algorithm, &page.digest) {
        return Err(InvalidSecret::new("key's algorithm is not ECDSA with SHA-1"));
    }
    let der = pem(&page.key).ok_or_else(|| InvalidSecret::new("key is not PEM"))?;
    Certificate::public_key(KIND, &der?)
}

#[cfg(test)]
mod tests {
    use super::HANDSHAKE;
    use crate::provider::handshake::testing::unsigned;

    #[test]
    fn challenge_response_is_the_hash_of_code_token_and_endpoint() -> Result<(), crate::InvalidSecret> {
        let answer = unsigned(HANDSHAKE, "-".parse()?, "challenge_code=71745723-d031-455c-bfa5-f90d11b4f20a");
        let hash = "048de9ffd0e35021fefc0388d5c52e0f475324f582f3778ca81a53354ccbbc97";
        assert_eq!(answer, Some(format!(r#"{{"challengeResponse":"{hash}"}}"#)));
        Ok(())
    }
}
