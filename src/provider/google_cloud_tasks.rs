use std::time::Duration;

use super::{Facts, Provider, fetched::TokenCheck, shapes::jwt};
use crate::verify::{
    Attempt, Check, Fetch, Location, Profile, RequestContext, Verifier, VerifyError, jwt::BearerTokens,
};

/// Creates a verifier for Google Cloud Tasks, which fetches the key set with `fetch`.
///
/// The verifier accepts HTTP tasks with an OIDC token.
///
/// * Signature: JSON Web Token (RS256) in `authorization`, which does not cover the body.
/// * Signed content: the token, which **does not cover the body**. Until the token expires, an attacker who
///   captures it can send it with any body to the same audience.
/// * Delivery id: `header:x-cloudtasks-taskname`, **not signed**. A task's name is unique within its queue,
///   so the default [scope](crate::WebhookLayer::scope) contains the name of the queue. For queues of the
///   same name in several locations or projects, set a scope for each.
/// * Timestamp: the token's `iat`; any age unless the layer has a
///   [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future. The layer rejects a token
///   once it has been expired for 300 s.
/// * Retries: yes. The queue's configuration determines the number and the period.
/// * Deduplication window: 1 hour. A name can be used again one hour after its task has ended
///   ([source](https://cloud.google.com/python/docs/reference/cloudtasks/latest/google.cloud.tasks_v2.types.CreateTaskRequest)).
/// * Audience: the audience of the task's OIDC token, which is the task's URL unless the task sets another
///   ([source](https://docs.cloud.google.com/tasks/docs/reference/rest/v2/OidcToken)). The token's `aud`
///   must equal it.
/// * Service account: the e-mail address of the task's service account. The token's `email` must equal it,
///   and `email_verified` must be `true`.
/// * Key: the key set at `https://www.googleapis.com/oauth2/v3/certs`. See [`Fetch`] for the caching of key
///   sets.
///
/// [`find`](super::find) returns this provider, but [`Provider::verifier`] returns an error for it. See
/// [`google_pubsub`](super::google_pubsub()) for an example.
///
/// Sources: [tokens](https://docs.cloud.google.com/tasks/docs/creating-http-target-tasks) and
/// [headers](https://firebase.google.com/docs/reference/functions/firebase-functions.tasks.taskcontext).
pub fn google_cloud_tasks(
    audience: impl Into<Box<str>>,
    service_account: impl Into<Box<str>>,
    fetch: impl Fetch,
) -> GoogleCloudTasks {
    let rules = jwt::google_id_token(audience.into(), service_account.into());
    GoogleCloudTasks { tokens: BearerTokens::new(rules, fetch), profile: ROW.profile() }
}

pub(super) static ALL: &[&Provider] = &[&ROW];

static ROW: Provider = Provider::fetched(
    "google-cloud-tasks",
    "google_cloud_tasks",
    "Google Cloud Tasks",
    "https://docs.cloud.google.com/tasks/docs/creating-http-target-tasks",
    "audience, service_account, fetch",
    Facts {
        profile: |profile| jwt::bearer_profile(profile).with_id(Location::header("x-cloudtasks-taskname")),
        attempt: Some(|| Attempt::Retries(Location::header("x-cloudtasks-taskretrycount"))),
        dedupe_window: Some(Duration::from_secs(3600)),
        retries: Some(true),
        ..Facts::NONE
    },
);

/// The verifier that [`google_cloud_tasks`] returns.
#[derive(Debug)]
pub struct GoogleCloudTasks {
    tokens: BearerTokens,
    profile: Profile,
}

impl Verifier for GoogleCloudTasks {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let check = TokenCheck::new(self.tokens.begin(request)?, |token, queue, _| {
            Ok(token.scoped_by(&queue.unwrap_or_default()))
        });
        Ok(check.with_header(&request.head().headers, "x-cloudtasks-queuename"))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}
