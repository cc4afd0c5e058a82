use std::{fmt, time::Duration};

use super::{
    alternatives::SignedContent,
    by_hand::ByHandVerifier,
    encryption::Encryption,
    evidence::{EVIDENCE, Evidence},
    handshake::Handshake,
    verifier::{ProviderVerifier, VerifierKind},
};
use crate::{
    IntoSecrets, InvalidSecret, Secrets,
    observe::unusable,
    verify::{Algorithm, Attempt, Encoding, InvalidScheme, Profile, Scheme, Verifier},
};

/// A built-in provider: its scheme, its [profile](Profile), and their source.
///
/// ```
/// use tower_webhook::{Secret, WebhookLayer, provider};
///
/// // The id comes from a user's configuration.
/// let provider = provider::find("stripe").ok_or("no such provider")?;
/// let secret: Secret = "whsec_…".parse()?;
/// let layer = WebhookLayer::with_verifier(provider.verifier(secret)?);
/// # Ok::<(), tower_webhook::BoxError>(())
/// ```
#[non_exhaustive]
pub struct Provider {
    /// The id, in lower case with hyphens, such as `github-sha1`.
    pub id: &'static str,
    /// The name of the constructor in [`provider`](crate::provider), such as `github_sha1`. For an alias,
    /// this is the constructor of the provider whose scheme the alias uses.
    pub constructor: &'static str,
    /// The display name, such as `GitHub (legacy)`.
    pub name: &'static str,
    /// The URL of the documentation or source code that describes the signature.
    pub source: &'static str,
    /// `true` if some texts are not valid secrets; the constructor then returns a `Result`. Also `true` if
    /// the verifier fetches keys.
    pub(super) fallible: bool,
    pub(super) make: Make,
    pub(super) alias: Option<Alias>,
    pub(super) facts: Facts,
}

/// The construction of a provider's verifier.
#[derive(Clone, Copy)]
pub(super) enum Make {
    /// A scheme, as for most providers.
    Scheme(fn() -> Scheme),
    /// Several schemes, for example after the provider renamed its headers. The first is the main one.
    AnyOf(fn() -> Vec<Scheme>),
    /// A function, if a scheme cannot describe the signature.
    ByHand(fn(Secrets, Profile) -> Result<Box<dyn ByHandVerifier>, InvalidSecret>),
    /// The provider's own constructor, which takes these arguments. Its verifier fetches keys.
    #[cfg(feature = "asymmetric")]
    Fetched(&'static str),
}

/// The provider whose scheme an alias uses.
pub(super) struct Alias {
    of: &'static Provider,
    /// The location of the alias's event type, if it differs from the provider's.
    event_type: Option<&'static str>,
}

/// The facts about a provider that its scheme does not state.
#[derive(Clone, Copy)]
pub(super) struct Facts {
    /// The format of the secret. `None` means the scheme's format. Without a scheme, `None` means text, or no
    /// secret if the verifier fetches keys.
    pub(super) secret: Option<SecretFormat>,
    /// Adds the facts that have no field here. Without a scheme, these include the locations of the id and of
    /// the event type.
    pub(super) profile: fn(Profile) -> Profile,
    pub(super) attempt: Option<fn() -> Attempt>,
    pub(super) equal_bodies: bool,
    pub(super) batch: bool,
    pub(super) shared_secret: bool,
    pub(super) json_field: Option<&'static str>,
    /// The form field or query parameter that may contain the payload as JSON. In a request with this field,
    /// the signature covers the field's value instead of the body.
    pub(super) signed_field: Option<&'static str>,
    /// `true` if the signature may cover the canonical form of the JSON body.
    pub(super) canonical_json: bool,
    /// Decrypts the body once its signature is verified.
    pub(super) encryption: Option<Encryption>,
    pub(super) dedupe_window: Option<Duration>,
    pub(super) body_limit: Option<usize>,
    pub(super) retries: Option<bool>,
    pub(super) retry_period: Option<Duration>,
    pub(super) ack_deadline: Option<Duration>,
    pub(super) lease: Option<Duration>,
    pub(super) handshake: Option<Handshake>,
}

impl Facts {
    /// No facts beyond those that the scheme determines.
    pub(super) const NONE: Self = Self {
        secret: None,
        profile: |profile| profile,
        attempt: None,
        equal_bodies: false,
        batch: false,
        shared_secret: false,
        json_field: None,
        signed_field: None,
        canonical_json: false,
        encryption: None,
        dedupe_window: None,
        body_limit: None,
        retries: None,
        retry_period: None,
        ack_deadline: None,
        lease: None,
        handshake: None,
    };
}

impl Provider {
    pub(super) const fn alias(
        of: &'static Self,
        id: &'static str,
        name: &'static str,
        source: &'static str,
        facts: Facts,
    ) -> Self {
        let Self { constructor, fallible, make, .. } = *of;
        Self {
            id,
            constructor,
            name,
            source,
            fallible,
            make,
            alias: Some(Alias { of, event_type: None }),
            facts,
        }
    }

    /// Sets the location of an alias's event type.
    pub(super) const fn with_event_type(mut self, place: &'static str) -> Self {
        if let Some(alias) = &mut self.alias {
            alias.event_type = Some(place);
        }
        self
    }

    /// Creates a provider whose verifier fetches keys. Its constructor takes `arguments`.
    #[cfg(feature = "asymmetric")]
    pub(super) const fn fetched(
        id: &'static str,
        constructor: &'static str,
        name: &'static str,
        source: &'static str,
        arguments: &'static str,
        facts: Facts,
    ) -> Self {
        let make = Make::Fetched(arguments);
        Self { id, constructor, name, source, fallible: true, make, alias: None, facts }
    }

    /// Returns the signature scheme, or `None` if no [`Scheme`] can describe the signature. If the provider
    /// has several schemes, returns the main one; the [verifier](Self::verifier) accepts all of them.
    pub fn scheme(&self) -> Option<Scheme> {
        match self.make {
            Make::Scheme(scheme) => Some(self.with_own_event_type(scheme())),
            Make::AnyOf(schemes) => {
                schemes().into_iter().next().map(|scheme| self.with_own_event_type(scheme))
            }
            _ => None,
        }
    }

    /// Returns all signature schemes: one for most providers, and none if no [`Scheme`] can describe the
    /// signature. Some providers have several, for example because they renamed their headers.
    ///
    /// ```
    /// use tower_webhook::provider;
    ///
    /// let count = |id| provider::find(id).map(|provider| provider.schemes().len());
    /// assert_eq!((count("github"), count("svix"), count("mailgun")), (Some(1), Some(2), Some(0)));
    /// ```
    pub fn schemes(&self) -> Vec<Scheme> {
        match self.make {
            Make::AnyOf(schemes) => {
                schemes().into_iter().map(|scheme| self.with_own_event_type(scheme)).collect()
            }
            _ => self.scheme().into_iter().collect(),
        }
    }

    fn with_own_event_type(&self, scheme: Scheme) -> Scheme {
        match self.alias {
            Some(Alias { event_type: Some(place), .. }) => scheme.event_type(place),
            _ => scheme,
        }
    }

    /// Returns the provider whose scheme an alias uses; for example, Clerk signs like Svix.
    ///
    /// An alias has no constructor. Metrics, logs and deduplication keys of its [verifier](Self::verifier)
    /// contain the alias's id.
    ///
    /// ```
    /// use tower_webhook::provider;
    ///
    /// let clerk = provider::find("clerk").ok_or("no such provider")?;
    /// assert_eq!(clerk.alias_of().map(|svix| svix.id), Some("svix"));
    /// assert!(provider::find("stripe").is_some_and(|stripe| stripe.alias_of().is_none()));
    /// # Ok::<(), &str>(())
    /// ```
    #[must_use]
    pub fn alias_of(&self) -> Option<&'static Self> {
        self.alias.as_ref().map(|alias| alias.of)
    }

    /// Returns whether the verifier fetches the provider's keys or certificates. If so, the constructor takes
    /// a `Fetch`, and [`verifier`](Self::verifier) always returns an error.
    #[must_use]
    pub fn fetches_keys(&self) -> bool {
        #[cfg(feature = "asymmetric")]
        if let Make::Fetched(_) = self.make {
            return true;
        }
        false
    }

    /// Returns the provider's profile, which does not depend on the secret. The provider's
    /// [verifiers](Self::verifier) have this profile unless it is changed with
    /// [`with_profile`](ProviderVerifier::with_profile).
    ///
    /// ```
    /// use tower_webhook::provider;
    ///
    /// // Providers that do not sign the event type.
    /// let unsigned = provider::all().filter(|provider| {
    ///     let profile = provider.profile();
    ///     !profile.event_type().is_empty() && !profile.event_type_signed()
    /// });
    /// assert!(unsigned.map(|provider| provider.id).any(|id| id == "github"));
    /// ```
    pub fn profile(&self) -> Profile {
        // Never fails for a built-in scheme: the tests build all of them.
        let profile = self.scheme().and_then(|scheme| scheme.profile(self.id).ok());
        self.facts.add_to(profile.unwrap_or_else(|| Profile::new(self.id)))
    }

    /// Returns the format of the provider's secret. Returns `None` if the constructor takes no secret,
    /// because the verifier fetches the keys.
    ///
    /// ```
    /// use tower_webhook::provider::{self, SecretFormat};
    ///
    /// let format = |id| provider::find(id).and_then(|provider| provider.secret_format());
    /// assert_eq!(format("stripe"), Some(SecretFormat::Text));
    /// assert_eq!(format("svix"), Some(SecretFormat::Base64));
    /// ```
    #[must_use]
    pub fn secret_format(&self) -> Option<SecretFormat> {
        self.facts.secret.or(match self.make {
            Make::Scheme(scheme) => Some(SecretFormat::of(&scheme())),
            Make::AnyOf(schemes) => schemes().first().map(SecretFormat::of),
            Make::ByHand(_) => Some(SecretFormat::Text),
            #[cfg(feature = "asymmetric")]
            Make::Fetched(_) => None,
        })
    }

    /// Returns the evidence for the provider's facts. For an [alias](Self::alias_of), this is the evidence
    /// for the provider whose scheme the alias uses.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        self.evidence_row().map_or(Evidence::Memory, |(_, evidence, _)| *evidence)
    }

    /// Returns the date on which the provider's facts were last checked, such as `2026-11-30`.
    #[must_use]
    pub fn checked(&self) -> &'static str {
        self.evidence_row().map_or("", |(_, _, checked)| checked)
    }

    fn evidence_row(&self) -> Option<&'static (&'static str, Evidence, &'static str)> {
        EVIDENCE.iter().find(|(constructor, ..)| *constructor == self.constructor)
    }

    /// Returns whether the provider performs a verification handshake, which the layer answers.
    ///
    /// ```
    /// use tower_webhook::provider;
    ///
    /// assert!(provider::find("dropbox").is_some_and(|dropbox| dropbox.has_handshake()));
    /// assert!(provider::find("stripe").is_some_and(|stripe| !stripe.has_handshake()));
    /// ```
    #[must_use]
    pub fn has_handshake(&self) -> bool {
        self.facts.handshake.is_some()
    }

    /// Returns whether every text is a valid secret. If so, the constructor does not return a `Result`.
    #[must_use]
    pub fn accepts_any_secret(&self) -> bool {
        !self.fallible
    }

    /// Returns a verifier for the provider's deliveries.
    ///
    /// # Errors
    ///
    /// Returns an error if a secret is not valid for the provider, for example because it cannot be decoded,
    /// or if the provider [fetches keys](Self::fetches_keys).
    pub fn verifier(&self, secrets: impl IntoSecrets) -> Result<ProviderVerifier, InvalidSecret> {
        let secrets = secrets.into_secrets();
        let handshake = self.facts.handshake.map(|handshake| (handshake, secrets.clone()));
        let encryption = self.facts.encryption.map(|encryption| (encryption, secrets.clone()));
        let (kind, profile) = match self.make {
            Make::Scheme(scheme) => {
                let scheme = self.with_own_event_type(scheme());
                let verifier =
                    scheme.verifier(self.id, secrets).map_err(InvalidScheme::into_invalid_secret)?;
                let profile = self.facts.add_to(verifier.profile().clone());
                (VerifierKind::Scheme(verifier), profile)
            }
            Make::AnyOf(schemes) => {
                let verifier = |scheme| {
                    let scheme = self.with_own_event_type(scheme);
                    scheme.verifier(self.id, secrets.clone()).map_err(InvalidScheme::into_invalid_secret)
                };
                let verifiers = schemes().into_iter().map(verifier).collect::<Result<Vec<_>, _>>()?;
                (VerifierKind::AnyOf(verifiers), self.profile())
            }
            Make::ByHand(make) => {
                let profile = self.profile();
                (VerifierKind::ByHand(make(secrets, profile.clone())?), profile)
            }
            #[cfg(feature = "asymmetric")]
            Make::Fetched(arguments) => {
                let call = format!("{}({arguments})", self.constructor);
                return Err(InvalidSecret::new(format!(
                    "provider fetches its keys: call `provider::{call}`"
                )));
            }
        };
        Ok(ProviderVerifier::new(kind, handshake, profile)
            .with_signed_content(self.facts.signed_content())
            .with_encryption(encryption))
    }

    /// Returns a verifier for a provider that accepts any text as its secret.
    pub(super) fn infallible(&self, secrets: impl IntoSecrets) -> ProviderVerifier {
        self.verifier(secrets).unwrap_or_else(|error| {
            unusable(self.id, &error);
            ProviderVerifier::new(VerifierKind::Unusable(error), None, self.profile())
        })
    }
}

impl Facts {
    fn signed_content(&self) -> SignedContent {
        match (self.signed_field, self.canonical_json) {
            (Some(field), _) => SignedContent::Field(field),
            (None, true) => SignedContent::CanonicalJson,
            (None, false) => SignedContent::Body,
        }
    }

    fn add_to(&self, profile: Profile) -> Profile {
        let profile = profile
            .with_attempt(self.attempt.map(|attempt| attempt()))
            .with_equal_bodies(self.equal_bodies)
            .with_batch(self.batch)
            .with_shared_secret(self.shared_secret)
            .with_dedupe_window(self.dedupe_window)
            .with_body_limit(self.body_limit)
            .with_retries(self.retries)
            .with_retry_period(self.retry_period)
            .with_ack_deadline(self.ack_deadline)
            .with_lease(self.lease);
        let profile = match self.json_field {
            Some(field) => profile.with_json_field(field),
            None => profile,
        };
        (self.profile)(profile)
    }
}

/// The format of a provider's secret.
///
/// Pass the text as the provider displays it: [`Provider::verifier`] and the constructors decode it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecretFormat {
    /// Text that is not decoded: its bytes are the key or the token.
    Text,
    /// `user:password`, as in HTTP Basic.
    Credentials,
    /// Hex.
    Hex,
    /// Base64, with or without the provider's prefix, such as `whsec_`.
    Base64,
    /// Base64 in the URL-safe alphabet.
    Base64Url,
    /// The provider's public key, as the provider displays it: PEM, a JWK, or its bytes in another encoding.
    PublicKey,
}

impl SecretFormat {
    fn of(scheme: &Scheme) -> Self {
        match scheme.key() {
            (Algorithm::Basic, _) => Self::Credentials,
            (algorithm, _) if algorithm.has_public_key() => Self::PublicKey,
            (_, None) => Self::Text,
            (_, Some(Encoding::Hex)) => Self::Hex,
            (_, Some(Encoding::Base64)) => Self::Base64,
            (_, Some(Encoding::Base64Url)) => Self::Base64Url,
        }
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(feature = "tracing")]
    use super::{Facts, Make};
    use super::{Provider, SecretFormat};
    use crate::{
        InvalidSecret, Secret, Secrets,
        verify::{Location, Verifier},
    };

    /// Returns unusual secrets, each alone and after an ordinary secret. Also returns two secrets of which
    /// one begins with the other.
    fn unusual_secrets(provider: &Provider) -> Result<Vec<Secrets>, InvalidSecret> {
        const PEM: &str = "-----BEGIN PUBLIC KEY-----\nAQIDBA==\n-----END PUBLIC KEY-----";
        let texts = ["a", "\u{e9}\u{1f980}", "a b", "a:b", ":", "a\nb", "a\0b", "a\u{200b}b", "00", "===="];
        let mut texts: Vec<String> = texts.map(Into::into).into();
        texts.extend(
            ["-----BEGIN", PEM, "{", "{}", "[", "whsec_", "whpk_", "sha256=", "Bearer a"].map(Into::into),
        );
        texts.push("x".repeat(4096));
        // A prefix without a key.
        let scheme = provider.scheme().and_then(|scheme| serde_json::to_value(scheme).ok());
        let prefixes = scheme.as_ref().and_then(|scheme| scheme.pointer("/key/strip")?.as_array());
        let prefixes = prefixes.into_iter().flatten();
        texts.extend(prefixes.filter_map(|prefix| prefix.as_str().map(Into::into)));
        let parse = |text: &String| text.parse::<Secret>().map(Secrets::from);
        let mut unusual = texts.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        for text in &texts {
            unusual.push(Secrets::from(["a key".parse()?, text.parse()?]));
        }
        unusual.push(Secrets::from(["a".parse()?, "ab".parse()?]));
        // A key that is not text.
        unusual.push(Secrets::from(["a".parse()?, Secret::from_bytes(*b"a")?]));
        unusual.push(Secrets::from(Secret::from_bytes([0xff, 0x00])?));
        Ok(unusual)
    }

    #[test]
    fn an_alias_has_another_providers_scheme_and_its_own_id() -> Result<(), crate::BoxError> {
        assert!(crate::provider::aliases::ALL.len() >= 45);
        for alias in crate::provider::aliases::ALL {
            let of = alias.alias_of().ok_or("alias is missing")?;
            assert_eq!((alias.constructor, alias.fallible), (of.constructor, of.fallible), "{}", alias.id);
            let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
            let verifier = alias.verifier(secret)?;
            assert_eq!(verifier.profile().provider(), alias.id);
        }
        Ok(())
    }

    #[test]
    fn an_event_type_in_a_header_is_not_signed() -> Result<(), crate::BoxError> {
        let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
        let signed = |id| {
            let provider = crate::provider::find(id).ok_or(id)?;
            Ok::<_, crate::BoxError>(provider.verifier(secret.clone())?.profile().event_type_signed())
        };
        assert!(signed("recall-ai")?);
        assert!(!signed("make")?);
        Ok(())
    }

    #[test]
    fn constructors_are_fallible_exactly_if_a_secret_can_be_invalid() -> Result<(), InvalidSecret> {
        let mut wrong = Vec::new();
        for provider in crate::provider::all() {
            let refused =
                unusual_secrets(provider)?.into_iter().find_map(|unusual| provider.verifier(unusual).err());
            if refused.is_some() != provider.fallible {
                wrong.push(format!("{}: {refused:?}", provider.constructor));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    }

    #[cfg(feature = "tracing")]
    #[test]
    fn a_verifier_that_cannot_be_built_is_logged_as_an_error() -> Result<(), InvalidSecret> {
        use std::sync::{Arc, Mutex};

        use tracing::{Event, Level, Subscriber, subscriber::with_default};
        use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt, registry};

        struct Levels(Arc<Mutex<Vec<Level>>>);

        impl<S: Subscriber> Layer<S> for Levels {
            fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
                self.0.lock().into_iter().for_each(|mut levels| levels.push(*event.metadata().level()));
            }
        }

        let make = Make::ByHand(|_, _| Err(InvalidSecret::new("test")));
        let of = crate::provider::find("github").ok_or(InvalidSecret::new("provider is missing"))?;
        let provider = Provider { make, alias: None, ..Provider::alias(of, "acme", "Acme", "", Facts::NONE) };
        let (levels, secret) = (Arc::default(), "a key".parse::<Secret>()?);
        with_default(registry().with(Levels(Arc::clone(&levels))), || provider.infallible(secret));
        assert_eq!(*levels.lock().unwrap_or_else(|error| error.into_inner()), [Level::ERROR]);
        Ok(())
    }

    #[test]
    fn profiles_without_a_secret_match_the_verifiers() -> Result<(), InvalidSecret> {
        let mut compared = 0;
        for provider in crate::provider::all() {
            let mut secrets = unusual_secrets(provider)?;
            secrets.push("ab".repeat(32).parse::<Secret>()?.into());
            let verifier = secrets.into_iter().find_map(|secrets| provider.verifier(secrets).ok());
            // The other providers require a public key as their secret, or fetch keys.
            let Some(verifier) = verifier else { continue };
            let (own, of_verifier) = (provider.profile(), verifier.profile());
            assert_eq!(format!("{own:?}"), format!("{of_verifier:?}"), "{}", provider.id);
            compared += 1;
        }
        assert!(compared > 180, "{compared}");
        Ok(())
    }

    #[test]
    fn each_provider_has_evidence() {
        let without: Vec<_> = crate::provider::all()
            .filter(|provider| provider.checked().is_empty())
            .map(|provider| provider.id)
            .collect();
        assert!(without.is_empty(), "{without:?}");
    }

    #[test]
    fn formats_other_than_text_refuse_some_secrets() {
        let wrong: Vec<_> = crate::provider::all()
            .filter(|provider| provider.accepts_any_secret())
            .filter(|provider| provider.secret_format() != Some(SecretFormat::Text))
            .map(|provider| provider.id)
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    /// The events of a batch can have different types, so the type of the first event is not the type of the
    /// delivery.
    #[test]
    fn an_event_type_in_an_array_requires_a_batch_profile() {
        let is_index = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let wrong: Vec<_> = crate::provider::all()
            // Adyen documents that its array has one item.
            .filter(|provider| provider.id != "adyen-standard")
            .filter(|provider| {
                let profile = provider.profile();
                let is_in_array = |place: &Location| place.to_string().split('/').any(is_index);
                profile.event_type().iter().any(is_in_array) && !profile.batch()
            })
            .map(|provider| provider.id)
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
