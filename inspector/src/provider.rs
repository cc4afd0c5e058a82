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

use crate::fetched::{self, Fetched, TokenOptions};

#[derive(Clone)]
pub(crate) enum Source {
    Provider(&'static Provider),
    Fetched(Fetched),
    Scheme(Box<Scheme>),
}

impl Source {
    /// Returns the provider with this id.
    pub(crate) fn by_id(id: &str) -> Option<Self> {
        let id = if id == "whatsapp" { "meta" } else { id };
        if let Some(id) = fetched::IDS.iter().find(|fetched| **fetched == id) {
            return Some(Self::Fetched(Fetched::new(id)));
        }
        provider::find(id).map(Self::Provider)
    }

    pub(crate) fn id(&self) -> &'static str {
        match self {
            Self::Provider(provider) => provider.id,
            Self::Fetched(fetched) => fetched.id,
            Self::Scheme(_) => "scheme",
        }
    }

    /// Returns the display name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Provider(provider) => provider.name,
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

    /// Returns the prefix that every secret of the provider has and that is part of the key.
    pub(crate) fn secret_prefix(&self) -> Option<&'static str> {
        match self.id() {
            "alchemy" | "emailit" | "polar" | "stripe" => Some("whsec_"),
            _ => None,
        }
    }

    /// Returns the signature scheme, if a [`Scheme`] can describe it.
    pub(crate) fn scheme(&self) -> Option<Scheme> {
        match self {
            Self::Provider(provider) => provider.scheme(),
            Self::Fetched(_) => None,
            Self::Scheme(scheme) => Some((**scheme).clone()),
        }
    }

    /// Returns all signature schemes that a [`Scheme`] can describe.
    pub(crate) fn schemes(&self) -> Vec<Scheme> {
        match self {
            Self::Provider(provider) => provider.schemes(),
            other => other.scheme().into_iter().collect(),
        }
    }

    /// Adds the options that only providers with fetched keys have.
    pub(crate) fn with(
        self,
        topics: Vec<String>,
        token: TokenOptions,
        has_secret: bool,
    ) -> Result<Self, &'static str> {
        match self {
            Self::Fetched(fetched) => {
                let fetched = Fetched { topics, token, has_secret, ..fetched };
                fetched.check()?;
                Ok(Self::Fetched(fetched))
            }
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
        if let Self::Fetched(_) = self {
            return false;
        }
        true
    }

    pub(crate) fn verifier(&self, secrets: Secrets) -> Result<ProviderVerifier, Box<dyn Error>> {
        let verifier = match self {
            Self::Provider(provider) => provider.verifier(secrets).map_err(Into::into),
            Self::Fetched(fetched) => fetched.verifier(secrets),
            Self::Scheme(scheme) => scheme.verifier(self.id(), secrets).map(Into::into).map_err(Into::into),
        };
        // Name the provider, whose rule the secret breaks.
        verifier.map_err(|error| format!("`{}`: {error}", self.id()).into())
    }
}

/// Returns the ids of all providers.
pub(crate) fn ids() -> impl Iterator<Item = &'static str> {
    let ids = provider::all().filter(|provider| !provider.fetches_keys()).map(|provider| provider.id);
    ids.chain(fetched::IDS.iter().copied())
}

/// Returns the ids of all providers, one per line.
pub(crate) fn list() -> String {
    ids().map(|id| format!("{id}\n")).collect()
}

/// Returns the id that is most similar to an unknown one, if it is similar enough to be a typing error.
pub(crate) fn similar(unknown: &str) -> Option<&'static str> {
    let unknown = unknown.to_lowercase().replace(['_', ' '], "-");
    let with_likeness = |id: &'static str| (strsim::damerau_levenshtein(&unknown, id), id);
    let (changes, id) = ids().chain(["whatsapp"]).map(with_likeness).min()?;
    // One change for every three characters.
    (changes <= id.len().div_ceil(3)).then_some(id)
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

/// Returns those of the providers of which the most header names occur in a request.
pub(crate) fn that_use_most(ids: &[&'static str], headers: &[&str]) -> Vec<&'static str> {
    let count = |id: &'static str| {
        let schemes = provider::find(id).map(Provider::schemes).unwrap_or_default();
        let texts: Vec<_> = schemes.iter().filter_map(|scheme| serde_json::to_string(scheme).ok()).collect();
        let is_used = |name: &&&str| texts.iter().any(|text| text.contains(&format!("\"header:{name}\"")));
        headers.iter().filter(is_used).count()
    };
    let counts: Vec<_> = ids.iter().map(|id| (count(id), *id)).collect();
    let most = counts.iter().map(|(count, _)| *count).max().unwrap_or_default();
    counts.into_iter().filter(|(count, _)| *count == most).map(|(_, id)| id).collect()
}
