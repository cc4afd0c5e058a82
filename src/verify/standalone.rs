//! Verification without the layer.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::request::Parts;

use super::{
    ContentCoding, DecodedLimits, Finishing, Later, Location, Profile, RequestContext, SignedEncoding,
    Verified, Verifier, VerifyError,
};
use crate::task::{rarely, timeout};

/// The limit in bytes of a decoded body, for profiles without a body limit.
const LARGEST_DECODED: usize = 1024 * 1024;

/// Verifies a request whose body is in memory, without the layer: for actix-web or Rocket, for a queue
/// consumer, or to check recorded requests.
///
/// **The caller is responsible for handshakes, limits and deduplication.** Limit the body before reading it,
/// call [`Verifier::handshake`] and [`Verifier::signed_handshake`] for providers that need them, and handle
/// each [`Verified::id`] once. See the repository's example `examples/actix-web`.
///
/// An encoded body (`content-encoding: gzip`) is decoded, which requires the feature `compression`.
/// [`Verified::payload`] is then the decoded body. Its maximum length is the
/// [`Profile::body_limit`](super::Profile::body_limit), or else 1 MiB.
///
/// `now` is the time that the signed timestamp is compared with; the profile's
/// [tolerance](super::Profile::tolerance) applies. The id and the event type come from the verifier, or else
/// from the locations in the profile. [`verify_in`] also accepts the URL that the provider was given.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use bytes::Bytes;
/// use http::Request;
/// use tower_webhook::{Secret, provider, store::{Claim, Key, MokaStore, Store, Token}, testing, verify};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tower_webhook::BoxError> {
/// let stripe = provider::stripe("whsec_test".parse::<Secret>()?);
/// let event = Request::post("/webhook").body(r#"{"id":"evt_1","type":"invoice.paid"}"#)?;
/// let (head, body) = testing::sign(&stripe, event)?.into_parts();
///
/// let now = SystemTime::now();
/// let verified = verify::verify_request(&stripe, &head, &body, now).await?;
/// assert_eq!(verified.id(), Some("evt_1"));
/// assert_eq!(verified.event_type(), Some("invoice.paid"));
///
/// // A consumer handles each id once. It releases the claim if that fails.
/// let (store, key, token) = (MokaStore::new(1000), Key::new("stripe", "evt_1"), Token::mint());
/// if let Claim::Acquired { .. } = store.claim(&key, &token, Duration::from_secs(30)).await? {
///     store.complete(&key, &token, Duration::from_secs(86_400)).await?; // once it is handled
/// }
///
/// // Stripe's tolerance is 300 seconds.
/// let late = now + Duration::from_secs(302);
/// assert!(verify::verify_request(&stripe, &head, &body, late).await.is_err());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Returns an error if the request is not genuine, if its timestamp is out of tolerance, if its body cannot
/// be decoded, or if a key could not be fetched. [`VerifyError::kind`] distinguishes these cases, and
/// [`RejectionKind::status`](crate::RejectionKind::status) returns the status to respond with. If a key could
/// not be fetched, the status is 503, so that the provider retries.
///
/// # Cancel safety
///
/// Cancel safe: the function records nothing about the request, so a dropped call can be repeated. Fetching a
/// key takes at most 10 seconds; only providers whose keys are fetched need a tokio runtime with time
/// enabled.
pub async fn verify_request<V>(
    verifier: &V,
    head: &Parts,
    body: &Bytes,
    now: SystemTime,
) -> Result<Verified, VerifyError>
where
    V: Verifier + ?Sized,
{
    verify_in(verifier, &RequestContext::received(head, now), body).await
}

/// Verifies a request like [`verify_request`], with a context: for providers that sign the URL they were
/// given.
///
/// ```
/// use bytes::Bytes;
/// use http::Request;
/// use tower_webhook::{Secret, provider, testing, verify::{self, RequestContext}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tower_webhook::BoxError> {
/// let square = provider::square("a secret".parse::<Secret>()?);
/// let event = Request::post("https://shop.example/webhook").body(r#"{"event_id":"1"}"#)?;
/// let (mut head, body) = testing::sign(&square, event)?.into_parts();
///
/// // A proxy forwards the request with another host and path.
/// head.uri = "http://10.0.0.7/in".parse()?;
/// assert!(verify::verify_in(&square, &RequestContext::new(&head), &body).await.is_err());
///
/// let request = RequestContext::new(&head).public_url("https://shop.example/webhook");
/// let verified = verify::verify_in(&square, &request, &body).await?;
/// assert_eq!(verified.id(), Some("1"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// See [`verify_request`].
///
/// # Cancel safety
///
/// See [`verify_request`].
pub async fn verify_in<V>(
    verifier: &V,
    request: &RequestContext<'_>,
    body: &Bytes,
) -> Result<Verified, VerifyError>
where
    V: Verifier + ?Sized,
{
    let (head, now, profile) = (request.head(), request.now(), verifier.profile());
    let judge = |timestamp: Option<SystemTime>| match timestamp {
        Some(signed) => profile.tolerance().judge(signed, now),
        None => Ok(()),
    };
    let mut check = verifier.begin(&request.with_tolerance(profile.tolerance()))?;
    let timestamp = check.timestamp();
    judge(timestamp)?;
    let coding = ContentCoding::of(&head.headers).filter(|coding| coding.fits(body));
    let signs_decoded = profile.content_encoding() == Some(SignedEncoding::Decoded);
    let decoded = match coding {
        Some(coding) if signs_decoded => Some(decode(coding, body, profile, false).await?),
        _ => None,
    };
    let signed = decoded.as_ref().unwrap_or(body);
    check.update(signed);
    let outcome = match check.finish(signed).0 {
        Finishing::Now(outcome) => outcome,
        Finishing::Later(later) => rarely(wait(later)).await,
    };
    let mut verified = self::verified(outcome, timestamp)?;
    judge(verified.timestamp)?;
    let decoded = match coding {
        Some(coding) if !signs_decoded && verified.payload.is_none() => {
            Some(decode(coding, body, profile, true).await?)
        }
        _ => decoded,
    };
    verified.payload = verified.payload.or(decoded.map(Box::new));
    let payload = verified.payload.as_deref().unwrap_or(body);
    let find = |location: &Location, body: &[u8]| {
        let value = location.first(head, body)?;
        Some(value.as_str()).filter(|text| !text.is_empty()).map(Box::from)
    };
    let is_final = verified.is_id_final;
    let id = || match is_final {
        true => None,
        false => profile.id().iter().find_map(|location| find(location, payload)),
    };
    let event_type = || {
        profile.event_type().iter().find_map(|location| match location {
            Location::Json(_) => find(location, &profile.json_in(payload)),
            _ => find(location, payload),
        })
    };
    (verified.id, verified.event_type) = (verified.id.or_else(id), verified.event_type.or_else(event_type));
    Ok(verified)
}

/// Decodes a body, verified or not.
async fn decode(
    coding: ContentCoding,
    body: &[u8],
    profile: &Profile,
    is_verified: bool,
) -> Result<Bytes, VerifyError> {
    let bytes = profile.body_limit().unwrap_or(LARGEST_DECODED);
    let limits = DecodedLimits { bytes, is_verified, charge: &mut |_| true };
    rarely(coding.decode(body, limits)).await.map_err(VerifyError::content)
}

/// Completes the result of a check. A `timestamp` from the head takes precedence over that of the result.
#[inline]
pub(crate) fn verified(
    outcome: Result<Verified, VerifyError>,
    timestamp: Option<SystemTime>,
) -> Result<Verified, VerifyError> {
    let mut verified = outcome?;
    verified.timestamp = timestamp.or(verified.timestamp);
    // An empty value counts as missing, so that the profile's locations are searched.
    verified.id = verified.id.filter(|id| !id.is_empty());
    verified.event_type = verified.event_type.filter(|event_type| !event_type.is_empty());
    Ok(verified)
}

/// Waits for a check that fetches a key.
pub(crate) async fn wait(later: Later) -> Result<Verified, VerifyError> {
    const LONGEST_WAIT: Duration = Duration::from_secs(10);
    timeout(LONGEST_WAIT, later).await.unwrap_or_else(|elapsed| Err(VerifyError::unavailable(elapsed)))
}
