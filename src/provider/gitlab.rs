use super::{providers, shapes};
use crate::verify::Scheme;

providers! {
    /// HMAC-SHA256 of `{header:webhook-id}.{ts}.{body}` in `Webhook-Signature`, base64.
    ///
    /// * Secret: base64 after optional `whsec_`.
    /// * Delivery id: `header:webhook-id`, signed.
    /// * Event type: `header:x-gitlab-event`, **not signed**.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
    gitlab_signing -> Result: "gitlab-signing", "GitLab (signing token)",
        "https://gitlab.com/gitlab-org/gitlab/-/merge_requests/230944",
        shapes::standard_webhooks("webhook")
            .event_type("header:x-gitlab-event");

    /// The secret itself in `X-Gitlab-Token`.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `header:idempotency-key`, **not signed**. The same for all attempts. `X-Gitlab-Event-UUID`
    ///   does not identify a delivery: recursive webhooks share it. GitLab before 17.4 sends no such key, so its
    ///   deliveries are not deduplicated.
    /// * Event type: `header:x-gitlab-event`, **not signed**.
    /// * The secret itself is sent in `X-Gitlab-Token`: **it does not protect the body**.
    gitlab_token: "gitlab-token", "GitLab (secret token)",
        "https://docs.gitlab.com/user/project/integrations/webhooks/",
        Scheme::token("x-gitlab-token")
            .id("header:idempotency-key")
            .event_type("header:x-gitlab-event");
}
