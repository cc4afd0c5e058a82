use std::time::Duration;

use super::{providers, shapes};
use crate::verify::Scheme;

providers! {
    /// Creates a verifier for GitLab (signing token).
    ///
    /// * Signature: HMAC-SHA256 of `{header:webhook-id}.{ts}.{body}`, as base64 in `webhook-signature`.
    /// * Secret: base64, with or without the prefix `whsec_`.
    /// * Delivery id: `header:webhook-id`, signed.
    /// * Event type: `header:x-gitlab-event`, **not signed**.
    /// * Timestamp: `header:webhook-timestamp`; tolerance 300 s.
    /// * Retries: **never**.
    /// * Acknowledge within: 10 s.
    /// * Body limit: 25 MiB.
    gitlab_signing -> Result: "gitlab-signing", "GitLab (signing token)",
        "https://gitlab.com/gitlab-org/gitlab/-/merge_requests/230944",
        shapes::standard_webhooks("webhook")
            .event_type("header:x-gitlab-event"),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(false),
        body_limit: Some(25 * 1024 * 1024);

    /// Creates a verifier for GitLab (secret token).
    ///
    /// * Signature: none: the provider sends the secret itself in `x-gitlab-token`, so **the body is not
    ///   protected**.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:idempotency-key`, **not signed**. A redelivery has the same id. GitLab before 17.4
    ///   does not send this header, so its deliveries are not deduplicated. `X-Gitlab-Event-UUID` does not
    ///   identify a delivery, because recursive webhooks share it.
    /// * Event type: `header:x-gitlab-event`, **not signed**.
    /// * Retries: **never**.
    /// * Acknowledge within: 10 s.
    /// * Body limit: 25 MiB.
    gitlab_token: "gitlab-token", "GitLab (secret token)",
        "https://docs.gitlab.com/user/project/integrations/webhooks/",
        Scheme::token("x-gitlab-token")
            .id("header:idempotency-key")
            .event_type("header:x-gitlab-event"),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(false),
        body_limit: Some(25 * 1024 * 1024);
}
