use std::{fmt, sync::Arc, time::Duration};

use super::handshake::{Handshake, Shaking};
use crate::{
    IntoSecrets, InvalidSecret, Secrets,
    verify::{Attempt, InvalidScheme, Profile, Scheme, Verifier},
};

/// What the crate knows of a provider: its scheme and its [profile](Profile), and where that is from.
///
/// ```
/// use tower_webhook::{Secret, WebhookLayer, provider};
///
/// // A service whose users name their provider.
/// let provider = provider::find("stripe").ok_or("no such provider")?;
/// let secret: Secret = "whsec_…".parse()?;
/// let layer = WebhookLayer::with_verifier(provider.verifier(secret)?);
/// # Ok::<(), tower_webhook::BoxError>(())
/// ```
#[non_exhaustive]
pub struct Provider {
    /// Its id, in lower case with hyphens, such as `github-sha1`.
    pub id: &'static str,
    /// The name of its constructor in [`provider`](crate::provider), such as `github_sha1`.
    pub constructor: &'static str,
    /// Its name, such as `GitHub (legacy)`.
    pub name: &'static str,
    /// Where its documentation, or else its own code, says how it signs.
    pub source: &'static str,
    pub(super) make: Make,
    pub(super) facts: Facts,
}

/// How a provider's verifier is made.
pub(super) enum Make {
    /// Of a scheme, as most are.
    Scheme(fn() -> Scheme),
    /// By hand, where no scheme says how it signs.
    ByHand(fn(Secrets) -> Result<Arc<dyn Verifier>, InvalidSecret>),
}

/// What of a profile the scheme does not say.
#[derive(Clone, Copy)]
pub(super) struct Facts {
    pub(super) attempt: Option<fn() -> Attempt>,
    pub(super) equal_bodies: bool,
    pub(super) shared_secret: bool,
    pub(super) json_field: Option<&'static str>,
    pub(super) dedupe_window: Option<Duration>,
    pub(super) body_limit: Option<usize>,
    pub(super) retries: Option<bool>,
    pub(super) ack_deadline: Option<Duration>,
    pub(super) lease: Option<Duration>,
    pub(super) handshake: Option<Handshake>,
}

impl Facts {
    /// Nothing known beyond the scheme.
    pub(super) const NONE: Self = Self {
        attempt: None,
        equal_bodies: false,
        shared_secret: false,
        json_field: None,
        dedupe_window: None,
        body_limit: None,
        retries: None,
        ack_deadline: None,
        lease: None,
        handshake: None,
    };
}

impl Provider {
    /// How it signs, where a scheme can say that.
    pub fn scheme(&self) -> Option<Scheme> {
        match self.make {
            Make::Scheme(scheme) => Some(scheme()),
            Make::ByHand(_) => None,
        }
    }

    /// A verifier of its deliveries.
    ///
    /// # Errors
    ///
    /// If a secret is not in the encoding that the provider gives it in.
    pub fn verifier(&self, secrets: impl IntoSecrets) -> Result<Arc<dyn Verifier>, InvalidSecret> {
        let secrets = secrets.into_secrets();
        let handshake = self.facts.handshake.map(|handshake| (handshake, secrets.clone()));
        let verifier = match self.make {
            Make::Scheme(scheme) => {
                let verifier =
                    scheme().verifier(self.id, secrets).map_err(InvalidScheme::into_invalid_secret)?;
                Arc::new(verifier.with_profile(|profile| self.facts.add_to(profile)))
            }
            Make::ByHand(make) => make(secrets)?,
        };
        Ok(match handshake {
            Some((handshake, secrets)) => Arc::new(Shaking { verifier, handshake, secrets }),
            None => verifier,
        })
    }
}

impl Facts {
    pub(super) fn add_to(&self, profile: &mut Profile) {
        profile.attempt = self.attempt.map(|attempt| attempt());
        profile.equal_bodies = self.equal_bodies;
        profile.shared_secret = self.shared_secret;
        profile.json_field = self.json_field.map(Into::into);
        profile.dedupe_window = self.dedupe_window;
        profile.body_limit = self.body_limit;
        profile.retries = self.retries;
        profile.ack_deadline = self.ack_deadline;
        profile.lease = self.lease;
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("id", &self.id).finish_non_exhaustive()
    }
}

/// How a verifier is made: of a scheme, or `@by_hand` with a function of the secrets.
macro_rules! make {
    (@ by_hand $make:expr) => {
        $crate::provider::facts::Make::ByHand($make)
    };
    ($scheme:expr) => {
        $crate::provider::facts::Make::Scheme(|| $scheme)
    };
}
pub(super) use make;

/// Makes of each entry a constructor, its fallible twin, and a row of the file's `ALL`.
macro_rules! providers {
    ($(
        $(#[$doc:meta])*
        $constructor:ident, $try_constructor:ident: $id:literal, $name:literal,
            $source:literal,
            $(@ $by_hand:ident)? $scheme:expr
            $(, $fact:ident: $value:expr)* ;
    )+) => {
        pub(super) static ALL: &[&$crate::provider::Provider] = &[$(&rows::$constructor),+];

        mod rows {
            use super::*;

            $(
                #[allow(non_upper_case_globals, reason = "named as its constructor is")]
                pub(super) static $constructor: $crate::provider::Provider = $crate::provider::Provider {
                    id: $id,
                    constructor: stringify!($constructor),
                    name: $name,
                    source: $source,
                    make: $crate::provider::facts::make!($(@ $by_hand)? $scheme),
                    facts: $crate::provider::facts::Facts {
                        $($fact: $value,)*
                        ..$crate::provider::facts::Facts::NONE
                    },
                };
            )+
        }

        $(
            $(#[$doc])*
            #[doc = concat!("\n[Where this is from](", $source, ").\n\n# Panics\n\nIf a secret is not in the ",
                "encoding that the provider gives it in. [`", stringify!($try_constructor), "`] returns that as an error.")]
            #[track_caller]
            pub fn $constructor(secrets: impl $crate::IntoSecrets) -> impl $crate::verify::Verifier {
                $crate::secret::usable($try_constructor(secrets))
            }

            #[doc = concat!("[`", stringify!($constructor), "()`] for secrets that come from users or a database.\n\n",
                "# Errors\n\nIf a secret is not in the encoding that the provider gives it in.")]
            pub fn $try_constructor(
                secrets: impl $crate::IntoSecrets,
            ) -> Result<impl $crate::verify::Verifier, $crate::InvalidSecret> {
                rows::$constructor.verifier(secrets)
            }
        )+
    };
}
pub(super) use providers;

#[cfg(test)]
mod tests {
    use super::{Facts, Make};

    /// A verifier made by hand has a profile of its own, to which the row's facts are not added.
    #[test]
    fn rows_made_by_hand_say_nothing_that_would_not_be_heeded() {
        let by_hand = crate::provider::all().filter(|provider| matches!(provider.make, Make::ByHand(_)));
        for provider in by_hand {
            let Facts {
                attempt,
                equal_bodies,
                shared_secret,
                json_field,
                dedupe_window,
                body_limit,
                retries,
                ack_deadline,
                lease,
                handshake: _,
            } = provider.facts;
            let unheeded = attempt.is_some()
                || equal_bodies
                || shared_secret
                || json_field.is_some()
                || dedupe_window.is_some()
                || body_limit.is_some()
                || retries.is_some()
                || ack_deadline.is_some()
                || lease.is_some();
            assert!(!unheeded, "{}", provider.id);
        }
    }
}
