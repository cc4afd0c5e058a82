use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use super::{Location, VerifyError, digits};

/// What is known of a provider, beside how it signs.
///
/// Each fact is optional; what is `None` is decided by the layer's default. What the user sets on
/// the layer wins over the profile.
///
/// ```
/// use std::time::Duration;
/// use tower_webhook::verify::{Location, Profile};
///
/// let mut profile = Profile::new("acme");
/// profile.id = Some(Location::header("x-acme-delivery"));
/// profile.id_signed = false;
/// profile.event_type = Some(Location::json("/type"));
/// profile.dedupe_window = Some(Duration::from_secs(3 * 86_400)); // it retries for two days
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Profile {
    /// The provider's name, in lower case with hyphens; the first part of every dedupe key.
    pub provider: Cow<'static, str>,
    /// Where a delivery's id is. `None`: it has none.
    pub id: Option<Location>,
    /// Whether the signature covers the id. Where it does not, a leaked request can be sent again
    /// under a fresh id: [`replay_guard`](crate::WebhookLayer::replay_guard). Default: `true`.
    pub id_signed: bool,
    /// Whether the signature covers the [payload](crate::Delivery::payload). Where it does not (tokens,
    /// credentials, a few schemes), an attacker who captures one request can send another payload under
    /// it; where only a sorted form is signed, one whose parameters are split in other places.
    /// Default: `true`.
    pub body_signed: bool,
    /// Where the event's type is.
    pub event_type: Option<Location>,
    /// Whether the signature covers the event's type. Where it does not, an attacker who captures one request
    /// can send its body as an event of another type, so no type may grant more than another does.
    /// Default: `true`.
    pub event_type_signed: bool,
    /// Where the number of the attempt is. `None`: the provider does not say which it is.
    pub attempt: Option<Attempt>,
    /// Whether two equal bodies are one event: true only where bodies carry ids or times of their
    /// own. A delivery without an id is then known by its body's digest. Default: `false`.
    pub equal_bodies: bool,
    /// Whether several receivers can get the same event under the same secret: the webhooks of one
    /// account or application, or all customers of a provider that signs with one key. The default
    /// [scope](crate::WebhookLayer::scope) then contains a digest of the path that was called, so that two
    /// routes on one store do not drop each other's events. Default: `false`.
    pub shared_secret: bool,
    /// The form field that holds the JSON when the provider posts a form (GitHub's `payload`).
    pub json_field: Option<Cow<'static, str>>,
    /// The tolerance of its signed timestamp.
    pub tolerance: Tolerance,
    /// How long a handled delivery must be remembered: at least as long as the provider retries.
    pub dedupe_window: Option<Duration>,
    /// The largest body that the provider sends, in bytes.
    pub body_limit: Option<usize>,
    /// Whether the provider sends a delivery again when it is not answered 2xx. `Some(false)` makes
    /// [`StoreFailure::Proceed`](crate::StoreFailure::Proceed) the default: a 503 would lose the event.
    pub retries: Option<bool>,
    /// How long the provider waits for an answer.
    pub ack_deadline: Option<Duration>,
    /// The [`lease`](crate::WebhookLayer::lease) of claims. Set it where the provider's retries all come
    /// within the default of 30 s: the last retry must come after the claim of a dead process has ended.
    /// Not shorter than 3 s, so that each third of it leaves the store a second to answer.
    pub lease: Option<Duration>,
}

impl Profile {
    /// A profile in which nothing is known but the provider's name.
    pub fn new(provider: impl Into<Cow<'static, str>>) -> Self {
        Self {
            provider: provider.into(),
            id: None,
            id_signed: true,
            body_signed: true,
            event_type: None,
            event_type_signed: true,
            attempt: None,
            equal_bodies: false,
            shared_secret: false,
            json_field: None,
            tolerance: Tolerance::default(),
            dedupe_window: None,
            body_limit: None,
            retries: None,
            ack_deadline: None,
            lease: None,
        }
    }
}

/// Where a provider says how often it has tried, and what it counts there. Whichever it is,
/// [`Delivery::attempt`](crate::Delivery::attempt) counts from 1.
///
/// ```
/// use tower_webhook::verify::{Attempt, Location, Profile};
///
/// let mut profile = Profile::new("acme");
/// profile.attempt = Some(Attempt::Retries(Location::header("x-acme-retry")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Attempt {
    /// The attempts: the first is 1.
    Number(Location),
    /// The retries: the first attempt is 0, or has no number at all.
    Retries(Location),
}

impl Attempt {
    pub(crate) fn location(&self) -> &Location {
        match self {
            Self::Number(location) | Self::Retries(location) => location,
        }
    }

    /// The attempt that the text which was found there is about. What is no number says nothing.
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
/// Default: 300 s into the past and into the future, which most providers advise. The future always has a limit:
/// a request dated ahead would otherwise stay valid until that date, whatever the limit for the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerance {
    /// The greatest age of a request. `None` disables the check.
    pub past: Option<Duration>,
    /// The greatest lead of the provider's clock.
    pub future: Duration,
}

impl Tolerance {
    /// Any age, for providers that name no limit; 300 s into the future.
    pub(crate) const ANY_AGE: Self = Self { past: None, future: Duration::from_secs(300) };

    /// The same on both sides.
    #[must_use]
    pub const fn both(tolerance: Duration) -> Self {
        Self { past: Some(tolerance), future: tolerance }
    }

    /// Judges a timestamp. Signed timestamps are whole seconds, so a second begun does not count.
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
        Self::both(Duration::from_secs(300))
    }
}
