//! Deliveries to try the endpoint with: the provider's sample, signed, and then broken on purpose.

mod curl;
mod fields;
mod known;
mod sample;
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

pub(crate) use self::{curl::commands, sample::Sample, scenario::Scenario};
use crate::rules::Rules;

/// Makes deliveries, and sends them to the endpoint over a socket, as anybody else would.
pub(crate) struct TestEvents {
    verifier: ProviderVerifier,
    /// One with a secret that the endpoint does not know.
    forger: Option<ProviderVerifier>,
    layer: WebhookLayer,
    rules: Arc<Rules>,
    address: SocketAddr,
    sending: Arc<Semaphore>,
}

/// How large a body is made, in bytes, to be too large.
const MOST: usize = 64 * 1024 * 1024;

type Signed = Request<Bytes>;

/// What is to be sent.
pub(crate) struct Plan {
    requests: Vec<Signed>,
    at_once: bool,
}

/// What became of a delivery that was tried out.
pub(crate) struct Trial {
    refused: Option<RejectionKind>,
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

    /// The provider's sample, as it would be sent now.
    pub(crate) fn sample(&self) -> Sample {
        Sample::new(&self.rules, self.rules.now())
    }

    /// The requests of a scenario; with a body of one's own, or the sample's.
    pub(crate) fn plan(&self, scenario: Scenario, body: Option<String>) -> Result<Plan, BoxError> {
        let at = match scenario {
            Scenario::Stale => self
                .out_of_tolerance()
                .ok_or("The tolerance reaches further than the clock: no time is out of it.")?,
            _ => self.rules.now(),
        };
        let mut sample = Sample::new(&self.rules, at);
        if let Some(body) = body {
            sample = sample.with_body(body, &self.rules, at);
        }
        if scenario == Scenario::TooLarge {
            if self.rules.body_limit > MOST {
                return Err("The limit is larger than what is sent from here.".into());
            }
            sample.body.extend(self.padding(sample.body.len()));
        }
        let verifier = match scenario {
            Scenario::WrongSecret => self.forger.as_ref().ok_or("another secret cannot be made up")?,
            _ => &self.verifier,
        };
        let mut request = self.signed(verifier, &sample, scenario.knobs(), at)?;
        match scenario {
            Scenario::ChangedBody => *request.body_mut() = [request.body(), &b"\n"[..]].concat().into(),
            // Who puts the signature into the body writes that anew, without the spaces.
            Scenario::TooLarge => {
                let padding: String = self.padding(request.body().len()).collect();
                *request.body_mut() = [request.body(), padding.as_bytes()].concat().into();
            }
            _ => {}
        }
        Ok(Plan { requests: vec![request; scenario.copies()], at_once: scenario == Scenario::AtOnce })
    }

    /// The spaces by which a body of this length becomes one byte too long.
    fn padding(&self, length: usize) -> impl Iterator<Item = char> + use<> {
        std::iter::repeat_n(' ', self.rules.body_limit.saturating_add(1).saturating_sub(length))
    }

    /// What the layer makes of a scenario, tried out where nobody is told of it.
    pub(crate) async fn trial(&self, scenario: Scenario) -> Result<Trial, BoxError> {
        let plan = self.plan(scenario, None)?;
        let mut request = plan.requests.into_iter().next().ok_or("there is nothing to send")?;
        request.headers_mut().insert(header::HOST, self.address.to_string().parse()?);
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
            refused: response.extensions().get::<Rejection>().map(Rejection::kind),
            deduped: response.extensions().get::<Delivery>().is_some_and(Delivery::is_deduped),
        })
    }

    /// What is to be known of a scenario with this provider: why there is none, or what is different.
    pub(crate) async fn caveat(&self, scenario: Scenario) -> Caveat {
        let trial = match scenario {
            Scenario::Stale | Scenario::ChangedBody => scenario,
            Scenario::TooLarge if self.rules.body_limit > MOST => scenario,
            Scenario::WrongSecret if self.forger.is_none() => scenario,
            _ => Scenario::Valid,
        };
        let trial = match self.trial(trial).await {
            Ok(trial) => trial,
            Err(error) => return Caveat::Missing(error.to_string()),
        };
        match scenario {
            Scenario::Stale if trial.refused != Some(RejectionKind::StaleTimestamp) => Caveat::Missing(
                "The provider signs no timestamp: an old request is only known by its id.".to_owned(),
            ),
            Scenario::ChangedBody if trial.refused.is_none() => {
                Caveat::Differs("The provider's signature does not cover that: it is accepted.")
            }
            Scenario::Twice | Scenario::AtOnce if !trial.deduped => {
                Caveat::Differs("The provider gives its deliveries no id: both are handled.")
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
        let host = self.address.to_string();
        // Where the URL is signed it is the one that the provider was given.
        let url = self.rules.public_url.clone().unwrap_or_else(|| "/webhook".to_owned());
        let url = match knobs {
            "" => url,
            knobs => format!("{url}{}{knobs}", if url.contains('?') { '&' } else { '?' }),
        };
        let mut request = sample.request(&url)?;
        request.headers_mut().insert(header::HOST, host.parse()?);
        let mut request = testing::sign_at(verifier, request, at)?;
        // What was signed as another's is sent here.
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let target = format!("/webhook{query}");
        *request.uri_mut() = target.parse()?;
        request.headers_mut().remove(header::HOST);
        Ok(request)
    }

    /// A time at which what is signed is out of tolerance now.
    fn out_of_tolerance(&self) -> Option<SystemTime> {
        const BEYOND: Duration = Duration::from_secs(60);
        let (now, tolerance) = (self.rules.now(), self.rules.tolerance);
        match tolerance.past() {
            Some(past) => now.checked_sub(past.checked_add(BEYOND)?),
            None => now.checked_add(tolerance.future().checked_add(BEYOND)?),
        }
    }
}

/// Listening on every address of the machine is not an address to send to.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}
