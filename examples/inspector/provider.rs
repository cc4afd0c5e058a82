//! Whose deliveries are verified: a provider of the crate's, or a scheme from the command line.

use std::{error::Error, sync::Arc};

use tower_webhook::{
    Secrets,
    provider::{self, Provider},
    verify::{Scheme, Verifier},
};

#[derive(Clone)]
pub(crate) enum Source {
    Provider(&'static Provider),
    Scheme(Box<Scheme>),
}

impl Source {
    /// The provider of this id.
    pub(crate) fn by_id(id: &str) -> Option<Self> {
        let id = if id == "whatsapp" { "meta" } else { id };
        provider::find(id).map(Self::Provider)
    }

    pub(crate) fn id(&self) -> &'static str {
        match self {
            Self::Provider(provider) => provider.id,
            Self::Scheme(_) => "scheme",
        }
    }

    pub(crate) fn verifier(&self, secrets: Secrets) -> Result<Arc<dyn Verifier>, Box<dyn Error>> {
        Ok(match self {
            Self::Provider(provider) => provider.verifier(secrets)?,
            Self::Scheme(scheme) => Arc::new(scheme.verifier(self.id(), secrets)?),
        })
    }
}

/// The ids of all providers, one a line.
pub(crate) fn list() -> String {
    provider::all().map(|provider| format!("{}\n", provider.id)).collect()
}
