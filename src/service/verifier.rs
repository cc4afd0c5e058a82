//! The steps that choose and call the verifier of a request.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Response, request::Parts};

use super::respond::Responder;
use crate::{
    Delivery, Rejection, RejectionKind,
    config::{Config, EndpointSource},
    observe::{PerMinute, lookups_failed},
    task::{rarely, timeout},
    verify::{Check, Endpoint, Find, RequestContext, Tolerance, Verifier, VerifyError},
};

impl Config {
    /// Returns the request's context. It is created on demand, so that the request's future does not store
    /// it.
    #[inline]
    pub(super) fn request<'a>(&'a self, head: &'a Parts, now: SystemTime) -> RequestContext<'a> {
        let mut request = RequestContext::received(head, now);
        if let Some(url) = &self.public_url {
            request = request.public_url(url);
        } else if let Some(proxies) = &self.proxies {
            request = request.through_proxies(proxies);
        }
        match &self.verify_token {
            Some(token) => request.with_verify_token(token),
            None => request,
        }
    }
}

/// Looks up the endpoint of the request.
pub(super) async fn find_endpoint(responder: &Responder, head: &Parts) -> Result<Endpoint, Rejection> {
    let config = &responder.config;
    let endpoint = match &config.endpoint {
        EndpointSource::Fixed(endpoint) => endpoint.clone(),
        EndpointSource::Lookup(lookup) => rarely(look_up(&**lookup, head, &config.failed_lookups)).await?,
    };
    responder.found(endpoint.verifier().profile());
    Ok(endpoint)
}

async fn look_up(lookup: &dyn Find, head: &Parts, failures: &PerMinute) -> Result<Endpoint, Rejection> {
    const LONGEST_WAIT: Duration = Duration::from_secs(1);
    timeout(LONGEST_WAIT, lookup.find(head))
        .await
        .unwrap_or_else(|elapsed| Err(elapsed.into()))
        .map_err(|error| {
            // Any client can cause failures, so they are counted and logged at most once a minute.
            let count = failures.add();
            if count > 0 {
                lookups_failed(count, &*error);
            }
            Rejection::new(RejectionKind::VerifierUnavailable).because(error)
        })?
        .ok_or(Rejection::new(RejectionKind::UnknownEndpoint))
}

/// Verifies the head, including the signed timestamp if it is in the head.
#[inline]
pub(super) fn verify_head<'v>(
    config: &'v Config,
    verifier: &'v dyn Verifier,
    head: &'v Parts,
    now: SystemTime,
) -> Result<(Box<dyn Check + 'v>, Option<SystemTime>), VerifyError> {
    let check = verifier.begin(&config.request(head, now).with_tolerance(tolerance(config, verifier)))?;
    let timestamp = check.timestamp();
    judge_timestamp(config, verifier, timestamp, now)?;
    Ok((check, timestamp))
}

/// Rejects a signed timestamp that is out of tolerance. Called before the body is read, when only a timestamp
/// in the head is known, and again after verification.
pub(super) fn judge_timestamp(
    config: &Config,
    verifier: &dyn Verifier,
    timestamp: Option<SystemTime>,
    now: SystemTime,
) -> Result<(), VerifyError> {
    let Some(timestamp) = timestamp else { return Ok(()) };
    tolerance(config, verifier).judge(timestamp, now)
}

fn tolerance(config: &Config, verifier: &dyn Verifier) -> Tolerance {
    config.tolerance.map_or(verifier.profile().tolerance(), Tolerance::both)
}

/// Returns the response if the delivery is a signed verification handshake.
pub(super) fn signed_handshake(delivery: &Delivery, request: &RequestContext<'_>) -> Option<Response<Bytes>> {
    delivery.verifier().signed_handshake(request, delivery.payload())
}
