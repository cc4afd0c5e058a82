//! Running the handler: its task, the evaluation of its response, and the settlement of its claim.

use std::{mem, panic::resume_unwind};

use http::{HeaderMap, Response};
use tokio::{runtime::Handle, time::Instant};

use super::{
    ResponseBody,
    respond::{Responder, ServiceResponse, ack_deadline},
};
use crate::{
    Rejection, RejectionKind,
    config::CompleteWhen,
    dedupe::ClaimGuard,
    observe::{Acknowledged, HandlerEnd, Ignored, OutcomeKind, Settlement},
    rejection::GRPC_STATUS,
    task::{CatchUnwind, RunEnd, left_until, run, timeout},
};

/// Waits for the handler, settles its claim, and then responds. Responding first could lose the delivery.
#[allow(clippy::manual_async_fn, reason = "an async fn stores its arguments twice")]
pub(super) fn handle<F, T, E>(
    responder: &Responder,
    handler: CatchUnwind<F>,
    mut claim: Option<ClaimGuard>,
) -> impl Future<Output = Result<Response<ResponseBody<T::Body>>, E>>
where
    F: Future<Output = Result<T, E>>,
    T: ServiceResponse,
{
    async move {
        let Responder { config, telemetry, .. } = responder;
        let held = claim.as_ref().filter(|claim| claim.is_claimed());
        let heartbeat = held.map(|claim| || claim.heartbeat());
        let mut run_end = run(handler, heartbeat, config.dedupe.handler_timeout).await;
        let end = judge(&mut run_end, config.complete_when.as_ref());
        match end {
            Ok(end) => telemetry.handler_ended(end),
            Err(unhandled) => telemetry.unhandled(unhandled),
        }
        if let Some(claim) = &mut claim {
            if let Some(settlement) = claim.settle(settlement(end)).await {
                telemetry.settled(settlement);
            }
            if end == Ok(HandlerEnd::Completed) && claim.is_uncommitted() {
                telemetry.uncommitted();
                return Ok(responder.uncommitted());
            }
        }
        responder.respond(run_end)
    }
}

/// Runs the handler in its own task, which outlives the request, and waits until the deadline for its
/// response.
pub(super) async fn handle_detached<F, T, E>(
    responder: Responder,
    handler: CatchUnwind<F>,
    claim: Option<ClaimGuard>,
    deadline: Option<Instant>,
) -> Result<Response<ResponseBody<T::Body>>, E>
where
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: ServiceResponse<Body: Send> + Send + 'static,
    E: Send + 'static,
{
    // Without a claim there is no deadline: the next attempt would not be recognized as a duplicate, and
    // would run concurrently.
    let deadline = deadline.filter(|_| claim.as_ref().is_some_and(ClaimGuard::is_claimed));
    // Spawning a task requires a runtime.
    let Ok(runtime) = Handle::try_current() else { return handle(&responder, handler, claim).await };
    let task = {
        let responder = responder.clone();
        async move { handle(&responder, handler, claim).await }
    };
    let task = responder.config.dedupe.background.tasks().spawn(&runtime, task);
    let rejection = match timeout(left_until(deadline), task).await {
        Ok(Ok(response)) => return response,
        Ok(Err(ended)) => match ended.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime is shutting down and drops its tasks.
            Err(cancelled) => Rejection::new(RejectionKind::HandlerTimeout).because(cancelled),
        },
        Err(elapsed) => ack_deadline(elapsed),
    };
    Ok(responder.overdue(&rejection))
}

/// Returns how the handler ended. `Err` means that it left the delivery unhandled.
fn judge<T: ServiceResponse, E>(
    end: &mut RunEnd<Result<T, E>>,
    complete_when: Option<&CompleteWhen>,
) -> Result<HandlerEnd, OutcomeKind> {
    Ok(match end {
        RunEnd::Returned(Ok(response)) => {
            let response = response.get_mut();
            match unhandled(response) {
                Some(outcome) => return Err(outcome),
                None if is_success(response, complete_when) => HandlerEnd::Completed,
                None => HandlerEnd::Failed,
            }
        }
        RunEnd::Returned(Err(_)) => HandlerEnd::Failed,
        RunEnd::Panicked(_) => HandlerEnd::Panicked,
        RunEnd::TimedOut(_) => HandlerEnd::TimedOut,
    })
}

/// Returns the outcome if a marker in the response reports that the delivery was not handled. An event
/// router, a nested layer or the handler itself inserts the marker.
fn unhandled<R>(response: &Response<R>) -> Option<OutcomeKind> {
    let extensions = response.extensions();
    let ignored = extensions.get::<Ignored>().map(|_| OutcomeKind::Ignored);
    let unhandled = ignored.or(extensions.get::<Acknowledged>().map(|_| OutcomeKind::Acknowledged));
    unhandled.filter(|_| response.status().is_success())
}

fn is_success<R>(response: &mut Response<R>, complete_when: Option<&CompleteWhen>) -> bool {
    // `complete_when` may accept the status of a nested layer's rejection.
    if response.extensions().get::<Rejection>().is_some() {
        return false;
    }
    let Some(complete_when) = complete_when else {
        // A failed gRPC call has status 200 and reports the failure in a header.
        return response.status().is_success() && has_no_grpc_failure(response.headers());
    };
    // The function takes `&Parts`, but a response only returns its `Parts` by value. Move the fields into
    // temporary `Parts`, and back.
    let mut head = Response::new(()).into_parts().0;
    (head.status, head.version) = (response.status(), response.version());
    mem::swap(&mut head.headers, response.headers_mut());
    mem::swap(&mut head.extensions, response.extensions_mut());
    let success = complete_when(&head);
    mem::swap(&mut head.headers, response.headers_mut());
    mem::swap(&mut head.extensions, response.extensions_mut());
    success
}

fn has_no_grpc_failure(headers: &HeaderMap) -> bool {
    headers.get(&GRPC_STATUS).is_none_or(|status| status.as_bytes() == b"0")
}

/// Returns the settlement of the claim: completed if the handler succeeded, otherwise released, so that the
/// provider's next attempt runs.
fn settlement(end: Result<HandlerEnd, OutcomeKind>) -> Settlement {
    match end {
        Ok(HandlerEnd::Completed) => Settlement::Completed,
        _ => Settlement::Released,
    }
}
