//! The provider of the deliveries: one of the crate, or a scheme from the command line.

use std::{
    collections::{BTreeSet, HashMap},
    error::Error,
    sync::LazyLock,
};

use tower_webhook::{
    Secrets,
    provider::ProviderVerifier,
    provider::{self, Provider},
    verify::Scheme,
};

use crate::rules::Signing;

#[cfg(feature = "asymmetric")]
use crate::fetched::{self, Fetched, TokenOptions};

#[derive(Clone)]
pub(crate) enum Source {
    Provider(&'static Provider),
    #[cfg(feature = "asymmetric")]
    Fetched(Fetched),
    Scheme(Box<Scheme>),
}

impl Source {
    /// Returns the provider with this id.
    pub(crate) fn by_id(id: &str) -> Option<Self> {
        let id = if id == "whatsapp" { "meta" } else { id };
        #[cfg(feature = "asymmetric")]
        if let Some(id) = fetched::IDS.iter().find(|fetched| **fetched == id) {
            return Some(Self::Fetched(Fetched::new(id)));
        }
        provider::find(id).map(Self::Provider)
    }

    pub(crate) fn id(&self) -> &'static str {
        match self {
            Self::Provider(provider) => provider.id,
            #[cfg(feature = "asymmetric")]
            Self::Fetched(fetched) => fetched.id,
            Self::Scheme(_) => "scheme",
        }
    }

    /// Returns the display name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Provider(provider) => provider.name,
            #[cfg(feature = "asymmetric")]
            Self::Fetched(fetched) => fetched.id,
            Self::Scheme(_) => "the custom scheme",
        }
    }

    /// Returns the URL of the documentation of the signature scheme.
    pub(crate) fn documentation(&self) -> Option<&'static str> {
        match self {
            Self::Provider(provider) => Some(provider.source),
            _ => None,
        }
    }

    /// Returns the signature scheme, if a [`Scheme`] can describe it.
    pub(crate) fn scheme(&self) -> Option<Scheme> {
        match self {
            Self::Provider(provider) => provider.scheme(),
            #[cfg(feature = "asymmetric")]
            Self::Fetched(_) => None,
            Self::Scheme(scheme) => Some((**scheme).clone()),
        }
    }

    /// Adds the options that only providers with fetched keys have.
    pub(crate) fn with(
        self,
        topics: Vec<String>,
        #[cfg(feature = "asymmetric")] token: TokenOptions,
        has_secret: bool,
    ) -> Result<Self, &'static str> {
        match self {
            #[cfg(feature = "asymmetric")]
            Self::Fetched(fetched) => {
                let fetched = Fetched { topics, token, has_secret, ..fetched };
                fetched.check()?;
                Ok(Self::Fetched(fetched))
            }
            #[cfg(feature = "asymmetric")]
            _ if !token.is_empty() => Err(fetched::NO_TOKEN),
            _ if !topics.is_empty() => Err("--topic: only `aws-sns` has topics"),
            other => {
                let _ = has_secret;
                Ok(other)
            }
        }
    }

    /// Returns whether the provider can use a demo secret. A provider whose keys are fetched cannot.
    pub(crate) fn takes_a_demo_secret(&self) -> bool {
        #[cfg(feature = "asymmetric")]
        if let Self::Fetched(_) = self {
            return false;
        }
        true
    }

    pub(crate) fn verifier(&self, secrets: Secrets) -> Result<ProviderVerifier, Box<dyn Error>> {
        Ok(match self {
            Self::Provider(provider) => provider.verifier(secrets)?,
            #[cfg(feature = "asymmetric")]
            Self::Fetched(fetched) => fetched.verifier(secrets)?,
            Self::Scheme(scheme) => scheme.verifier(self.id(), secrets)?.into(),
        })
    }
}

/// Returns the ids of all providers, one per line.
pub(crate) fn list() -> String {
    let ids = provider::all().filter(|provider| !provider.fetches_keys()).map(|provider| provider.id);
    #[cfg(feature = "asymmetric")]
    let ids = ids.chain(fetched::IDS.iter().copied());
    ids.map(|id| format!("{id}\n")).collect()
}

/// Returns the ids of the providers that send their signature in this header.
pub(crate) fn with_signature_in(header: &str) -> Option<&'static [&'static str]> {
    static PROVIDERS: LazyLock<HashMap<String, Vec<&'static str>>> = LazyLock::new(|| {
        let mut providers: HashMap<_, Vec<_>> = HashMap::new();
        for provider in provider::all().filter(|provider| provider.alias_of().is_none()) {
            let signings: Vec<_> = provider.schemes().iter().filter_map(Signing::of).collect();
            let places: BTreeSet<_> = signings.iter().flat_map(Signing::places).collect();
            for header in places.iter().filter_map(|place| place.strip_prefix("header:")) {
                providers.entry(header.to_owned()).or_default().push(provider.id);
            }
        }
        // Standard Webhooks first, before the many providers that use its headers.
        providers.values_mut().for_each(|ids| ids.sort_by_key(|id| *id != "standard-webhooks"));
        providers
    });
    PROVIDERS.get(header).map(Vec::as_slice)
}
