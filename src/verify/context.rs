use std::{borrow::Cow, fmt, time::SystemTime};

use http::request::Parts;

use super::{Proxies, Tolerance, UrlSource, called_url};
use crate::Secret;

/// A request as a [`Verifier`](super::Verifier) sees it: the head, and the layer's settings for verification.
///
/// The layer creates one for each request. Create your own to verify without the layer
/// ([`verify_in`](super::verify_in)), or to test a verifier:
///
/// ```
/// use http::Request;
/// use tower_webhook::{Secret, verify::RequestContext};
///
/// let (head, _) = Request::post("/in?a=b").header("host", "10.0.0.7").body(())?.into_parts();
/// let request = RequestContext::new(&head);
/// assert_eq!(request.url().as_deref(), Some("https://10.0.0.7/in?a=b"));
///
/// let request = request.public_url("https://shop.example/webhook");
/// assert_eq!(request.url().as_deref(), Some("https://shop.example/webhook?a=b"));
///
/// let token: Secret = "the verify token".parse()?;
/// let request = request.with_verify_token(&token);
/// assert_eq!(request.verify_token().and_then(Secret::expose_str), Some("the verify token"));
/// # Ok::<(), tower_webhook::BoxError>(())
/// ```
#[derive(Clone, Copy)]
pub struct RequestContext<'a> {
    head: &'a Parts,
    now: SystemTime,
    url_source: UrlSource<'a>,
    verify_token: Option<&'a Secret>,
    tolerance: Option<Tolerance>,
}

impl<'a> RequestContext<'a> {
    /// Creates the context of a request that arrives now. The URL is the request's own, and there is no
    /// verify token.
    #[must_use]
    pub fn new(head: &'a Parts) -> Self {
        Self::received(head, SystemTime::now())
    }

    pub(crate) fn received(head: &'a Parts, now: SystemTime) -> Self {
        Self { head, now, url_source: UrlSource::Request, verify_token: None, tolerance: None }
    }

    /// Sets the current time, which the signed timestamp is compared with. Default: the time at which
    /// [`new`](Self::new) was called.
    #[must_use]
    pub fn at(self, now: SystemTime) -> Self {
        Self { now, ..self }
    }

    /// Sets the URL that the provider was given, as
    /// [`WebhookLayer::public_url`](crate::WebhookLayer::public_url) does. Default: `https://` with the
    /// request's host, path and query.
    #[must_use]
    pub fn public_url(self, url: &'a str) -> Self {
        Self { url_source: UrlSource::PublicUrl(url), ..self }
    }

    /// Sets the token that the provider was given for its verification handshake. Default: none.
    #[must_use]
    pub fn with_verify_token(self, token: &'a Secret) -> Self {
        Self { verify_token: Some(token), ..self }
    }

    /// Sets the tolerance of the timestamp, for verifiers that act on a request before the layer checks the
    /// timestamp. Only the first call has an effect. The layer makes the first call, so its tolerance takes
    /// precedence over those of nested verifiers.
    pub(crate) fn with_tolerance(self, tolerance: Tolerance) -> Self {
        Self { tolerance: self.tolerance.or(Some(tolerance)), ..self }
    }

    pub(crate) fn through_proxies(self, proxies: &'a Proxies) -> Self {
        Self { url_source: UrlSource::Proxies(proxies), ..self }
    }

    /// Returns the method, the URI, the headers and the extensions.
    #[must_use]
    pub fn head(&self) -> &'a Parts {
        self.head
    }

    /// Returns the current time, which the signed timestamp is compared with.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.now
    }

    /// Returns the token that the provider was given for its verification handshake.
    #[must_use]
    pub fn verify_token(&self) -> Option<&'a Secret> {
        self.verify_token
    }

    /// Returns the URL that the provider called, with the query of this request. Each call computes the URL
    /// again.
    ///
    /// Returns `None` if the URL cannot be determined: for example, if there is no [public
    /// URL](Self::public_url) and the request has no valid host, or if the request's query does not match
    /// that of the public URL. If the signature covers the URL, reject such a request.
    #[must_use]
    pub fn url(&self) -> Option<Cow<'a, str>> {
        called_url(self).ok().map(Cow::Owned)
    }

    #[cfg(feature = "asymmetric")]
    pub(crate) fn tolerance(&self) -> Option<Tolerance> {
        self.tolerance
    }

    pub(crate) fn url_source(&self) -> UrlSource<'a> {
        self.url_source
    }
}

impl fmt::Debug for RequestContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestContext")
            .field("method", &self.head.method)
            .field("path", &self.head.uri.path())
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}
