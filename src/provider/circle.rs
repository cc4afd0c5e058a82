use bytes::Bytes;
use data_encoding::BASE64;
use http::Response;
use serde::Deserialize;

use super::{
    Facts, Provider,
    fetched::{SignedBody, key_url, text_header},
    handshake::REACHABLE,
};
use crate::{
    InvalidSecret,
    verify::{
        Certificate, Check, Encoding, Fetch, KeyCache, Location, Profile, PublicKind, RequestContext,
        Signatures, Verifier, VerifyError,
    },
};

/// Creates a verifier for Circle, which fetches the public keys with `fetch`.
///
/// * Signature: ECDSA-P256-SHA256 signature of the body, as base64 in `x-circle-signature`.
/// * Delivery id: `body:/notificationId`, signed. The id of Circle's test notification is all zeros, so a
///   second test is a duplicate.
/// * Event type: `body:/notificationType`, signed.
/// * Retries: yes. Retries have the same id
///   ([source](https://developers.circle.com/api-reference/webhooks)).
/// * Handshake: `HEAD`, to which the layer responds with 200.
/// * Key: the public key at `https://api.circle.com/v2/notifications/publicKey/<key id>`, where the key id
///   is the UUID in `X-Circle-Key-Id`. This path is for Wallets, Contracts and Gateway. For other products,
///   call [`cpn`](Circle::cpn) or [`stablefx`](Circle::stablefx). Circle requires authentication: `fetch`
///   must send `Authorization: Bearer <API key>`. See [`Fetch`] for the caching of keys.
/// * [Shared secret](crate::verify::Profile::shared_secret): Circle does not document whether several
///   customers share a key, so the verifier assumes that they do.
///
/// [`find`](super::find) returns this provider, but [`Provider::verifier`] returns an error for it. See
/// [`ebay`](super::ebay()) for an example.
///
/// Source: [Circle](https://developers.circle.com/api-reference/verify-webhook-signatures).
pub fn circle(fetch: impl Fetch) -> Circle {
    Circle {
        keys: KeyCache::reading(public_key, fetch),
        folder: "https://api.circle.com/v2/notifications/publicKey/",
        profile: ROW.profile(),
    }
}

pub(super) static ALL: &[&Provider] = &[&ROW];

static ROW: Provider = Provider::fetched(
    "circle",
    "circle",
    "Circle",
    "https://developers.circle.com/api-reference/verify-webhook-signatures",
    "fetch",
    Facts {
        profile: |profile| {
            profile
                .with_id(Location::json("/notificationId"))
                .with_event_type(Location::json("/notificationType"))
        },
        shared_secret: true,
        retries: Some(true),
        handshake: Some(REACHABLE),
        ..Facts::NONE
    },
);

/// The verifier that [`circle`] returns.
#[derive(Debug)]
pub struct Circle {
    keys: KeyCache,
    folder: &'static str,
    profile: Profile,
}

impl Circle {
    /// Uses the keys of the Circle Payments Network.
    #[must_use]
    pub fn cpn(mut self) -> Self {
        self.folder = "https://api.circle.com/v2/cpn/notifications/publicKey/";
        self
    }

    /// Uses the keys of StableFX.
    #[must_use]
    pub fn stablefx(mut self) -> Self {
        self.folder = "https://api.circle.com/v2/stablefx/notifications/publicKey/";
        self
    }
}

const KIND: PublicKind = PublicKind::EcdsaP256Sha256;

impl Verifier for Circle {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let head = request.head();
        let signature = text_header(&head.headers, "x-circle-signature")?;
        Ok(Box::new(SignedBody {
            keys: &self.keys,
            kind: KIND,
            url: key_url(self.folder, text_header(&head.headers, "x-circle-key-id")?)?,
            signatures: Signatures::read([signature.as_bytes()].into_iter(), Encoding::Base64, KIND)?,
            folder: self.folder,
        }))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn handshake(&self, request: &RequestContext<'_>) -> Option<Response<Bytes>> {
        REACHABLE.without_secrets(request)
    }
}

/// Parses the response of Circle's API.
fn public_key(page: &[u8]) -> Result<Certificate, InvalidSecret> {
    #[derive(Deserialize)]
    struct KeyResponse {
        data: CircleKey,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct CircleKey {
        algorithm: String,
        public_key: String,
    }
    let KeyResponse { data: key } = serde_json::from_slice(page)
        .map_err(|_| InvalidSecret::new("fetched response is not a key of Circle's API"))?;
    if key.algorithm != "ECDSA_SHA_256" {
        return Err(InvalidSecret::new("key's algorithm is not ECDSA with SHA-256"));
    }
    let der = BASE64.decode(key.public_key.as_bytes());
    Certificate::public_key(KIND, &der.map_err(|_| InvalidSecret::new("text is not base64"))?)
}
