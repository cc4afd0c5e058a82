use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use super::{Location, Locations, VerifyError, digits, form_field, without_bom};

/// The facts about a provider that its signature scheme does not state.
///
/// Each fact is optional. A setting of the layer takes precedence; where both are missing, the layer's
/// default applies.
///
/// ```
/// use std::time::Duration;
/// use tower_webhook::verify::{Location, Profile};
///
/// let profile = Profile::new("acme")
///     .with_id(Location::header("x-acme-delivery"))
///     .with_id_signed(false)
///     .with_event_type([Location::header("x-acme-event"), Location::json("/type")])
///     .with_retry_period(Duration::from_secs(2 * 86_400))
///     .with_dedupe_window(Duration::from_secs(3 * 86_400));
/// assert_eq!(profile.id(), [Location::header("x-acme-delivery")]);
/// ```
///
/// The profile of a provider that sends batches as a form, signs the compressed body, and does not sign the
/// event type:
///
/// ```
/// use std::time::Duration;
/// use tower_webhook::verify::{Profile, SignedEncoding, Tolerance};
///
/// let profile = Profile::new("acme")
///     .with_event_type_signed(false)
///     .with_batch(true)
///     .with_equal_bodies(true)
///     .with_json_field("payload")
///     .with_content_encoding(SignedEncoding::Encoded)
///     .with_tolerance(Tolerance::default().with_past(None))
///     .with_lease(Duration::from_secs(10));
/// assert!(profile.batch() && profile.equal_bodies() && !profile.event_type_signed());
/// assert!(profile.id_signed() && profile.body_signed()); // the defaults
/// assert_eq!(profile.json_field(), Some("payload"));
/// assert_eq!(profile.content_encoding(), Some(SignedEncoding::Encoded));
/// assert_eq!(profile.tolerance().past(), None);
/// assert_eq!((profile.dedupe_window(), profile.body_limit()), (None, None));
/// ```
///
/// Setters of facts that may be unknown also accept `None`, which removes the fact.
#[derive(Clone, Debug)]
#[must_use]
pub struct Profile {
    provider: Cow<'static, str>,
    id: Locations,
    id_signed: bool,
    body_signed: bool,
    event_type: Locations,
    event_type_signed: bool,
    attempt: Option<Attempt>,
    equal_bodies: bool,
    batch: bool,
    shared_secret: bool,
    json_field: Option<Cow<'static, str>>,
    content_encoding: Option<SignedEncoding>,
    tolerance: Tolerance,
    dedupe_window: Option<Duration>,
    body_limit: Option<usize>,
    retries: Option<bool>,
    retry_period: Option<Duration>,
    ack_deadline: Option<Duration>,
    lease: Option<Duration>,
    empty_rejections: bool,
}

impl Profile {
    /// Creates a profile with only the provider's name, written in lower case with hyphens. The name begins
    /// the deduplication keys, followed by a hyphen and the scope. If tenants choose their scopes, the name
    /// must not begin with another provider's name and a hyphen. For example, do not use `acme-shop` next to
    /// `acme`: a tenant of `acme` could choose a scope that begins with `shop-`, and its keys would look like
    /// those of `acme-shop`. The names of built-in providers are protected against this.
    pub fn new(provider: impl Into<Cow<'static, str>>) -> Self {
        Self {
            provider: provider.into(),
            id: Locations::default(),
            id_signed: true,
            body_signed: true,
            event_type: Locations::default(),
            event_type_signed: true,
            attempt: None,
            equal_bodies: false,
            batch: false,
            shared_secret: false,
            json_field: None,
            content_encoding: None,
            tolerance: Tolerance::default(),
            dedupe_window: None,
            body_limit: None,
            retries: None,
            retry_period: None,
            ack_deadline: None,
            lease: None,
            empty_rejections: false,
        }
    }

    /// Sets one or more locations of the delivery id; the first with a value counts. Default: none.
    pub fn with_id(mut self, places: impl Into<Locations>) -> Self {
        self.id = places.into();
        self
    }

    /// Sets whether the signature covers the delivery id. If it does not, an attacker who captures one
    /// request can replay it under a new id: see [`replay_guard`](crate::WebhookLayer::replay_guard).
    /// Default: `true`.
    pub fn with_id_signed(mut self, signed: bool) -> Self {
        self.id_signed = signed;
        self
    }

    /// Sets whether the signature covers the [payload](crate::Delivery::payload). If it does not (as with
    /// tokens, credentials and a few schemes), an attacker who captures one request can send another payload
    /// with the captured signature. Also set `false` if the signature covers only the sorted and concatenated
    /// parameters of a form, because an attacker can split the concatenated text into other parameters.
    /// Default: `true`.
    pub fn with_body_signed(mut self, signed: bool) -> Self {
        self.body_signed = signed;
        self
    }

    /// Sets one or more locations of the event type; the first with a value counts. Default: none.
    pub fn with_event_type(mut self, places: impl Into<Locations>) -> Self {
        self.event_type = places.into();
        self
    }

    /// Sets whether the signature covers the event type. If it does not, an attacker who captures one request
    /// can send its body as an event of another type. Handlers must then not give one type more privileges
    /// than another. Default: `true`.
    pub fn with_event_type_signed(mut self, signed: bool) -> Self {
        self.event_type_signed = signed;
        self
    }

    /// Sets the location of the attempt number. Default: `None`, not sent.
    pub fn with_attempt(mut self, attempt: impl Into<Option<Attempt>>) -> Self {
        self.attempt = attempt.into();
        self
    }

    /// Sets whether two equal bodies are the same event. Set it to `true` only if the body of each event is
    /// unique, for example because it contains an id or a time. A delivery for which the layer finds no
    /// delivery id is then deduplicated by the digest of its body. Default: `false`.
    pub fn with_equal_bodies(mut self, equal: bool) -> Self {
        self.equal_bodies = equal;
        self
    }

    /// Sets whether one body can carry several events. The delivery's id and event type then do not describe
    /// each event, so [`only_events`](crate::WebhookLayer::only_events) never ignores such a delivery, and
    /// [`EventRouter`](crate::EventRouter) passes the delivery to its fallback. Default: `false`.
    pub fn with_batch(mut self, batch: bool) -> Self {
        self.batch = batch;
        self
    }

    /// Sets whether several receivers can get the same event under the same secret: the webhooks of one
    /// account or application, or all customers of a provider that signs with one key. If it is `true`, the
    /// default [scope](crate::WebhookLayer::scope) includes a digest of the public URL, or else of the
    /// request's path, so that two routes that share a store do not drop each other's events. Default:
    /// `false`.
    pub fn with_shared_secret(mut self, shared: bool) -> Self {
        self.shared_secret = shared;
        self
    }

    /// Sets the form field that holds the JSON, if the provider posts a form (GitHub's `payload`). Default:
    /// none.
    pub fn with_json_field(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.json_field = Some(field.into());
        self
    }

    /// Sets which bytes the signature covers if the provider compresses the body (`Content-Encoding`).
    /// Default: `None`, which counts as [`SignedEncoding::Encoded`].
    ///
    /// With the feature `compression`, the layer decodes the body: before verification if the signature
    /// covers the decoded body, and after verification otherwise. The body limit and the buffer budget apply
    /// to the decoded body. If the body is decoded before verification and is then longer than 64 KiB, its
    /// compression ratio is also limited to 100.
    pub fn with_content_encoding(mut self, signed: impl Into<Option<SignedEncoding>>) -> Self {
        self.content_encoding = signed.into();
        self
    }

    /// Sets the tolerance of the signed timestamp. Default: 300 s into the past and into the future.
    pub fn with_tolerance(mut self, tolerance: Tolerance) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Sets the [deduplication window](crate::WebhookLayer::dedupe_window). The window must be longer than
    /// the provider's retry period. Default: the layer's.
    pub fn with_dedupe_window(mut self, window: impl Into<Option<Duration>>) -> Self {
        self.dedupe_window = window.into();
        self
    }

    /// Sets the size in bytes of the largest body that the provider sends. Default: the layer's limit.
    pub fn with_body_limit(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.body_limit = bytes.into();
        self
    }

    /// Sets whether the provider retries a delivery without a 2xx response. `false` makes
    /// [`StoreFailure::Proceed`](crate::StoreFailure::Proceed) the default, because a 503 would lose the
    /// event. Default: `None`, unknown.
    pub fn with_retries(mut self, retries: impl Into<Option<bool>>) -> Self {
        self.retries = retries.into();
        self
    }

    /// Sets the retry period: the time between the first attempt and the last automatic retry. A layer
    /// without a lookup logs a warning if its [deduplication window](crate::WebhookLayer::dedupe_window) is
    /// not longer than this period. Default: `None`, unknown.
    pub fn with_retry_period(mut self, period: impl Into<Option<Duration>>) -> Self {
        self.retry_period = period.into();
        self
    }

    /// Sets how long the provider waits for a response. Default: `None`, unknown.
    pub fn with_ack_deadline(mut self, deadline: impl Into<Option<Duration>>) -> Self {
        self.ack_deadline = deadline.into();
        self
    }

    /// Sets the [`lease`](crate::WebhookLayer::lease) of claims. Set a shorter lease if all of the provider's
    /// retries come within the default lease of 30 s: at least one retry must come after the lease of a
    /// crashed process has expired. Use at least 3 s, so that the store has a second to answer each
    /// heartbeat.
    pub fn with_lease(mut self, lease: impl Into<Option<Duration>>) -> Self {
        self.lease = lease.into();
        self
    }

    /// Sets whether the responses to rejected requests have an empty body, for providers that accept no other
    /// body (Xero). Such a response has no `Content-Type`; its status and other headers stay the same.
    /// Default: `false`.
    pub fn with_empty_rejections(mut self, empty: bool) -> Self {
        self.empty_rejections = empty;
        self
    }

    /// Returns the provider's name.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// Returns the locations of the delivery id, in the order in which they are searched; empty if there are
    /// none.
    #[must_use]
    pub fn id(&self) -> &[Location] {
        self.id.as_slice()
    }

    /// Returns whether the signature covers the delivery id.
    #[must_use]
    pub fn id_signed(&self) -> bool {
        self.id_signed
    }

    /// Returns whether the signature covers the payload.
    #[must_use]
    pub fn body_signed(&self) -> bool {
        self.body_signed
    }

    /// Returns the locations of the event type, in the order in which they are searched; empty if there are
    /// none.
    #[must_use]
    pub fn event_type(&self) -> &[Location] {
        self.event_type.as_slice()
    }

    /// Returns whether the signature covers the event type.
    #[must_use]
    pub fn event_type_signed(&self) -> bool {
        self.event_type_signed
    }

    /// Returns the location of the attempt number.
    #[must_use]
    pub fn attempt(&self) -> Option<&Attempt> {
        self.attempt.as_ref()
    }

    /// Returns whether two equal bodies are the same event.
    #[must_use]
    pub fn equal_bodies(&self) -> bool {
        self.equal_bodies
    }

    /// Returns whether one body can carry several events.
    #[must_use]
    pub fn batch(&self) -> bool {
        self.batch
    }

    /// Returns whether several receivers can get the same event under the same secret.
    #[must_use]
    pub fn shared_secret(&self) -> bool {
        self.shared_secret
    }

    /// Returns the form field that holds the JSON.
    #[must_use]
    pub fn json_field(&self) -> Option<&str> {
        self.json_field.as_deref()
    }

    /// Returns which bytes of an encoded body the signature covers.
    #[must_use]
    pub fn content_encoding(&self) -> Option<SignedEncoding> {
        self.content_encoding
    }

    /// Returns the tolerance of the signed timestamp.
    pub fn tolerance(&self) -> Tolerance {
        self.tolerance
    }

    /// Returns the deduplication window.
    #[must_use]
    pub fn dedupe_window(&self) -> Option<Duration> {
        self.dedupe_window
    }

    /// Returns the size in bytes of the largest body that the provider sends.
    #[must_use]
    pub fn body_limit(&self) -> Option<usize> {
        self.body_limit
    }

    /// Returns whether the provider retries a delivery without a 2xx response.
    #[must_use]
    pub fn retries(&self) -> Option<bool> {
        self.retries
    }

    /// Returns the retry period: the time between the first attempt and the last automatic retry.
    #[must_use]
    pub fn retry_period(&self) -> Option<Duration> {
        self.retry_period
    }

    /// Returns how long the provider waits for a response.
    #[must_use]
    pub fn ack_deadline(&self) -> Option<Duration> {
        self.ack_deadline
    }

    /// Returns the lease of claims.
    #[must_use]
    pub fn lease(&self) -> Option<Duration> {
        self.lease
    }

    /// Returns whether the responses to rejected requests have an empty body.
    #[must_use]
    pub fn empty_rejections(&self) -> bool {
        self.empty_rejections
    }

    /// Returns the JSON in a payload: the content of the form field that holds it, or the payload itself,
    /// without a byte order mark.
    pub(crate) fn json_in<'b>(&self, payload: &'b [u8]) -> Cow<'b, [u8]> {
        let field = self.json_field.as_deref().and_then(|field| form_field(payload, field));
        field.unwrap_or(Cow::Borrowed(without_bom(payload)))
    }
}

/// The bytes that a signature covers if the body has a `Content-Encoding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignedEncoding {
    /// The encoded body, as sent.
    Encoded,
    /// The body before it was encoded.
    Decoded,
}

/// The location of the attempt number, and what the number counts.
/// [`Delivery::attempt`](crate::Delivery::attempt) counts from 1, whichever variant is set.
///
/// ```
/// use tower_webhook::verify::{Attempt, Location, Profile};
///
/// let profile = Profile::new("acme").with_attempt(Attempt::Retries(Location::header("x-acme-retry")));
/// assert!(profile.attempt().is_some());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Attempt {
    /// The number of the attempt, counted from 1.
    Number(Location),
    /// The number of retries: 0 or absent for the first attempt.
    Retries(Location),
}

impl Attempt {
    pub(crate) fn location(&self) -> &Location {
        match self {
            Self::Number(location) | Self::Retries(location) => location,
        }
    }

    /// Returns the attempt number for the text at the location; `None` if the text is not a number.
    pub(crate) fn of(&self, text: Option<&str>) -> Option<u32> {
        let number = text.map(|text| digits(text.as_bytes()).and_then(|number| u32::try_from(number).ok()));
        match (self, number) {
            (Self::Number(_), Some(number)) => number.filter(|number| *number > 0),
            (Self::Number(_), None) => None,
            (Self::Retries(_), Some(retries)) => retries?.checked_add(1),
            (Self::Retries(_), None) => Some(1),
        }
    }
}

/// The tolerance of a signed timestamp, in whole seconds.
///
/// Default: 300 s into the past and into the future, which most providers recommend. The future always has a
/// limit: otherwise a request with a future timestamp would be valid at least until that timestamp.
///
/// ```
/// use std::time::Duration;
/// use tower_webhook::verify::Tolerance;
///
/// let tolerance = Tolerance::any_age().with_future(Duration::from_secs(60));
/// assert_eq!(tolerance.past(), None);
/// assert_eq!(tolerance.future(), Duration::from_secs(60));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Tolerance {
    past: Option<Duration>,
    future: Duration,
}

impl Tolerance {
    const DEFAULT: Duration = Duration::from_secs(300);

    /// Creates a tolerance that is the same for the past and the future.
    pub const fn both(tolerance: Duration) -> Self {
        Self { past: Some(tolerance), future: tolerance }
    }

    /// Creates a tolerance without a limit for the past, and of 300 s for the future. Use it for providers
    /// that specify no limit. An attacker can then replay a captured request at any time; only deduplication
    /// stops the replay.
    pub const fn any_age() -> Self {
        Self { past: None, future: Self::DEFAULT }
    }

    /// Sets the maximum age of a request. `None` disables the check.
    pub fn with_past(mut self, past: impl Into<Option<Duration>>) -> Self {
        self.past = past.into();
        self
    }

    /// Sets the maximum time by which a timestamp may be ahead.
    pub const fn with_future(mut self, future: Duration) -> Self {
        self.future = future;
        self
    }

    /// Returns the maximum age of a request; `None` if the check is disabled.
    #[must_use]
    pub const fn past(self) -> Option<Duration> {
        self.past
    }

    /// Returns the maximum time by which a timestamp may be ahead.
    #[must_use]
    pub const fn future(self) -> Duration {
        self.future
    }

    /// Checks a timestamp. Rounds its difference from `now` down to whole seconds, because most signed
    /// timestamps have no fraction.
    pub(crate) fn judge(self, signed: SystemTime, now: SystemTime) -> Result<(), VerifyError> {
        let (off, ahead, tolerance) = match now.duration_since(signed) {
            Ok(age) => (age, false, self.past),
            Err(lead) => (lead.duration(), true, Some(self.future)),
        };
        match tolerance {
            Some(tolerance) if Duration::from_secs(off.as_secs()) > tolerance => {
                Err(VerifyError::stale(off, ahead, tolerance))
            }
            _ => Ok(()),
        }
    }
}

impl Default for Tolerance {
    fn default() -> Self {
        Self::both(Self::DEFAULT)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{Attempt, Location, Profile, SignedEncoding, Tolerance};

    #[test]
    fn a_new_profile_has_the_defaults() {
        let profile = Profile::new("acme");
        assert_eq!(profile.provider(), "acme");
        assert!(profile.id().is_empty() && profile.event_type().is_empty());
        assert!(profile.id_signed() && profile.body_signed() && profile.event_type_signed());
        assert!(!profile.equal_bodies() && !profile.batch() && !profile.shared_secret());
        assert!(!profile.empty_rejections());
        assert_eq!((profile.attempt(), profile.json_field(), profile.content_encoding()), (None, None, None));
        assert_eq!(profile.tolerance(), Tolerance::both(Duration::from_secs(300)));
        assert_eq!((profile.dedupe_window(), profile.ack_deadline(), profile.lease()), (None, None, None));
        assert_eq!((profile.body_limit(), profile.retries(), profile.retry_period()), (None, None, None));
    }

    #[test]
    fn each_setter_sets_what_its_getter_returns() {
        let (id, event_type) = (Location::header("x-id"), Location::json("/type"));
        let attempt = Attempt::Number(Location::header("x-attempt"));
        let seconds = Duration::from_secs;
        let profile = Profile::new("acme")
            .with_id([id.clone(), event_type.clone()])
            .with_id_signed(false)
            .with_body_signed(false)
            .with_event_type(event_type.clone())
            .with_event_type_signed(false)
            .with_attempt(attempt.clone())
            .with_equal_bodies(true)
            .with_batch(true)
            .with_shared_secret(true)
            .with_json_field("payload")
            .with_content_encoding(SignedEncoding::Decoded)
            .with_tolerance(Tolerance::any_age())
            .with_dedupe_window(seconds(1))
            .with_body_limit(2)
            .with_retries(false)
            .with_retry_period(seconds(5))
            .with_ack_deadline(seconds(3))
            .with_lease(seconds(4))
            .with_empty_rejections(true);
        assert_eq!(profile.id(), [id, event_type.clone()]);
        assert_eq!(profile.event_type(), [event_type]);
        assert!(!profile.id_signed() && !profile.body_signed() && !profile.event_type_signed());
        assert_eq!(profile.attempt(), Some(&attempt));
        assert!(profile.equal_bodies() && profile.batch() && profile.shared_secret());
        assert_eq!(profile.json_field(), Some("payload"));
        assert_eq!(profile.content_encoding(), Some(SignedEncoding::Decoded));
        assert_eq!(profile.tolerance(), Tolerance::any_age());
        assert_eq!(profile.dedupe_window(), Some(seconds(1)));
        assert_eq!(profile.body_limit(), Some(2));
        assert_eq!(profile.retries(), Some(false));
        assert_eq!(profile.retry_period(), Some(seconds(5)));
        assert_eq!(profile.ack_deadline(), Some(seconds(3)));
        assert_eq!(profile.lease(), Some(seconds(4)));
        assert!(profile.empty_rejections());
        assert_eq!(profile.with_id([]).with_retries(None).retries(), None);
    }

    #[test]
    fn a_tolerance_limits_past_and_future() {
        let (now, seconds) = (SystemTime::UNIX_EPOCH + Duration::from_secs(10_000), Duration::from_secs);
        let tolerance = Tolerance::any_age().with_past(seconds(10)).with_future(seconds(5));
        assert!(tolerance.judge(now - seconds(10), now).is_ok());
        assert!(tolerance.judge(now - seconds(11), now).is_err());
        assert!(tolerance.judge(now + seconds(5), now).is_ok());
        assert!(tolerance.judge(now + seconds(6), now).is_err());
        assert!(tolerance.with_past(None).judge(SystemTime::UNIX_EPOCH, now).is_ok());
        assert!(Tolerance::any_age().judge(now + seconds(301), now).is_err());
    }
}
