//! Test events: signed sample deliveries of the provider, some of them broken on purpose.

mod again;
mod content;
mod curl;
mod fields;
mod known;
mod place;
mod sample;
mod samples;
mod scenario;
mod send;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::http::{Request, Response, header};
use bytes::Bytes;
use http_body_util::Full;
use tokio::sync::Semaphore;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{
    Body, BoxError, Delivery, Rejection, RejectionKind, WebhookLayer, provider::ProviderVerifier,
    store::MokaStore, testing,
};

pub(crate) use self::{
    again::Again,
    content::Content,
    curl::{commands, is_shown, plain},
    sample::Sample,
    scenario::Scenario,
};
use crate::rules::Rules;

/// Creates test events, and sends them to the endpoint over TCP.
pub(crate) struct TestEvents {
    verifier: ProviderVerifier,
    /// Signs with a secret that the endpoint does not know.
    forger: Option<ProviderVerifier>,
    layer: WebhookLayer,
    rules: Arc<Rules>,
    address: SocketAddr,
    sending: Arc<Semaphore>,
}

/// The size limit of test events, in bytes.
const MAX_BODY: usize = 64 * 1024 * 1024;

type Signed = Request<Bytes>;

/// The requests of a scenario.
pub(crate) struct Plan {
    requests: Vec<Signed>,
    at_once: bool,
}

/// The result of a request that was passed through the layer alone.
pub(crate) struct Trial {
    rejected: Option<RejectionKind>,
    deduped: bool,
}

pub(crate) enum Caveat {
    None,
    Differs(&'static str),
    Missing(String),
}

impl TestEvents {
    pub(crate) fn new(
        verifier: ProviderVerifier,
        forger: Option<ProviderVerifier>,
        layer: WebhookLayer,
        rules: Arc<Rules>,
        address: SocketAddr,
    ) -> Self {
        let sending = Arc::new(Semaphore::new(8));
        Self { verifier, forger, layer, rules, address: reachable(address), sending }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns whether accepted deliveries go to a service, and not to the inspector's own handler.
    pub(crate) fn are_forwarded(&self) -> bool {
        self.rules.forward.is_some()
    }

    /// Returns the sample of this name, or the first one, at the current time.
    pub(crate) fn sample(&self, name: Option<&str>) -> Sample {
        Sample::new(&self.rules, self.rules.now(), name)
    }

    /// Returns the names of the provider's samples.
    pub(crate) fn sample_names(&self) -> Vec<String> {
        samples::of(self.rules.source.id()).iter().map(|sample| sample.name().to_owned()).collect()
    }

    /// Returns the event type in a body.
    pub(crate) fn event_type_in(&self, body: &str) -> Option<String> {
        self.rules.profile.event_type().iter().find_map(|place| place::read_body(body, place))
    }

    /// Returns the body with another event type.
    pub(crate) fn with_event_type(&self, body: &str, event_type: &str) -> Result<String, BoxError> {
        let places = self.rules.profile.event_type();
        // The place that the body has, or else the first one.
        let found = places.iter().find(|place| place::read_body(body, place).is_some());
        let place = found.or(places.first()).ok_or("provider has no location for an event type")?;
        place::write_body(body, place, event_type.into())
    }

    /// Returns the requests of a scenario.
    pub(crate) fn plan(&self, scenario: Scenario, content: &Content) -> Result<Plan, BoxError> {
        let at = match scenario {
            Scenario::Stale => {
                self.out_of_tolerance().ok_or("The tolerance accepts every timestamp, so none is stale.")?
            }
            _ => self.rules.now(),
        };
        let mut sample = Sample::new(&self.rules, at, content.sample.as_deref());
        if let Some(body) = &content.body {
            sample = sample.with_body(body.clone(), &self.rules, at);
        }
        if let Some(event_type) = &content.event_type {
            sample = sample.with_event_type(event_type, &self.rules)?;
        }
        content.add_headers(&mut sample, &self.rules)?;
        if scenario == Scenario::TooLarge {
            if self.rules.body_limit > MAX_BODY {
                return Err("The body limit is larger than the largest test event.".into());
            }
            sample.body.extend(self.padding(sample.body.len()));
        }
        let verifier = match scenario {
            Scenario::WrongSecret => {
                self.forger.as_ref().ok_or("cannot generate another secret for this provider")?
            }
            _ => &self.verifier,
        };
        let mut request = self.signed(verifier, &sample, scenario.knobs(), at)?;
        content.check_signed(&request)?;
        match scenario {
            Scenario::ChangedBody => *request.body_mut() = [request.body(), &b"\n"[..]].concat().into(),
            // If the signature is in the body, signing may have serialized the body again, without the padding.
            Scenario::TooLarge => {
                let padding: String = self.padding(request.body().len()).collect();
                *request.body_mut() = [request.body(), padding.as_bytes()].concat().into();
            }
            _ => {}
        }
        Ok(Plan { requests: vec![request; scenario.copies()], at_once: scenario == Scenario::AtOnce })
    }

    /// Returns the spaces that make a body of this length exceed the limit by one byte.
    fn padding(&self, length: usize) -> impl Iterator<Item = char> + use<> {
        std::iter::repeat_n(' ', self.rules.body_limit.saturating_add(1).saturating_sub(length))
    }

    /// Passes the first request of a scenario through the layer, without an effect on the endpoint's store or
    /// history.
    pub(crate) async fn trial(&self, scenario: Scenario) -> Result<Trial, BoxError> {
        let plan = self.plan(scenario, &Content::default())?;
        self.try_out(plan.requests.into_iter().next().ok_or("scenario has no requests")?).await
    }

    async fn try_out(&self, mut request: Signed) -> Result<Trial, BoxError> {
        let host = self.address.to_string().parse()?;
        request.headers_mut().entry(header::HOST).or_insert(host);
        let layer = self.layer.clone().dedupe(MokaStore::new(1));
        let handler = service_fn(|request: Request<Body>| async move {
            let mut response = Response::new(Full::<Bytes>::default());
            if let Some(delivery) = request.extensions().get::<Delivery>() {
                response.extensions_mut().insert(delivery.clone());
            }
            Ok::<_, BoxError>(response)
        });
        let response = layer.layer(handler).oneshot(request.map(Full::new)).await?;
        Ok(Trial {
            rejected: response.extensions().get::<Rejection>().map(Rejection::kind),
            deduped: response.extensions().get::<Delivery>().is_some_and(Delivery::is_deduped),
        })
    }

    /// Returns why a scenario is not available with this provider, or how its outcome differs.
    pub(crate) async fn caveat(&self, scenario: Scenario) -> Caveat {
        if self.are_forwarded()
            && matches!(scenario, Scenario::HandlerFails | Scenario::HandlerSlow | Scenario::HandlerPanics)
        {
            return Caveat::Missing("In forward mode, the service is the handler.".to_owned());
        }
        let trial = match scenario {
            Scenario::Stale | Scenario::ChangedBody => scenario,
            Scenario::TooLarge if self.rules.body_limit > MAX_BODY => scenario,
            Scenario::WrongSecret if self.forger.is_none() => scenario,
            _ => Scenario::Valid,
        };
        let trial = match self.trial(trial).await {
            Ok(trial) => trial,
            Err(error) => return Caveat::Missing(error.to_string()),
        };
        match scenario {
            Scenario::Stale if trial.rejected != Some(RejectionKind::StaleTimestamp) => Caveat::Missing(
                "The provider does not sign a timestamp, so requests cannot be stale.".to_owned(),
            ),
            Scenario::ChangedBody if trial.rejected.is_none() => Caveat::Differs(
                "The provider's signature does not cover the added line break, so the request is accepted.",
            ),
            Scenario::Twice | Scenario::AtOnce if !trial.deduped => {
                Caveat::Differs("The provider sends no delivery id, so both are handled.")
            }
            Scenario::AtOnce if self.are_forwarded() => {
                Caveat::Differs("If the service is fast, the second is a duplicate.")
            }
            _ => Caveat::None,
        }
    }

    fn signed(
        &self,
        verifier: &ProviderVerifier,
        sample: &Sample,
        knobs: &str,
        at: SystemTime,
    ) -> Result<Signed, BoxError> {
        // A provider that signs the URL signs the public URL.
        let url = self.rules.public_url.clone().unwrap_or_else(|| "/webhook".to_owned());
        let url = match knobs {
            "" => url,
            knobs => format!("{url}{}{knobs}", if url.contains('?') { '&' } else { '?' }),
        };
        self.sign(verifier, sample.request(&url)?, at)
    }

    /// Signs a request to the public URL, and returns the request to this endpoint. A `host` header is kept.
    fn sign(
        &self,
        verifier: &ProviderVerifier,
        mut request: Signed,
        at: SystemTime,
    ) -> Result<Signed, BoxError> {
        let host = request.headers().get(header::HOST).cloned();
        if host.is_none() {
            request.headers_mut().insert(header::HOST, self.address.to_string().parse()?);
        }
        let mut request = testing::sign_at(verifier, request, at)?;
        // Send the request to this endpoint, whichever URL was signed.
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let target = format!("/webhook{query}");
        *request.uri_mut() = target.parse()?;
        if host.is_none() {
            request.headers_mut().remove(header::HOST);
        }
        Ok(request)
    }

    /// Returns a timestamp that is out of tolerance now.
    fn out_of_tolerance(&self) -> Option<SystemTime> {
        const BEYOND: Duration = Duration::from_secs(60);
        let (now, tolerance) = (self.rules.now(), self.rules.tolerance);
        match tolerance.past() {
            Some(past) => now.checked_sub(past.checked_add(BEYOND)?),
            None => now.checked_add(tolerance.future().checked_add(BEYOND)?),
        }
    }
}

/// Replaces an unspecified address by the loopback address, because not all clients can connect to an
/// unspecified address.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}
