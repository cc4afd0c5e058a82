use std::time::Duration;

use super::{handshake::REACHABLE, providers};
use crate::verify::{Algorithm::HmacSha1, Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Trello.
    ///
    /// * Signature: HMAC-SHA1 of `{body}{url}`, as base64 in `x-trello-webhook`.
    /// * Secret: the OAuth secret, as text.
    /// * Delivery id: none; deliveries with equal bodies count as duplicates. Trello sends an action with the
    ///   same `action.id` to all webhooks of an app. To deduplicate by action, use `action.id` as the key in
    ///   [`dedupe_by`](crate::WebhookLayer::dedupe_by). If the app has several webhooks, add the URL to the key,
    ///   so that each webhook still gets the action.
    /// * Event type: `body:/action/type`, signed.
    /// * Retries: yes, for up to 210 s
    ///   ([source](https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/)).
    /// * Handshake: `HEAD`, to which the layer responds with 200.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an app share the secret.
    /// * The body must be empty or end with `}` or `]` (JSON), and the URL must contain neither of these two
    ///   characters. The layer rejects other deliveries, because the boundary between the body and the URL would
    ///   be ambiguous.
    trello: "trello", "Trello",
        "https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/",
        Scheme::new(HmacSha1, "x-trello-webhook", Base64)
            .signs("{body}{url}")
            .event_type("body:/action/type"),
        shared_secret: true,
        handshake: Some(REACHABLE),
        equal_bodies: true,
        retries: Some(true),
        retry_period: Some(Duration::from_secs(210));
}
