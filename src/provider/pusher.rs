use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Pusher Channels.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-pusher-signature`.
    /// * Secret: the app's secret, as text. Set its [key id](crate::Secret::with_key_id) to the app's key, which
    ///   Pusher sends in `X-Pusher-Key`.
    /// * Delivery id: none; deliveries with equal bodies count as duplicates. Each body contains its time
    ///   (`time_ms`), so within one webhook, only retries have equal bodies.
    /// * Retries: yes, for up to 5 minutes.
    /// * Acknowledge within: 4 s.
    /// * Batches: one body can carry several events ([source](https://pusher.com/blog/batch-webhooks)).
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an app share the secret, and
    ///   each gets the same body for an event.
    pusher: "pusher", "Pusher Channels",
        "https://github.com/pusher/pusher-http-node/blob/HEAD/tests/integration/webhook.js",
        Scheme::hmac_sha256("x-pusher-signature", Hex).key_id("header:x-pusher-key"),
        shared_secret: true,
        batch: true,
        equal_bodies: true,
        ack_deadline: Some(Duration::from_secs(4)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(5 * 60));
}
