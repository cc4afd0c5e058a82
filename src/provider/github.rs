use std::time::Duration;

use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Hub-Signature-256`, hex after `sha256=`.
    ///
    /// * Secret: the text as it stands. The older `X-Hub-Signature` (SHA-1) is ignored.
    /// * Delivery id: `header:x-github-delivery`, **not signed**. The same for all attempts: see
    ///   [`replay_guard`](crate::WebhookLayer::replay_guard).
    /// * Event type: `header:x-github-event`, **not signed**.
    /// * Retries: **never**.
    /// * Acknowledge within: 10 s.
    /// * Body limit: 25 MiB.
    /// * A payload posted as a form is extracted from its `payload` field.
    /// * Bodies of up to 25 MB ([source](https://docs.github.com/en/webhooks/webhook-events-and-payloads)); an
    ///   answer within 10 s
    ///   ([source](https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks)); **no
    ///   retries**
    ///   ([source](https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries)), so
    ///   deliveries are handled without deduplication while the store fails
    ///   ([`StoreFailure::Proceed`](crate::StoreFailure::Proceed)).
    /// * [Shared secret](crate::verify::Profile::shared_secret): organization and repository webhooks can share
    ///   a secret, and an event has the same id for all of them
    ///   ([source](https://docs.github.com/en/rest/repos/webhooks)).
    github: "github", "GitHub",
        "https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries",
        Scheme::hmac_sha256("x-hub-signature-256", Hex)
            .prefix("sha256=")
            .id("header:x-github-delivery")
            .event_type("header:x-github-event"),
        shared_secret: true,
        json_field: Some("payload"),
        body_limit: Some(25 * 1024 * 1024),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(false);

    /// HMAC-SHA1 of the body in `X-Hub-Signature`, hex after `sha1=`.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `header:x-github-delivery`, **not signed**.
    /// * Event type: `header:x-github-event`, **not signed**.
    /// * Retries: **never**.
    /// * Acknowledge within: 10 s.
    /// * Body limit: 25 MiB.
    /// * Bodies of up to 25 MB ([source](https://docs.github.com/en/webhooks/webhook-events-and-payloads)); an
    ///   answer within 10 s
    ///   ([source](https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks)); **no
    ///   retries**
    ///   ([source](https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries)), so
    ///   deliveries are handled without deduplication while the store fails
    ///   ([`StoreFailure::Proceed`](crate::StoreFailure::Proceed)).
    /// * [Shared secret](crate::verify::Profile::shared_secret): as for [`github`].
    github_sha1: "github-sha1", "GitHub (legacy)",
        "https://github.com/google/go-github/blob/HEAD/github/messages_test.go",
        Scheme::new(HmacSha1, "x-hub-signature", Hex)
            .prefix("sha1=")
            .id("header:x-github-delivery")
            .event_type("header:x-github-event"),
        body_limit: Some(25 * 1024 * 1024),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(false),
        shared_secret: true;
}
