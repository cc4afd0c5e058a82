use super::{handshake::HOOK_SECRET, providers};
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Clio Manage.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-hook-signature`.
    /// * Secret: the webhook's `shared_secret`, as text. Clio sends it as `X-Hook-Secret` in the handshake, and
    ///   returns it from the API.
    /// * Delivery id: none.
    /// * Event type: `body:/meta/event`, signed.
    /// * Handshake: `POST` with `X-Hook-Secret`. If the query parameter `verify_token` equals the layer's
    ///   [`verify_token`](crate::WebhookLayer::verify_token), the layer echoes the header and does not call the
    ///   handler. Register the webhook with this parameter in its URL. The layer does not adopt the secret in
    ///   the header, because the handshake is not signed.
    clio: "clio", "Clio Manage",
        "https://docs.developers.clio.com/api-reference/#tag/Webhooks",
        Scheme::hmac_sha256("x-hook-signature", Hex)
            .event_type("body:/meta/event"),
        handshake: Some(HOOK_SECRET);
}
