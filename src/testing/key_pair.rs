use crate::{
    Secret,
    verify::{Algorithm, signing::CannotSign},
};

/// Generates a key pair for a provider that signs with a private key.
///
/// Returns the public key as a [`Secret`] in PEM, which all constructors of such providers accept. The secret
/// also contains the private key, so that [`sign`](super::sign) supports the verifier. Each call returns
/// another pair.
///
/// ```
/// use http::Request;
/// use tower_webhook::{provider, testing, verify::Algorithm};
///
/// let discord = provider::discord(testing::key_pair(Algorithm::Ed25519)?)?;
/// let request = testing::sign(&discord, Request::post("/webhook").body(r#"{"id":"1","type":2}"#)?)?;
/// assert!(request.headers().contains_key("x-signature-ed25519"));
/// # Ok::<(), tower_webhook::BoxError>(())
/// ```
///
/// # Errors
///
/// Returns an error if `algorithm` does not use key pairs, for example [`HmacSha256`](Algorithm::HmacSha256),
/// or if it is [`RsaSha1`](Algorithm::RsaSha1), for which only verification is supported.
pub fn key_pair(algorithm: Algorithm) -> Result<Secret, CannotSign> {
    algorithm.key_pair()
}
