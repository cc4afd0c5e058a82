//! The providers that can be asked for by name.

use std::sync::Arc;

use tower_webhook::{InvalidSecret, Secrets, provider, verify::Verifier};

#[derive(Clone, Copy)]
pub(crate) enum Provider {
    StandardWebhooks,
    GitHub,
    Notifyer,
}

impl Provider {
    pub(crate) const ALL: [Self; 3] = [Self::StandardWebhooks, Self::GitHub, Self::Notifyer];

    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::StandardWebhooks => "standard-webhooks",
            Self::GitHub => "github",
            Self::Notifyer => "notifyer",
        }
    }

    pub(crate) fn by_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.id() == id)
    }

    pub(crate) fn verifier(self, secrets: Secrets) -> Result<Arc<dyn Verifier>, InvalidSecret> {
        Ok(match self {
            Self::StandardWebhooks => Arc::new(provider::try_standard_webhooks(secrets)?),
            Self::GitHub => Arc::new(provider::try_github(secrets)?),
            Self::Notifyer => Arc::new(provider::try_notifyer(secrets)?),
        })
    }
}
