use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderValue, Request, header};

use crate::verify::{
    Location,
    signing::{CannotSign, Signer, made_up},
};

/// Signs `request` now, just as the provider would: what it returns, the verifier believes.
///
/// It works for every provider that has a shared secret, and for those of one's own with a
/// [`Scheme`](crate::verify::Scheme). With several secrets it is the first that signs, unless the request
/// names another key, as Pusher's do.
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
/// # What is kept, and what is made
///
/// * **Headers and parameters of the query** that the provider signs, such as an id, a nonce or a
///   timestamp, are kept if the request has them, so that a test may choose them. What is missing is
///   made up: times from the clock, the rest fresh. So is the header of the delivery's id, signed or
///   not: what is signed twice is two deliveries, and a clone is a duplicate.
/// * **The signature** is always made, in the place of any that is there, with all that is in its
///   header, such as Stripe's `t`. Of a list of signed headers in it (Hook0's `h`) the names are kept;
///   where there is none, all `x-` headers are signed.
/// * **The body** is signed as it is, and only given the signature itself where the provider puts it
///   there (Adyen, Braintree, Dropbox Sign, Mailgun, Microsoft Graph, Vonage). Ids, event types and
///   times in it are the test's own affair: what the provider signs of them, and is not there, is an
///   error.
/// * **The URL**, where it is signed, is the request's, with `https` whatever its URI says. If the layer has
///   a [`public_url`](crate::WebhookLayer::public_url), give the request that whole URL; in a test it should
///   begin with `https://` and name no user. A request with neither a host in its URI nor a `host` header
///   gets `host: localhost`.
///
/// # Errors
///
/// If the signer has only a public key, as for Discord; if it is a [`from_fn`](crate::verify::from_fn) verifier
/// without [`sign_with`](crate::verify::FromFn::sign_with); or if the body lacks a value that the provider signs.
/// A body that X's verification handshake would sign for any client is not signed as an event.
pub fn sign<S, B>(signer: &S, request: Request<B>) -> Result<Request<Bytes>, CannotSign>
where
    S: Signer + ?Sized,
    B: Into<Bytes>,
{
    sign_at(signer, request, SystemTime::now())
}

/// [`sign`]s as if it were `at`: for stale timestamps, and for the time of a
/// [`ManualClock`](crate::ManualClock).
///
/// A timestamp that the request has in a header of its own is kept all the same.
///
/// # Errors
///
/// As [`sign`].
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
        let id =
            HeaderValue::try_from(made_up()).map_err(|_| CannotSign::new("an id is no header's value"))?;
        head.headers.insert(name.clone(), id);
    }
    if head.uri.authority().is_none() {
        head.headers.entry(header::HOST).or_insert_with(|| HeaderValue::from_static("localhost"));
    }
    signer.sign(&mut head, &mut body, at)?;
    Ok(Request::from_parts(head, body))
}
