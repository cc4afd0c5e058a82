use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Ably.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-ably-signature`.
    /// * Secret: the part of the API key after the `:`, as text.
    /// * Signed content: `{body}`. Ably signs only batched requests, so the layer rejects all other requests.
    /// * Delivery id: none. The body has no id for the whole delivery. `webhookId` identifies the integration
    ///   rule, not the delivery.
    /// * Retries: yes, for up to 5 minutes.
    /// * Body limit: 32 MiB.
    /// * Batches: one body can carry several events
    ///   ([source](https://ably.com/docs/platform/integrations/webhooks/generic)).
    /// * [Shared secret](crate::verify::Profile::shared_secret): all integration rules with the same API key
    ///   share the secret.
    ably: "ably", "Ably",
        "https://github.com/ably/docs/blob/HEAD/src/pages/docs/platform/integrations/webhooks/index.mdx",
        Scheme::hmac_sha256("x-ably-signature", Base64),
        batch: true,
        shared_secret: true,
        retries: Some(true),
        retry_period: Some(Duration::from_secs(5 * 60)),
        body_limit: Some(32 * 1024 * 1024);
}
