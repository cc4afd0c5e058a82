use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderValue, Request, header};

use crate::verify::{
    Location,
    signing::{CannotSign, Signer, made_up},
};

/// Signs `request` with the current time, as the provider would, so that the verifier accepts it.
///
/// This function supports all providers with a symmetric secret, and custom
/// [`Scheme`](crate::verify::Scheme)s. With [`key_pair`](super::key_pair), it also supports providers that
/// sign with a private key, except for those that send a JSON Web Token in a header. If the signer has several
/// secrets, it uses the first one, unless the request contains the key id of another secret, as with Pusher.
///
/// ```
/// use http::Request;
/// use tower_webhook::{Secret, provider, testing};
///
/// let secret: Secret = "whsec_test_secret".parse()?;
/// let stripe = provider::stripe(secret);
/// let request = testing::sign(&stripe, Request::post("/webhook").body(r#"{"id":"evt_1"}"#)?)?;
/// assert!(request.headers().contains_key("stripe-signature"));
/// # Ok::<(), tower_webhook::BoxError>(())
/// ```
///
/// # Signed values
///
/// * **Headers and query parameters** that the provider signs, such as an id, a nonce or a timestamp, are
///   kept if present, so that a test can choose them. Missing ones are added: the timestamp is the time of
///   signing, and all other values are unique. The exception is a query parameter in the template of a custom
///   scheme (`{query:x}`), which the test must provide. The header of the delivery id is also added, even if
///   it is not signed: two calls then produce two different deliveries, while a clone of a signed request is
///   a duplicate.
/// * **The signature** replaces an existing one, including the other fields of its header, such as Stripe's
///   `t`. One field is kept: if users of the provider choose the headers to sign, the field that lists them,
///   such as Hook0's `h`. Without such a list, all `x-` headers are signed.
/// * **The body** is signed as is. If the provider sends the signature in the body (Adyen, Braintree, Dropbox
///   Sign, Mailgun, Microsoft Graph, Vonage), the signature is added to the body. The test must provide the
///   ids, event types and times in the body. A missing value that the provider signs is an error.
///   If the provider sends a token in the body (Apple, Wix) or an encrypted body (Feishu, WeChat Pay), the body to
///   sign is the payload that the handler gets.
/// * **The URL**, if the provider signs it, is the URL of the request with the scheme `https`. If the layer
///   has a [`public_url`](crate::WebhookLayer::public_url), use the same URL for the request. In tests, the
///   `public_url` must begin with `https://` and must not contain a user name. If the request has neither a
///   host in its URI nor a `host` header, `host: localhost` is added.
///
/// # Errors
///
/// Returns an error if the signer has a public key that is not from [`key_pair`](super::key_pair), or is a
/// [`from_fn`](crate::verify::from_fn) verifier without [`sign_with`](crate::verify::FromFn::sign_with). Also
/// returns an error if the body lacks a value that the provider signs. For X (Twitter), returns an error if
/// the body looks like a handshake challenge: the layer signs challenges for any client, and rejects
/// deliveries with such a body.
pub fn sign<S, B>(signer: &S, request: Request<B>) -> Result<Request<Bytes>, CannotSign>
where
    S: Signer + ?Sized,
    B: Into<Bytes>,
{
    sign_at(signer, request, SystemTime::now())
}

/// Signs `request` like [`sign`], with `at` as the timestamp. Use it to test stale timestamps, or with the
/// time of a [`ManualClock`](crate::ManualClock).
///
/// If the request already has a timestamp in a separate header, that timestamp is kept.
///
/// # Errors
///
/// See [`sign`].
pub fn sign_at<S, B>(signer: &S, request: Request<B>, at: SystemTime) -> Result<Request<Bytes>, CannotSign>
where
    S: Signer + ?Sized,
    B: Into<Bytes>,
{
    let (mut head, body) = request.into_parts();
    let mut body = body.into();
    if let Some(Location::Header(name)) = signer.facts().id().first()
        && !head.headers.contains_key(name)
    {
        let id = HeaderValue::try_from(made_up())
            .map_err(|_| CannotSign::new("delivery id is not a valid header value"))?;
        head.headers.insert(name.clone(), id);
    }
    if head.uri.authority().is_none() {
        head.headers.entry(header::HOST).or_insert_with(|| HeaderValue::from_static("localhost"));
    }
    signer.sign(&mut head, &mut body, at)?;
    Ok(Request::from_parts(head, body))
}
