use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderValue, Request, header};

use crate::verify::{
    Location,
    signing::{CannotSign, Signer, made_up},
};

/// Signs `request` with the current time, as the provider would, so that the verifier accepts it.
///
/// It supports every provider with a shared secret, and custom [`Scheme`](crate::verify::Scheme)s. With
/// several secrets it uses the first, unless the request names another key id, as Pusher's requests do.
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
///   kept if present, so that a test can choose them. Missing ones are added: the timestamp from the clock,
///   all others unique. The delivery id's header is also added, signed or not. Two signed requests are
///   therefore two deliveries, while a clone of one is a duplicate.
/// * **The signature** replaces any existing one, together with the other fields of its header, such as
///   Stripe's `t`. A list of signed headers in it (Hook0's `h`) is kept; without a list, all `x-` headers are
///   signed.
/// * **The body** is signed as it is. The signature is added to it if the provider sends it there (Adyen,
///   Braintree, Dropbox Sign, Mailgun, Microsoft Graph, Vonage). The test must provide ids, event types and
///   times in the body; a missing one that the provider signs is an error.
/// * **The URL**, if signed, is the request's own, always with `https`. If the layer has a
///   [`public_url`](crate::WebhookLayer::public_url), use that whole URL for the request; in tests it should
///   begin with `https://` and not contain a user. A request without a host in its URI or a `host` header
///   gets `host: localhost`.
///
/// # Errors
///
/// If the signer has only a public key, as for Discord; if it is a [`from_fn`](crate::verify::from_fn)
/// verifier without [`sign_with`](crate::verify::FromFn::sign_with); or if the body lacks a value that the
/// provider signs. A body that X's verification handshake would sign for any client is also an error.
pub fn sign<S, B>(signer: &S, request: Request<B>) -> Result<Request<Bytes>, CannotSign>
where
    S: Signer + ?Sized,
    B: Into<Bytes>,
{
    sign_at(signer, request, SystemTime::now())
}

/// Signs `request` with the time `at`, to test stale timestamps or to use the time of a
/// [`ManualClock`](crate::ManualClock).
///
/// A timestamp that the request already has in a header of its own is kept.
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
        let id = HeaderValue::try_from(made_up()).map_err(|_| CannotSign::new("id is not a header value"))?;
        head.headers.insert(name.clone(), id);
    }
    if head.uri.authority().is_none() {
        head.headers.entry(header::HOST).or_insert_with(|| HeaderValue::from_static("localhost"));
    }
    signer.sign(&mut head, &mut body, at)?;
    Ok(Request::from_parts(head, body))
}
