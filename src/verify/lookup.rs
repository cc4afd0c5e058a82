use http::request::Parts;

use super::Endpoint;
use crate::{BoxError, task::BoxFuture};

/// A function that finds the endpoint of each request, for
/// [`WebhookLayer::with_lookup`](crate::WebhookLayer::with_lookup).
///
/// Implemented for closures `Fn(&Parts) -> impl Future<Output = Result<Option<E>, BoxError>> + Send` with
/// `E: Into<Endpoint>`, and for [`CachedLookup`](super::CachedLookup).
///
/// * `Ok(None)`: the endpoint does not exist. The request is rejected (`unknown_endpoint`), with the same
///   response as for a signature mismatch. A client can still find out which endpoints exist: only for these
///   does the layer wait for the body, answer handshakes and report a missing signature.
/// * An error, or a lookup that takes longer than a second: the request is rejected with 503
///   (`verifier_unavailable`), so that the provider retries. Errors are logged at `WARN` at most once a
///   minute, with their number since the last such log event; each error is also logged at `DEBUG`.
///
/// Any client that can reach the layer causes lookups, so they must be fast: read a table in memory, or use a
/// [`CachedLookup`](super::CachedLookup).
///
/// If the lookup is a closure, deduplication keys without a [scope](Endpoint::scope) contain a digest of the
/// request's path, exactly as received. This is correct only if each tenant has exactly one path, and no two
/// tenants share a path. If the closure decodes the path, ignores a part of it, or reads the host or a
/// header, set a scope for each tenant. Or use a [`CachedLookup`](super::CachedLookup): deduplication keys
/// then contain a digest of the tenant's name instead.
///
/// Annotate the closure's argument, `|head: &Parts|`, and move everything the lookup needs into the future:
///
/// ```
/// use std::collections::HashMap;
/// use http::request::Parts;
/// use tower_webhook::{Secret, WebhookLayer, provider, verify::Endpoint};
///
/// let acme: Secret = "acme's secret".parse()?;
/// let table = HashMap::from([("/hooks/acme", Endpoint::new(provider::github(acme)))]);
/// let layer = WebhookLayer::with_lookup(move |head: &Parts| {
///     let endpoint = table.get(head.uri.path()).cloned();
///     async move { Ok(endpoint) }
/// });
/// # Ok::<(), tower_webhook::InvalidSecret>(())
/// ```
///
/// # Cancel safety
///
/// The layer drops the future after a second, or when the client disconnects.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a lookup of endpoints",
    label = "not a `Fn(&Parts) -> impl Future<Output = Result<Option<E>, BoxError>> + Send`",
    note = "the future must own its data, but the future of an `async` closure borrows the captured variables: \
            use a plain closure, `move |head: &Parts|`, that looks the endpoint up or clones what it needs, and \
            returns `async move {{ Ok(endpoint) }}`",
    note = "`E` is an `Endpoint` or a verifier; for lookups that need a database use \
            `tower_webhook::verify::CachedLookup`"
)]
pub trait Lookup: sealed::Find {}

/// The result of a lookup.
pub(crate) type Found = Result<Option<Endpoint>, BoxError>;

#[allow(unnameable_types, reason = "sealed: nothing outside of this crate can implement or call them")]
pub(crate) mod sealed {
    use super::{BoxError, BoxFuture, Endpoint, Found, Lookup, Parts};

    pub trait Find: Send + Sync + 'static {
        fn find<'a>(&'a self, head: &'a Parts) -> BoxFuture<'a, Found>;

        /// Returns the bytes of the name that is looked up. `None` if the lookup is a closure, or if the
        /// `key` of a `CachedLookup` returns `None`.
        fn name(&self, _head: &Parts) -> Option<Vec<u8>> {
            None
        }
    }

    /// A closure for one lifetime of the head, so that its future may borrow the head.
    pub trait FindFn<'a> {
        fn call(&'a self, head: &'a Parts) -> BoxFuture<'a, Found>;
    }

    impl<'a, F, Fut, E> FindFn<'a> for F
    where
        F: Fn(&'a Parts) -> Fut,
        Fut: Future<Output = Result<Option<E>, BoxError>> + Send + 'a,
        E: Into<Endpoint>,
    {
        fn call(&'a self, head: &'a Parts) -> BoxFuture<'a, Found> {
            let found = self(head);
            Box::pin(async move { Ok(found.await?.map(Into::into)) })
        }
    }

    // Without these attributes the compiler reports the closure's bounds instead of the expected signature.
    #[diagnostic::do_not_recommend]
    impl<F: for<'a> FindFn<'a> + Send + Sync + 'static> Find for F {
        fn find<'a>(&'a self, head: &'a Parts) -> BoxFuture<'a, Found> {
            self.call(head)
        }
    }

    #[diagnostic::do_not_recommend]
    impl<F: for<'a> FindFn<'a> + Send + Sync + 'static> Lookup for F {}
}
