use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Chatwoot.
    ///
    /// Chatwoot signs deliveries only if the webhook, the API channel or the agent bot has a secret.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex with the prefix `sha256=` in `x-chatwoot-signature`.
    /// * Secret: the secret of the webhook, the API channel or the agent bot, as text.
    /// * Delivery id: `header:x-chatwoot-delivery`, **not signed**.
    /// * Event type: `body:/event`, signed.
    /// * Timestamp: `header:x-chatwoot-timestamp`; tolerance 300 s.
    /// * Acknowledge within: 5 s, unless a self-hosted Chatwoot sets another timeout
    ///   ([source](https://github.com/chatwoot/chatwoot/blob/HEAD/lib/webhooks/trigger.rb)).
    chatwoot: "chatwoot", "Chatwoot",
        "https://developers.chatwoot.com/api-reference/webhooks/add-a-webhook",
        Scheme::hmac_sha256("x-chatwoot-signature", Hex)
            .prefix("sha256=")
            .timestamp("header:x-chatwoot-timestamp", Seconds)
            .signs("{ts}.{body}")
            .id("header:x-chatwoot-delivery")
            .event_type("body:/event"),
        ack_deadline: Some(Duration::from_secs(5));
}
