use std::time::Duration;

use super::{handshake::HOOK_SECRET, providers};
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Asana.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-hook-signature`.
    /// * Secret: the `X-Hook-Secret` that Asana sends in the handshake and returns to the webhook's creator, as
    ///   text. Each webhook has its own secret.
    /// * Delivery id: none. A body without events is a heartbeat.
    /// * Retries: yes, for up to 1 day ([source](https://developers.asana.com/docs/webhooks-guide)).
    /// * Acknowledge within: 10 s. Otherwise Asana retries for up to 24 hours.
    /// * Handshake: `POST` with `X-Hook-Secret`. If the query parameter `verify_token` equals the layer's
    ///   [`verify_token`](crate::WebhookLayer::verify_token), the layer echoes the header and does not call the
    ///   handler. Register the webhook with this parameter in its URL. The layer does not adopt the secret in
    ///   the header, because the handshake is not signed. Until the first webhook exists, configure a
    ///   placeholder secret. Instead of configuring the secrets, you can look up the secret of each webhook: see
    ///   [`with_lookup`](crate::WebhookLayer::with_lookup).
    /// * Batches: one body can carry several events.
    asana: "asana", "Asana",
        "https://developers.asana.com/docs/webhooks-guide",
        Scheme::hmac_sha256("x-hook-signature", Hex),
        batch: true,
        retries: Some(true),
        retry_period: Some(Duration::from_secs(24 * 3600)),
        ack_deadline: Some(Duration::from_secs(10)),
        handshake: Some(HOOK_SECRET);
}
