use std::{any::Any, fmt, sync::Arc};

use http::Extensions;

use super::Verifier;

/// An endpoint that a [`Lookup`](super::Lookup) finds: a verifier, an optional scope, and values for the
/// handler.
///
/// Every [`Verifier`] is `Into<Endpoint>`. Cloning is cheap, because clones share the verifier and the
/// values.
///
/// ```
/// use tower_webhook::{Secret, provider, verify::Endpoint};
///
/// /// The tenant whose secret matched.
/// #[derive(Clone)]
/// struct Tenant(u64);
///
/// let secret: Secret = "the secret of tenant 7".parse()?;
/// let endpoint = Endpoint::new(provider::github(secret)).scope("tenant-7").insert(Tenant(7));
/// # Ok::<(), tower_webhook::InvalidSecret>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Endpoint {
    verifier: Arc<dyn Verifier>,
    /// One pointer, to keep the endpoint small: the future of each request contains it.
    settings: Option<Arc<Settings>>,
}

#[derive(Clone, Default)]
struct Settings {
    scope: Option<Box<str>>,
    values: Extensions,
}

impl Endpoint {
    /// Creates an endpoint that verifies with `verifier`.
    pub fn new(verifier: impl Verifier) -> Self {
        // Avoids a second `Arc` around a verifier that is already shared.
        let shared = (&verifier as &dyn Any).downcast_ref::<Arc<dyn Verifier>>().cloned();
        Self { verifier: shared.unwrap_or_else(|| Arc::new(verifier)), settings: None }
    }

    /// Sets the scope of the endpoint's deduplication keys, as
    /// [`WebhookLayer::scope`](crate::WebhookLayer::scope) does for all endpoints of a layer. The endpoint's
    /// scope takes precedence over the layer's. Default: the layer's scope. If the layer has no scope either,
    /// the scope consists of the fingerprint of the secret that matched, and a digest of the name that was
    /// looked up or, if the lookup is a closure, of the request's path (see [`Lookup`](super::Lookup)).
    ///
    /// If two endpoints have the same scope and provider, a delivery to one counts as a duplicate of a
    /// delivery with the same id to the other. Tenants may choose their own scopes, provided that the
    /// application refuses a scope that another tenant has.
    ///
    /// In the key, `#`, `%` and `:` of a scope are percent-encoded. A key begins with the provider's name, a
    /// hyphen and the scope. The first byte of a scope is percent-encoded too if the scope looks like a
    /// fingerprint, or if provider and scope, joined, could also be read as a longer provider name and
    /// another scope. Without this encoding, the scope `sha1-a` of `github` and the scope `a` of
    /// `github-sha1` would both give keys that begin with `github-sha1-a`. With this encoding, no scope can
    /// be mistaken for another, unless the name of a custom provider begins with another provider's name and
    /// a hyphen.
    pub fn scope(mut self, scope: &str) -> Self {
        self.settings().scope = Some(scope.into());
        self
    }

    /// Adds a value to the request's extensions, replacing any value of the same type.
    ///
    /// The layer inserts the values once the signature is verified, so the handler can tell which endpoint
    /// matched. The values are also available to [`dedupe_by`](crate::WebhookLayer::dedupe_by). The layer
    /// drops them if it rejects the request or answers a handshake.
    pub fn insert<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.settings().values.insert(value);
        self
    }

    fn settings(&mut self) -> &mut Settings {
        Arc::make_mut(self.settings.get_or_insert_default())
    }

    pub(crate) fn verifier(&self) -> &dyn Verifier {
        &*self.verifier
    }

    pub(crate) fn own_scope(&self) -> Option<&str> {
        self.settings.as_deref()?.scope.as_deref()
    }

    pub(crate) fn insert_values(&self, extensions: &mut Extensions) {
        if let Some(settings) = &self.settings {
            extensions.extend(settings.values.clone());
        }
    }
}

impl<V: Verifier> From<V> for Endpoint {
    fn from(verifier: V) -> Self {
        Self::new(verifier)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("provider", &self.verifier.profile().provider())
            .field("scope", &self.own_scope())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BoxError, provider};

    #[test]
    fn shared_verifiers_are_not_wrapped_again() -> Result<(), BoxError> {
        let github = provider::github("a secret".parse::<crate::Secret>()?);
        let shared: Arc<dyn Verifier> = Arc::new(github);
        assert!(Arc::ptr_eq(&Endpoint::from(Arc::clone(&shared)).verifier, &shared));
        Ok(())
    }

    #[test]
    fn values_of_clones_are_separate() -> Result<(), BoxError> {
        let github = provider::github("a secret".parse::<crate::Secret>()?);
        let one = Endpoint::new(github).scope("one").insert(1_u8);
        let two = one.clone().scope("two").insert(2_u8);
        for (endpoint, scope, value) in [(one, "one", 1_u8), (two, "two", 2)] {
            let mut extensions = Extensions::new();
            extensions.insert(0_u8);
            endpoint.insert_values(&mut extensions);
            assert_eq!((endpoint.own_scope(), extensions.get()), (Some(scope), Some(&value)));
            assert!(format!("{endpoint:?}").contains(scope));
        }
        Ok(())
    }
}
