//! The providers whose signatures the crate knows, one constructor each.
//!
//! Each takes one secret, as the provider shows it, or several while one is being rotated. A constructor that has
//! to decode its secret (base64, hex, PEM) returns a `Result`; the others accept any secret. The README lists
//! them all; [`all`] does so for programs, and [`find`] finds one by its id.
//!
//! ```
//! use tower_webhook::{Secret, WebhookLayer, provider};
//!
//! let secret: Secret = "It's a Secret to Everybody".parse()?;
//! let layer = WebhookLayer::with_verifier(provider::github(secret));
//! # Ok::<(), tower_webhook::InvalidSecret>(())
//! ```
//!
//! A signature covers what its constructor lists as *Signed* and nothing else: by default not the method, the
//! URL or any header, so neither an event type nor an account's name that is in one.
//! [Threats](crate::guide::threats#what-else-is-not-covered) lists what a listener can change.
//!
//! For any other provider build a [`Scheme`], or write a
//! [`Verifier`]: [choose a provider](crate::guide::providers) says how.

mod aliases;
mod by_hand;
#[cfg(feature = "asymmetric")]
mod fetched;
mod handshake;
mod shapes;
mod verifier;

// The vendors, A to Z.
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
    verify::{Attempt, InvalidScheme, Profile, Scheme, Verifier},
};

/// Re-exports the constructors of each vendor's file, and lists the providers in it.
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

/// Returns every provider, by vendor from A to Z, and after them the [aliases](Provider::alias_of).
///
/// `aws_sns`, `circle`, `ebay` and `paypal` [fetch keys](Provider::fetches_keys): a secret alone does not
/// build them.
pub fn all() -> impl Iterator<Item = &'static Provider> {
    VENDORS.iter().copied().flatten().chain(aliases::ALL).copied()
}

/// Returns the provider with this id, such as `stripe`, or the alias with this id, such as `clerk`.
#[must_use]
pub fn find(id: &str) -> Option<&'static Provider> {
    all().find(|provider| provider.id == id)
}

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
    /// The name of its constructor in [`provider`](crate::provider), such as `github_sha1`; for an alias, the
    /// constructor of the provider whose scheme it uses.
    pub constructor: &'static str,
    /// Its name, such as `GitHub (legacy)`.
    pub name: &'static str,
    /// Where its documentation, or else its own code, says how it signs.
    pub source: &'static str,
    /// Whether some texts are no secrets of the provider's, so that its constructor returns a `Result`.
    fallible: bool,
    make: Make,
    alias: Option<Alias>,
    facts: Facts,
}

/// How a provider's verifier is made.
#[derive(Clone, Copy)]
enum Make {
    /// Of a scheme, as most are.
    Scheme(fn() -> Scheme),
    /// By hand, where no scheme says how it signs.
    ByHand(fn(Secrets) -> Result<Box<dyn ByHandVerifier>, InvalidSecret>),
    /// By its constructor alone, which takes these arguments.
    #[cfg(feature = "asymmetric")]
    Fetched(&'static str),
}

/// The provider whose scheme an alias uses.
struct Alias {
    of: &'static Provider,
    /// The place of the alias's event type, if it is another one.
    event_type: Option<&'static str>,
}

/// What of a profile the scheme does not say.
#[derive(Clone, Copy)]
struct Facts {
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
    /// Nothing known beyond the scheme.
    const NONE: Self = Self {
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

    /// Sets the place of an alias's event type.
    const fn with_event_type(mut self, place: &'static str) -> Self {
        if let Some(alias) = &mut self.alias {
            alias.event_type = Some(place);
        }
        self
    }

    /// A provider whose constructor, named as its id is, takes `arguments` and not secrets alone.
    #[cfg(feature = "asymmetric")]
    const fn fetched(
        id: &'static str,
        constructor: &'static str,
        name: &'static str,
        source: &'static str,
        arguments: &'static str,
    ) -> Self {
        let make = Make::Fetched(arguments);
        Self { id, constructor, name, source, fallible: true, make, alias: None, facts: Facts::NONE }
    }

    /// Returns its signature scheme, or `None` if a [`Scheme`] cannot describe how it signs.
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

    /// Returns the provider whose scheme it uses, if it is an alias: Clerk signs as Svix does, for example.
    ///
    /// An alias has no constructor of its own. Its [verifier](Self::verifier) has the alias's id as its name, in
    /// metrics, logs and deduplication keys.
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

    /// Returns whether its keys or certificates are fetched, so that its constructor takes a `Fetch` and
    /// [`verifier`](Self::verifier) is always an error.
    #[must_use]
    pub fn fetches_keys(&self) -> bool {
        #[cfg(feature = "asymmetric")]
        if let Make::Fetched(_) = self.make {
            return true;
        }
        false
    }

    /// Returns whether every text is a valid secret, so that its constructor returns no `Result`.
    #[must_use]
    pub fn accepts_any_secret(&self) -> bool {
        !self.fallible
    }

    /// Returns a verifier of its deliveries.
    ///
    /// # Errors
    ///
    /// If a secret is not in the encoding that the provider gives it in, or if the provider
    /// [fetches keys](Self::fetches_keys).
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
                let verifier = make(secrets)?;
                let profile = verifier.profile().clone();
                (VerifierKind::ByHand(verifier), profile)
            }
            #[cfg(feature = "asymmetric")]
            Make::Fetched(arguments) => {
                let call = format!("{}({arguments})", self.constructor);
                return Err(InvalidSecret::new(format!(
                    "more than a secret is needed: call `provider::{call}`"
                )));
            }
        };
        Ok(ProviderVerifier::new(kind, handshake, profile))
    }

    /// Returns a verifier for a provider whose secret is any text.
    fn infallible(&self, secrets: impl IntoSecrets) -> ProviderVerifier {
        self.verifier(secrets).unwrap_or_else(|error| {
            ProviderVerifier::new(VerifierKind::Unusable(error), None, Profile::new(self.id))
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
        match self.json_field {
            Some(field) => profile.with_json_field(field),
            None => profile,
        }
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
        $crate::provider::Make::ByHand($make)
    };
    ($scheme:expr) => {
        $crate::provider::Make::Scheme(|| $scheme)
    };
}
use make;

/// A constructor, which returns a `Result` where a secret has to be decoded.
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
        /// If a secret is not in the encoding that the provider gives it in.
        pub fn $constructor(
            secrets: impl $crate::IntoSecrets,
        ) -> Result<$crate::provider::ProviderVerifier, $crate::InvalidSecret> {
            rows::$constructor.verifier(secrets)
        }
    };
}
use constructor;

/// Whether a constructor returns a `Result`.
macro_rules! fallible {
    () => {
        false
    };
    (Result) => {
        true
    };
}
use fallible;

/// Makes of each entry a constructor and a row of the file's `ALL`.
///
/// A `-> Result` after the name says that not any text is a secret of the provider's.
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
                #[allow(non_upper_case_globals, reason = "named as its constructor is")]
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
    use super::{Facts, Make, Provider};
    use crate::{InvalidSecret, Secret, Secrets, verify::Verifier};

    /// Secrets that are only text, and pairs of them that a plain hash would confuse.
    fn odd_secrets(provider: &Provider) -> Result<Vec<Secrets>, InvalidSecret> {
        let mut texts: Vec<String> =
            ["a", "\u{e9}\u{1f980}", "a b", "a:b", "-----BEGIN"].map(Into::into).into();
        texts.push("x".repeat(4096));
        // Without its prefix nothing may be left.
        let scheme = provider.scheme().and_then(|scheme| serde_json::to_value(scheme).ok());
        let prefixes = scheme.as_ref().and_then(|scheme| scheme.pointer("/key/strip")?.as_array());
        let prefixes = prefixes.into_iter().flatten();
        texts.extend(prefixes.filter_map(|prefix| prefix.as_str().map(Into::into)));
        let parse = |text: &String| text.parse::<Secret>().map(Secrets::from);
        let mut odd = texts.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        odd.push(Secrets::from(["a".parse()?, "ab".parse()?]));
        // A key that is no text.
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

    /// A verifier made by hand has a profile of its own, to which the row's facts are not added.
    #[test]
    fn rows_made_by_hand_say_nothing_that_would_not_be_heeded() {
        let by_hand = crate::provider::all().filter(|provider| matches!(provider.make, Make::ByHand(_)));
        for provider in by_hand {
            let Facts {
                attempt,
                equal_bodies,
                batch,
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
                || batch
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
