//! What a layer was built with, shared by all its services.

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Extensions, HeaderMap, Response, request, response};
use tokio::time::Instant;

use crate::{
    BoxError, Clock, Delivery, Rejection, RejectionKind, SystemClock,
    budget::{BufferBudget, Discards},
    dedupe::Dedupe,
    observe::{Observer, Registry},
    rejection::GRPC_STATUS,
    service::Limits,
    store::{MokaStore, SharedStore},
    task::timeout,
    verify::{Profile, Proxies, PublicUrl, Tolerance, Verifier, VerifyToken},
};

#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) verifier: VerifierSource,
    pub(crate) public_url: Option<PublicUrl>,
    pub(crate) proxies: Option<Proxies>,
    pub(crate) verify_token: Option<VerifyToken>,
    pub(crate) only_if: Option<OnlyIf>,
    pub(crate) decode: Option<Decode>,
    pub(crate) body_limit: Option<usize>,
    pub(crate) body_timeout: Duration,
    pub(crate) forward_trailers: bool,
    pub(crate) buffer_budget: Arc<BufferBudget>,
    pub(crate) discards: Arc<Discards>,
    pub(crate) tolerance: Option<Duration>,
    pub(crate) dedupe: Dedupe,
    /// Whether the store is the layer's own, which goes by the layer's clock.
    pub(crate) own_store: bool,
    pub(crate) handler_timeout: Duration,
    /// Whether handlers run in tasks of their own.
    pub(crate) detached: bool,
    pub(crate) ack_deadline: Option<Duration>,
    pub(crate) complete_when: Option<CompleteWhen>,
    pub(crate) on_rejection: Option<OnRejection>,
    pub(crate) observer: Observer,
    pub(crate) clock: Arc<dyn Clock>,
}

pub(crate) type OnlyIf = Arc<dyn Fn(&request::Parts) -> bool + Send + Sync>;
/// Decodes a payload and puts the event into the extensions.
pub(crate) type Decode = Arc<dyn Fn(&Delivery, &mut Extensions) -> Result<(), BoxError> + Send + Sync>;
pub(crate) type CompleteWhen = Arc<dyn Fn(&response::Parts) -> bool + Send + Sync>;
pub(crate) type OnRejection = Arc<dyn Fn(&Rejection) -> Response<Bytes> + Send + Sync>;
pub(crate) type Chosen = Result<Option<Arc<dyn Verifier>>, BoxError>;
pub(crate) type Choose =
    Arc<dyn Fn(&request::Parts) -> Pin<Box<dyn Future<Output = Chosen> + Send>> + Send + Sync>;

#[derive(Clone)]
pub(crate) enum VerifierSource {
    Fixed(Arc<dyn Verifier>),
    PerRequest(Choose),
}

impl Config {
    pub(crate) const DEFAULT_BODY_LIMIT: usize = 1024 * 1024;
    pub(crate) const DEFAULT_BODY_TIMEOUT: Duration = Duration::from_secs(10);
    pub(crate) const DEFAULT_BUFFER_BUDGET: usize = 64 * 1024 * 1024;
    pub(crate) const DEFAULT_HANDLER_TIMEOUT: Duration = Duration::from_secs(600);

    pub(crate) fn new(verifier: VerifierSource) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = MokaStore::with_clock(MokaStore::DEFAULT_CAPACITY, Arc::clone(&clock));
        let registry = Registry::default();
        Self {
            verifier,
            public_url: None,
            proxies: None,
            verify_token: None,
            only_if: None,
            decode: None,
            body_limit: None,
            body_timeout: Self::DEFAULT_BODY_TIMEOUT,
            forward_trailers: false,
            buffer_budget: Arc::new(BufferBudget::new(Self::DEFAULT_BUFFER_BUDGET)),
            discards: Arc::default(),
            tolerance: None,
            dedupe: Dedupe::new(Some(SharedStore::new(store)), registry.clone()),
            own_store: true,
            handler_timeout: Self::DEFAULT_HANDLER_TIMEOUT,
            detached: false,
            ack_deadline: None,
            complete_when: None,
            on_rejection: None,
            observer: Observer { on_outcome: None, registry },
            clock,
        }
    }

    /// Whether the request is for the layer at all.
    pub(crate) fn concerns(&self, head: &request::Parts) -> bool {
        self.only_if.as_ref().is_none_or(|only_if| only_if(head))
    }

    /// When the provider must have an answer, for a request that arrives now.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.ack_deadline.and_then(|deadline| Instant::now().checked_add(deadline))
    }

    /// Lets the verifier know what the layer was told: the request's extensions are between them.
    pub(crate) fn tell_verifier(&self, head: &mut request::Parts) {
        let forwarded = || self.proxies.as_ref()?.called(head);
        if let Some(url) = self.public_url.clone().or_else(forwarded) {
            head.extensions.insert(url);
        }
        if let Some(token) = &self.verify_token {
            head.extensions.insert(token.clone());
        }
    }

    pub(crate) async fn choose_verifier(
        &self,
        head: &request::Parts,
    ) -> Result<Arc<dyn Verifier>, Rejection> {
        const LONGEST_WAIT: Duration = Duration::from_secs(1);
        let unavailable = |error: BoxError| Rejection::new(RejectionKind::VerifierUnavailable).because(error);
        match &self.verifier {
            VerifierSource::Fixed(verifier) => Ok(Arc::clone(verifier)),
            VerifierSource::PerRequest(choose) => timeout(LONGEST_WAIT, choose(head))
                .await
                .unwrap_or_else(|elapsed| Err(elapsed.into()))
                .map_err(unavailable)?
                .ok_or(Rejection::new(RejectionKind::UnknownEndpoint)),
        }
    }

    #[cfg(feature = "tracing")]
    pub(crate) fn warn_of_late_answers(&self, deadline: Duration) {
        let VerifierSource::Fixed(verifier) = &self.verifier else { return };
        let Profile { provider, ack_deadline, .. } = verifier.profile();
        if let Some(waits) = ack_deadline.filter(|waits| deadline >= *waits) {
            tracing::warn!(
                target: "tower_webhook",
                %provider,
                ack_deadline_ms = deadline.as_millis(),
                provider_waits_ms = waits.as_millis(),
                "the provider will not wait for answers at this ack_deadline",
            );
        }
    }

    pub(crate) fn tolerance(&self, profile: &Profile) -> Tolerance {
        self.tolerance.map_or(profile.tolerance, Tolerance::both)
    }

    pub(crate) fn judge_timestamp(
        &self,
        profile: &Profile,
        timestamp: Option<std::time::SystemTime>,
        now: std::time::SystemTime,
    ) -> Result<(), crate::verify::VerifyError> {
        timestamp.map_or(Ok(()), |signed| self.tolerance(profile).judge(signed, now))
    }

    pub(crate) fn limits(&self, profile: &Profile) -> Limits<'_> {
        Limits {
            bytes: self.body_limit.or(profile.body_limit).unwrap_or(Self::DEFAULT_BODY_LIMIT),
            time: self.body_timeout,
            budget: &self.buffer_budget,
        }
    }

    /// Decodes the payload, if a type was asked for, into the extensions.
    pub(crate) fn decode(&self, delivery: &Delivery, extensions: &mut Extensions) -> Result<(), Rejection> {
        let Some(decode) = &self.decode else { return Ok(()) };
        decode(delivery, extensions)
            .map_err(|error| Rejection::new(RejectionKind::Undecodable).because(error))
    }

    /// Whether the handler's answer means that the delivery is handled.
    pub(crate) fn judge<R>(&self, response: Response<R>) -> (bool, Response<R>) {
        let Some(complete_when) = &self.complete_when else {
            // A failed gRPC call is a 200 that says otherwise in a header.
            let success = response.status().is_success() && has_no_grpc_failure(response.headers());
            return (success, response);
        };
        let (head, body) = response.into_parts();
        (complete_when(&head), Response::from_parts(head, body))
    }

    pub(crate) fn respond_to(&self, rejection: &Rejection, grpc: bool) -> Response<Bytes> {
        let mut response = match &self.on_rejection {
            Some(on_rejection) => on_rejection(rejection),
            None if grpc => rejection.to_grpc_response(),
            None => rejection.to_response(),
        };
        response.extensions_mut().insert(rejection.clone());
        response
    }
}

fn has_no_grpc_failure(headers: &HeaderMap) -> bool {
    headers.get(&GRPC_STATUS).is_none_or(|status| status.as_bytes() == b"0")
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("verifier", &self.verifier)
            .field("body_limit", &self.body_limit)
            .field("body_timeout", &self.body_timeout)
            .field("buffer_budget", &self.buffer_budget)
            .field("tolerance", &self.tolerance)
            .field("dedupe", &self.dedupe)
            .field("handler_timeout", &self.handler_timeout)
            .field("detached", &self.detached)
            .field("ack_deadline", &self.ack_deadline)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for VerifierSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(verifier) => f.write_str(&verifier.profile().provider),
            Self::PerRequest(_) => f.write_str("chosen per request"),
        }
    }
}
