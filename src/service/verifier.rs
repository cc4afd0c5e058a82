//! The verifier of a request: which one, and its two steps.

use std::time::{Duration, SystemTime};

use http::request::Parts;

use crate::{
    Rejection, RejectionKind,
    config::{Config, EndpointSource},
    observe::Telemetry,
    task::{rarely, timeout},
    verify::{Check, Endpoint, Find, Finish, Finishing, Later, Tolerance, Verified, Verifier, VerifyError},
};

/// Puts the public URL and the verify token into the extensions, where verifiers look for them.
#[inline]
pub(super) fn inform_verifier(config: &Config, head: &mut Parts) {
    let forwarded = || config.proxies.as_ref()?.called(head);
    if let Some(url) = config.public_url.clone().or_else(forwarded) {
        head.extensions.insert(url);
    }
    if let Some(token) = &config.verify_token {
        head.extensions.insert(token.clone());
    }
}

/// Finds the endpoint of the request.
pub(super) async fn find_endpoint(
    config: &Config,
    head: &Parts,
    telemetry: &Telemetry,
) -> Result<Endpoint, Rejection> {
    let endpoint = match &config.endpoint {
        EndpointSource::Fixed(endpoint) => endpoint.clone(),
        EndpointSource::Lookup(lookup) => rarely(look_up(&**lookup, head)).await?,
    };
    telemetry.provider(endpoint.verifier().profile().provider());
    Ok(endpoint)
}

async fn look_up(lookup: &dyn Find, head: &Parts) -> Result<Endpoint, Rejection> {
    const LONGEST_WAIT: Duration = Duration::from_secs(1);
    timeout(LONGEST_WAIT, lookup.find(head))
        .await
        .unwrap_or_else(|elapsed| Err(elapsed.into()))
        .map_err(|error| Rejection::new(RejectionKind::VerifierUnavailable).because(error))?
        .ok_or(Rejection::new(RejectionKind::UnknownEndpoint))
}

/// Verifies the head, including the signed timestamp if the head has it.
#[inline]
pub(super) fn verify_head<'v>(
    config: &Config,
    verifier: &'v dyn Verifier,
    head: &'v Parts,
    now: SystemTime,
) -> Result<(Box<dyn Check + 'v>, Option<SystemTime>), VerifyError> {
    let check = verifier.begin(head, now)?;
    let timestamp = check.timestamp();
    judge_timestamp(config, verifier, timestamp, now)?;
    Ok((check, timestamp))
}

/// Waits for the outcome of a check, which may need a key that has to be fetched.
pub(super) async fn verify_body(finish: Finish) -> Result<Verified, VerifyError> {
    match finish.0 {
        Finishing::Now(outcome) => outcome,
        Finishing::Later(later) => rarely(wait(later)).await,
    }
}

async fn wait(later: Later) -> Result<Verified, VerifyError> {
    const LONGEST_WAIT: Duration = Duration::from_secs(10);
    timeout(LONGEST_WAIT, later).await.unwrap_or_else(|elapsed| Err(VerifyError::unavailable(elapsed)))
}

/// Rejects a signed timestamp that is out of tolerance: one in the head before the body is read, one in the body
/// afterwards.
pub(super) fn judge_timestamp(
    config: &Config,
    verifier: &dyn Verifier,
    timestamp: Option<SystemTime>,
    now: SystemTime,
) -> Result<(), VerifyError> {
    let Some(timestamp) = timestamp else { return Ok(()) };
    config.tolerance.map_or(verifier.profile().tolerance(), Tolerance::both).judge(timestamp, now)
}
