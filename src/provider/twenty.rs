use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Creates a verifier for Twenty.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}:{body}`, as hex in `x-twenty-webhook-signature`.
    /// * Secret: the webhook's secret, as text. Twenty does not sign if the webhook has no secret.
    /// * Delivery id: none. `X-Twenty-Webhook-Nonce` is not signed.
    /// * Event type: `body:/eventName`, signed.
    /// * Timestamp: `header:x-twenty-webhook-timestamp`; tolerance 300 s.
    /// * Acknowledge within: 5 s.
    twenty: "twenty", "Twenty",
        "https://github.com/twentyhq/twenty/blob/HEAD/packages/twenty-server/src/engine/core-modules/webhook/jobs/call-webhook.job.ts",
        Scheme::hmac_sha256("x-twenty-webhook-signature", Hex)
            .timestamp("header:x-twenty-webhook-timestamp", Milliseconds)
            .signs("{ts}:{body}")
            .event_type("body:/eventName"),
        ack_deadline: Some(Duration::from_secs(5));
}
