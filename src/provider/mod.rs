//! Built-in providers, with one constructor each.
//!
//! A constructor takes one secret, as the provider shows it, or several during a secret rotation. If it must
//! decode the secret (base64, hex, PEM), it returns a `Result`; otherwise it accepts any secret. [The
//! guide](crate::guide::providers) lists all providers. In code, [`all`] returns them, and [`find`] looks one
//! up by its id.
//!
//! ```
//! use tower_webhook::{Secret, WebhookLayer, provider};
//!
//! let secret: Secret = "It's a Secret to Everybody".parse()?;
//! let layer = WebhookLayer::with_verifier(provider::github(secret));
//! # Ok::<(), tower_webhook::InvalidSecret>(())
//! ```
//!
//! A signature covers only what its constructor documents as *Signed*: by default not the method, the URL or
//! any header, and so not an event type or account name in a header.
//! [Threats](crate::guide::threats#what-else-is-not-covered) lists what an attacker can change.
//!
//! For other providers, build a [`Scheme`] or implement a [`Verifier`]: see [Choose a
//! provider](crate::guide::providers).

mod aliases;
mod by_hand;
#[cfg(feature = "asymmetric")]
mod fetched;
mod handshake;
mod shapes;
mod verifier;

// The vendors, from A to Z.
mod ably;
mod acuity;
mod adyen;
mod aftership;
mod airtable;
mod alchemy;
mod anthropic;
mod asana;
mod attio;
mod autosend;
#[cfg(feature = "asymmetric")]
mod aws_sns;
mod azure_eventgrid;
mod basic_auth;
mod bitbucket;
mod box_events;
mod braintree;
mod buildkite;
mod calcom;
mod calendly;
mod cashfree;
mod checkout;
#[cfg(feature = "asymmetric")]
mod circle;
mod circleci;
mod clickup;
mod close;
mod cloudevents;
mod cloudflare;
mod cloudinary;
mod coinbase;
mod coinify;
mod contentful;
mod convoy;
mod courier;
mod crisp;
mod customerio;
mod deepgram;
#[cfg(feature = "asymmetric")]
mod discord;
mod docusign;
mod dropbox;
mod dropbox_sign;
#[cfg(feature = "unicode")]
mod easypost;
#[cfg(feature = "asymmetric")]
mod ebay;
mod elevenlabs;
mod emailit;
#[cfg(feature = "asymmetric")]
mod fal;
mod fastspring;
#[cfg(feature = "asymmetric")]
mod fireblocks;
mod flinks;
mod flutterwave;
mod flux;
mod fourthwall;
mod front;
#[cfg(feature = "jwt")]
mod fusionauth;
mod getstream;
mod gitea;
mod github;
mod gitlab;
mod gocardless;
mod gogs;
mod google_channel;
mod grafana;
mod helpscout;
mod heroku;
mod hook0;
mod hookdeck;
mod hub_list;
mod hubspot;
mod huggingface;
mod inngest;
mod intercom;
mod intuit;
mod iron;
mod jira;
mod kustomer;
mod lemonsqueezy;
mod line;
mod linear;
mod lithic;
#[cfg(feature = "jwt")]
mod livekit;
mod logto;
mod mailgun;
mod mandrill;
mod mercadopago;
mod messagebird;
mod meta;
mod modern_treasury;
mod mollie;
#[cfg(feature = "jwt")]
mod monday;
mod monei;
mod ms_graph;
mod mux;
#[cfg(feature = "jwt")]
mod netlify;
mod notifyer;
mod notion;
mod nylas;
mod okta;
mod onfido;
mod openai;
mod paddle;
mod pagerduty;
mod pandadoc;
#[cfg(feature = "asymmetric")]
mod paypal;
mod paystack;
mod persona;
#[cfg(feature = "jwt")]
mod plaid;
mod plivo;
mod polar;
#[cfg(feature = "asymmetric")]
mod postal;
mod pusher;
mod razorpay;
mod recurly;
mod replicate;
mod retell;
mod revenuecat;
#[cfg(feature = "jwt")]
mod saleor;
mod sanity;
mod scalr;
mod segment;
mod sendcloud;
#[cfg(feature = "asymmetric")]
mod sendgrid;
mod sentry;
mod shopify;
mod sinch;
mod slack;
mod snyk;
mod square;
mod standard_webhooks;
mod stripe;
mod supabase;
mod surge;
mod svix;
mod teams;
mod telegram;
#[cfg(feature = "asymmetric")]
mod telnyx;
mod terraform;
mod tiktok;
mod trello;
mod twilio;
mod twitch;
mod twitter;
mod typeform;
#[cfg(feature = "jwt")]
mod upstash;
mod vercel;
mod vonage;
mod webex;
mod webflow;
mod websub;
mod whereby;
mod whoop;
#[cfg(feature = "asymmetric")]
mod wise;
mod woocommerce;
mod workos;
mod xero;
mod zendesk;
mod zoom;

use std::{fmt, time::Duration};

pub use self::verifier::ProviderVerifier;
use self::{by_hand::ByHandVerifier, handshake::Handshake, verifier::VerifierKind};
use crate::{
    IntoSecrets, InvalidSecret, Secrets,
    observe::unusable,
    verify::{Algorithm, Attempt, Encoding, InvalidScheme, Profile, Scheme, Verifier},
};

/// Re-exports the constructors of each vendor's module, and lists its providers.
macro_rules! vendors {
    ($($(#[cfg($gate:meta)])? $vendor:ident,)+) => {
        $(
            $(#[cfg($gate)] #[cfg_attr(docsrs, doc(cfg($gate)))])?
            pub use self::$vendor::*;
        )+

        static VENDORS: &[&[&Provider]] = &[$($(#[cfg($gate)])? $vendor::ALL,)+];
    };
}

vendors! {
    ably, acuity, adyen, aftership, airtable, alchemy, anthropic, asana, attio, autosend,
    #[cfg(feature = "asymmetric")] aws_sns,
    azure_eventgrid, basic_auth, bitbucket, box_events, braintree, buildkite, calcom, calendly,
    cashfree, checkout, #[cfg(feature = "asymmetric")] circle, circleci, clickup, close, cloudevents, cloudflare, cloudinary, coinbase,
    coinify, contentful, convoy, courier, crisp, customerio, deepgram,
    #[cfg(feature = "asymmetric")] discord, docusign, dropbox, dropbox_sign,
    #[cfg(feature = "unicode")] easypost, #[cfg(feature = "asymmetric")] ebay, elevenlabs,
    emailit, #[cfg(feature = "asymmetric")] fal, fastspring,
    #[cfg(feature = "asymmetric")] fireblocks, flinks, flutterwave, flux, fourthwall, front,
    #[cfg(feature = "jwt")] fusionauth, getstream, gitea, github, gitlab, gocardless, gogs,
    google_channel, grafana, helpscout, heroku, hook0, hookdeck, hub_list, hubspot, huggingface,
    inngest, intercom, intuit, iron, jira, kustomer, lemonsqueezy, line, linear, lithic,
    #[cfg(feature = "jwt")] livekit, logto, mailgun, mandrill, mercadopago, messagebird, meta,
    modern_treasury, mollie, #[cfg(feature = "jwt")] monday, monei, ms_graph, mux,
    #[cfg(feature = "jwt")] netlify, notifyer, notion, nylas, okta, onfido, openai, paddle,
    pagerduty, pandadoc, #[cfg(feature = "asymmetric")] paypal, paystack, persona, #[cfg(feature = "jwt")] plaid, plivo, polar,
    #[cfg(feature = "asymmetric")] postal, pusher, razorpay, recurly, replicate, retell, revenuecat,
    #[cfg(feature = "jwt")] saleor, sanity, scalr, segment, sendcloud,
    #[cfg(feature = "asymmetric")] sendgrid, sentry, shopify, sinch, slack, snyk, square,
    standard_webhooks, stripe, supabase, surge, svix, teams, telegram,
    #[cfg(feature = "asymmetric")] telnyx, terraform, tiktok, trello, twilio, twitch, twitter,
    typeform, #[cfg(feature = "jwt")] upstash, vercel, vonage, webex, webflow, websub, whereby,
    whoop, #[cfg(feature = "asymmetric")] wise, woocommerce, workos, xero, zendesk, zoom,
}

/// Returns all providers, by vendor from A to Z, followed by the [aliases](Provider::alias_of).
///
/// `aws_sns`, `circle`, `ebay` and `paypal` [fetch keys](Provider::fetches_keys), so [`Provider::verifier`]
/// cannot build them from a secret.
pub fn all() -> impl Iterator<Item = &'static Provider> {
    VENDORS.iter().copied().flatten().chain(aliases::ALL).copied()
}

/// Returns the provider or alias with this id, such as `stripe` or `clerk`.
#[must_use]
pub fn find(id: &str) -> Option<&'static Provider> {
    all().find(|provider| provider.id == id)
}

/// A built-in provider: its scheme, its [profile](Profile), and their source.
///
/// ```
/// use tower_webhook::{Secret, WebhookLayer, provider};
///
/// // In a service whose users choose their provider:
/// let provider = provider::find("stripe").ok_or("no such provider")?;
/// let secret: Secret = "whsec_…".parse()?;
/// let layer = WebhookLayer::with_verifier(provider.verifier(secret)?);
/// # Ok::<(), tower_webhook::BoxError>(())
/// ```
#[non_exhaustive]
pub struct Provider {
    /// The id, in lower case with hyphens, such as `github-sha1`.
    pub id: &'static str,
    /// The name of its constructor in [`provider`](crate::provider), such as `github_sha1`. For an alias,
    /// that of the provider whose scheme it uses.
    pub constructor: &'static str,
    /// The display name, such as `GitHub (legacy)`.
    pub name: &'static str,
    /// The URL of the documentation, or else the code, that describes the signature.
    pub source: &'static str,
    /// `true` if the provider's secrets have a format, so that its constructor returns a `Result`.
    fallible: bool,
    make: Make,
    alias: Option<Alias>,
    facts: Facts,
}

/// The construction of a provider's verifier.
#[derive(Clone, Copy)]
enum Make {
    /// From a scheme, like most providers.
    Scheme(fn() -> Scheme),
    /// By hand, if no scheme can describe the signature.
    ByHand(fn(Secrets, Profile) -> Result<Box<dyn ByHandVerifier>, InvalidSecret>),
    /// Only by its constructor, which takes these arguments.
    #[cfg(feature = "asymmetric")]
    Fetched(&'static str),
}

/// The provider whose scheme an alias uses.
struct Alias {
    of: &'static Provider,
    /// The location of the alias's event type, if it differs.
    event_type: Option<&'static str>,
}

/// The facts that the scheme does not determine.
#[derive(Clone, Copy)]
struct Facts {
    /// The format of the secret; `None`: the scheme's, or text.
    secret: Option<SecretFormat>,
    /// What else the profile states: all of it where there is no scheme.
    profile: fn(Profile) -> Profile,
    attempt: Option<fn() -> Attempt>,
    equal_bodies: bool,
    batch: bool,
    shared_secret: bool,
    json_field: Option<&'static str>,
    dedupe_window: Option<Duration>,
    body_limit: Option<usize>,
    retries: Option<bool>,
    ack_deadline: Option<Duration>,
    lease: Option<Duration>,
    handshake: Option<Handshake>,
}

impl Facts {
    /// Only the facts that the scheme determines.
    const NONE: Self = Self {
        secret: None,
        profile: |profile| profile,
        attempt: None,
        equal_bodies: false,
        batch: false,
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
    const fn alias(
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
    const fn with_event_type(mut self, place: &'static str) -> Self {
        if let Some(alias) = &mut self.alias {
            alias.event_type = Some(place);
        }
        self
    }

    /// Creates a provider whose constructor is named like its id and takes `arguments` in addition to
    /// secrets.
    #[cfg(feature = "asymmetric")]
    const fn fetched(
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

    /// Returns the signature scheme, or `None` if a [`Scheme`] cannot describe it.
    pub fn scheme(&self) -> Option<Scheme> {
        match self.make {
            Make::Scheme(scheme) => Some(self.with_own_event_type(scheme())),
            _ => None,
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
    /// An alias has no constructor of its own. Its [verifier](Self::verifier) uses the alias's id as the
    /// provider's name, in metrics, logs and deduplication keys.
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

    /// Returns whether the provider's keys or certificates are fetched. Its constructor then takes a `Fetch`,
    /// and [`verifier`](Self::verifier) always returns an error.
    #[must_use]
    pub fn fetches_keys(&self) -> bool {
        #[cfg(feature = "asymmetric")]
        if let Make::Fetched(_) = self.make {
            return true;
        }
        false
    }

    /// Returns its profile, which is the same for every secret: what its [verifiers](Self::verifier) return from
    /// [`Verifier::profile`] until it is changed.
    ///
    /// ```
    /// use tower_webhook::provider;
    ///
    /// // The providers whose event type an attacker could change.
    /// let unsigned = provider::all().filter(|provider| {
    ///     let profile = provider.profile();
    ///     !profile.event_type().is_empty() && !profile.event_type_signed()
    /// });
    /// assert!(unsigned.map(|provider| provider.id).any(|id| id == "github"));
    /// ```
    pub fn profile(&self) -> Profile {
        // The tests build every scheme.
        let profile = self.scheme().and_then(|scheme| scheme.profile(self.id).ok());
        self.facts.add_to(profile.unwrap_or_else(|| Profile::new(self.id)))
    }

    /// Returns the format of its secret; `None` if its constructor takes none, because it only fetches keys.
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
            Make::ByHand(_) => Some(SecretFormat::Text),
            #[cfg(feature = "asymmetric")]
            Make::Fetched(_) => None,
        })
    }

    /// Returns whether it performs a verification handshake, which the layer answers.
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

    /// Returns whether every text is a valid secret, so that the constructor does not return a `Result`.
    #[must_use]
    pub fn accepts_any_secret(&self) -> bool {
        !self.fallible
    }

    /// Returns a verifier for the provider's deliveries.
    ///
    /// # Errors
    ///
    /// If a secret does not have the provider's encoding, or if the provider [fetches
    /// keys](Self::fetches_keys).
    pub fn verifier(&self, secrets: impl IntoSecrets) -> Result<ProviderVerifier, InvalidSecret> {
        let secrets = secrets.into_secrets();
        let handshake = self.facts.handshake.map(|handshake| (handshake, secrets.clone()));
        let (kind, profile) = match self.make {
            Make::Scheme(scheme) => {
                let scheme = self.with_own_event_type(scheme());
                let verifier =
                    scheme.verifier(self.id, secrets).map_err(InvalidScheme::into_invalid_secret)?;
                let profile = self.facts.add_to(verifier.profile().clone());
                (VerifierKind::Scheme(verifier), profile)
            }
            Make::ByHand(make) => {
                let profile = self.profile();
                (VerifierKind::ByHand(make(secrets, profile.clone())?), profile)
            }
            #[cfg(feature = "asymmetric")]
            Make::Fetched(arguments) => {
                let call = format!("{}({arguments})", self.constructor);
                return Err(InvalidSecret::new(format!(
                    "secret alone is not sufficient: call `provider::{call}`"
                )));
            }
        };
        Ok(ProviderVerifier::new(kind, handshake, profile))
    }

    /// Returns a verifier for a provider that accepts any text as its secret.
    fn infallible(&self, secrets: impl IntoSecrets) -> ProviderVerifier {
        self.verifier(secrets).unwrap_or_else(|error| {
            unusable(self.id, &error);
            ProviderVerifier::new(VerifierKind::Unusable(error), None, self.profile())
        })
    }
}

impl Facts {
    fn add_to(&self, profile: Profile) -> Profile {
        let profile = profile
            .with_attempt(self.attempt.map(|attempt| attempt()))
            .with_equal_bodies(self.equal_bodies)
            .with_batch(self.batch)
            .with_shared_secret(self.shared_secret)
            .with_dedupe_window(self.dedupe_window)
            .with_body_limit(self.body_limit)
            .with_retries(self.retries)
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
/// [`Provider::verifier`] and the constructors take the text as the provider shows it, and decode it themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecretFormat {
    /// Text, whose bytes are the key or the token.
    Text,
    /// `user:password`, as of HTTP Basic.
    Credentials,
    /// Hex.
    Hex,
    /// Base64; the provider's prefix, such as `whsec_`, may stand before it.
    Base64,
    /// Base64 in the alphabet for URLs.
    Base64Url,
    /// The provider's public key: PEM, or its bytes in the encoding that the provider shows.
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

/// Expands to the construction of a verifier: from a scheme, or with `@by_hand` from a function of the secrets and
/// the profile.
macro_rules! make {
    (@ by_hand $make:expr) => {
        $crate::provider::Make::ByHand($make)
    };
    ($scheme:expr) => {
        $crate::provider::Make::Scheme(|| $scheme)
    };
}
use make;

/// Defines a constructor, which returns a `Result` if a secret must be decoded.
macro_rules! constructor {
    ($(#[$attribute:meta])* $constructor:ident) => {
        $(#[$attribute])*
        #[must_use]
        pub fn $constructor(secrets: impl $crate::IntoSecrets) -> $crate::provider::ProviderVerifier {
            rows::$constructor.infallible(secrets)
        }
    };
    ($(#[$attribute:meta])* $constructor:ident Result) => {
        $(#[$attribute])*
        ///
        /// # Errors
        ///
        /// If a secret does not have the provider's encoding.
        pub fn $constructor(
            secrets: impl $crate::IntoSecrets,
        ) -> Result<$crate::provider::ProviderVerifier, $crate::InvalidSecret> {
            rows::$constructor.verifier(secrets)
        }
    };
}
use constructor;

/// Expands to whether a constructor returns a `Result`.
macro_rules! fallible {
    () => {
        false
    };
    (Result) => {
        true
    };
}
use fallible;

/// Defines a constructor and a row of the module's `ALL` for each entry.
///
/// A `-> Result` after the name means that secrets have a format.
macro_rules! providers {
    ($(
        $(#[doc = $doc:literal])*
        $(#[cfg($gate:meta)])?
        $constructor:ident $(-> $fallible:ident)?: $id:literal, $name:literal,
            $source:literal,
            $(@ $by_hand:ident)? $scheme:expr
            $(, $fact:ident: $value:expr)* ;
    )+) => {
        pub(super) static ALL: &[&$crate::provider::Provider] = &[$($(#[cfg($gate)])? &rows::$constructor),+];

        pub(super) mod rows {
            use super::*;

            $(
                $(#[cfg($gate)])?
                #[allow(non_upper_case_globals, reason = "named like its constructor")]
                pub(in $crate::provider) static $constructor: $crate::provider::Provider = $crate::provider::Provider {
                    id: $id,
                    constructor: stringify!($constructor),
                    name: $name,
                    source: $source,
                    fallible: $crate::provider::fallible!($($fallible)?),
                    make: $crate::provider::make!($(@ $by_hand)? $scheme),
                    alias: None,
                    facts: $crate::provider::Facts {
                        $($fact: $value,)*
                        ..$crate::provider::Facts::NONE
                    },
                };
            )+
        }

        $(
            $crate::provider::constructor! {
                $(#[doc = $doc])*
                #[doc = concat!("* Sources: [", $name, "](", $source, ").")]
                $(#[cfg($gate)] #[cfg_attr(docsrs, doc(cfg($gate)))])?
                $constructor $($fallible)?
            }
        )+
    };
}
use providers;

#[cfg(test)]
mod tests {
    #[cfg(feature = "tracing")]
    use super::{Facts, Make};
    use super::{Provider, SecretFormat};
    use crate::{
        InvalidSecret, Secret, Secrets,
        verify::{Location, Verifier},
    };

    /// Unusual secrets, and pairs of them that a plain hash would confuse.
    fn odd_secrets(provider: &Provider) -> Result<Vec<Secrets>, InvalidSecret> {
        const PEM: &str = "-----BEGIN PUBLIC KEY-----\nAQIDBA==\n-----END PUBLIC KEY-----";
        let texts = ["a", "\u{e9}\u{1f980}", "a b", "a:b", ":", "a\nb", "a\0b", "a\u{200b}b", "00", "===="];
        let mut texts: Vec<String> = texts.map(Into::into).into();
        texts.extend(
            ["-----BEGIN", PEM, "{", "{}", "[", "whsec_", "whpk_", "sha256=", "Bearer a"].map(Into::into),
        );
        texts.push("x".repeat(4096));
        // Nothing is left after the prefix.
        let scheme = provider.scheme().and_then(|scheme| serde_json::to_value(scheme).ok());
        let prefixes = scheme.as_ref().and_then(|scheme| scheme.pointer("/key/strip")?.as_array());
        let prefixes = prefixes.into_iter().flatten();
        texts.extend(prefixes.filter_map(|prefix| prefix.as_str().map(Into::into)));
        let parse = |text: &String| text.parse::<Secret>().map(Secrets::from);
        let mut odd = texts.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        for text in &texts {
            odd.push(Secrets::from(["a key".parse()?, text.parse()?]));
        }
        odd.push(Secrets::from(["a".parse()?, "ab".parse()?]));
        // A key that is not text.
        odd.push(Secrets::from(["a".parse()?, Secret::from_bytes(*b"a")?]));
        odd.push(Secrets::from(Secret::from_bytes([0xff, 0x00])?));
        Ok(odd)
    }

    #[test]
    fn an_alias_has_the_keys_of_another_provider_and_its_own_name() -> Result<(), crate::BoxError> {
        assert!(crate::provider::aliases::ALL.len() >= 15);
        for alias in crate::provider::aliases::ALL {
            let of = alias.alias_of().ok_or("no alias")?;
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
    fn constructors_are_fallible_exactly_if_some_text_is_no_secret() -> Result<(), InvalidSecret> {
        let mut wrong = Vec::new();
        for provider in crate::provider::all() {
            let refused = odd_secrets(provider)?.into_iter().find_map(|odd| provider.verifier(odd).err());
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
        let of = crate::provider::find("github").ok_or(InvalidSecret::new("no provider"))?;
        let provider = Provider { make, alias: None, ..Provider::alias(of, "acme", "Acme", "", Facts::NONE) };
        let (levels, secret) = (Arc::default(), "a key".parse::<Secret>()?);
        with_default(registry().with(Levels(Arc::clone(&levels))), || provider.infallible(secret));
        assert_eq!(*levels.lock().unwrap_or_else(|error| error.into_inner()), [Level::ERROR]);
        Ok(())
    }

    #[test]
    fn the_profile_without_a_secret_is_the_verifiers() -> Result<(), InvalidSecret> {
        let mut compared = 0;
        for provider in crate::provider::all() {
            let mut secrets = odd_secrets(provider)?;
            secrets.push("ab".repeat(32).parse::<Secret>()?.into());
            let verifier = secrets.into_iter().find_map(|secrets| provider.verifier(secrets).ok());
            // The others want a public key or an API.
            let Some(verifier) = verifier else { continue };
            let (own, the_verifiers) = (provider.profile(), verifier.profile());
            assert_eq!(format!("{own:?}"), format!("{the_verifiers:?}"), "{}", provider.id);
            compared += 1;
        }
        assert!(compared > 180, "{compared}");
        Ok(())
    }

    #[test]
    fn every_format_but_text_refuses_some_text() {
        let wrong: Vec<_> = crate::provider::all()
            .filter(|provider| provider.accepts_any_secret())
            .filter(|provider| provider.secret_format() != Some(SecretFormat::Text))
            .map(|provider| provider.id)
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    /// In a batch the event type of the first event is not that of the others.
    #[test]
    fn an_event_type_within_an_array_is_of_a_batch() {
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
