use super::{providers, shapes};
use crate::verify::Scheme;

providers! {
    /// GitLab (signing token).
    ///
    /// * Signed: `{header:webhook-id}.{ts}.{body}`, HMAC-SHA256, in `webhook-signature`. Secret:
    ///   base64 after optional `whsec_`.
    /// * Id: `header:webhook-id`, signed.
    /// * Event type: `header:X-Gitlab-Event`, **not signed**.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
    gitlab_signing -> Result: "gitlab-signing", "GitLab (signing token)",
        "https://gitlab.com/gitlab-org/gitlab/-/merge_requests/230944",
        shapes::standard_webhooks("webhook")
            .event_type("header:x-gitlab-event");

    /// GitLab (secret token).
    ///
    /// * The secret itself is sent in `X-Gitlab-Token`: **it does not protect the body**.
    /// * Id: `header:Idempotency-Key`, not signed, which stays the same when it is sent again.
    ///   `X-Gitlab-Event-UUID` does not tell deliveries apart: recursive webhooks share it. GitLab before
    ///   17.4 sends no such key, and its deliveries are not deduped.
    /// * Event type: `header:X-Gitlab-Event`, **not signed**.
    gitlab_token: "gitlab-token", "GitLab (secret token)",
        "https://docs.gitlab.com/user/project/integrations/webhooks/",
        Scheme::token("x-gitlab-token")
            .id("header:idempotency-key")
            .event_type("header:x-gitlab-event");
}
