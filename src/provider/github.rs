use std::time::Duration;

use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for GitHub.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-hub-signature-256`.
    /// * Secret: text, not decoded. The layer ignores the older `X-Hub-Signature` (SHA-1).
    /// * Delivery id: `header:x-github-delivery`, **not signed**. A redelivery has the same id. An attacker can
    ///   replay a delivery with another id: see [`replay_guard`](crate::WebhookLayer::replay_guard).
    /// * Event type: `header:x-github-event`, **not signed**.
    /// * Retries: **never**
    ///   ([source](https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries)). A
    ///   rejected delivery would be lost, so if the store fails, the layer handles deliveries without
    ///   deduplication ([`StoreFailure::Proceed`](crate::StoreFailure::Proceed)).
    /// * Acknowledge within: 10 s
    ///   ([source](https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks)).
    /// * Body limit: 25 MiB ([source](https://docs.github.com/en/webhooks/webhook-events-and-payloads)).
    /// * If GitHub posts a form, the layer extracts the payload from the field `payload`.
    /// * [Shared secret](crate::verify::Profile::shared_secret): organization and repository webhooks can share
    ///   a secret, and each gets the event with the same id
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

    /// Creates a verifier for GitHub (legacy).
    ///
    /// * Signature: HMAC-SHA1 of the body, as hex with the prefix `sha1=` in `x-hub-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:x-github-delivery`, **not signed**.
    /// * Event type: `header:x-github-event`, **not signed**.
    /// * Retries: **never**
    ///   ([source](https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries)). A
    ///   rejected delivery would be lost, so if the store fails, the layer handles deliveries without
    ///   deduplication ([`StoreFailure::Proceed`](crate::StoreFailure::Proceed)).
    /// * Acknowledge within: 10 s
    ///   ([source](https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks)).
    /// * Body limit: 25 MiB ([source](https://docs.github.com/en/webhooks/webhook-events-and-payloads)).
    /// * [Shared secret](crate::verify::Profile::shared_secret): organization and repository webhooks can share
    ///   a secret, and each gets the event with the same id.
    github_sha1: "github-sha1", "GitHub (legacy)",
        "https://github.com/google/go-github/blob/HEAD/github/messages_test.go",
        Scheme::new(HmacSha1, "x-hub-signature", Hex)
            .prefix("sha1=")
            .id("header:x-github-delivery")
            .event_type("header:x-github-event"),
        body_limit: Some(25 * 1024 * 1024),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(false),
        shared_secret: true,
        json_field: Some("payload");
}
