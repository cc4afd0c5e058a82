use std::time::Duration;

use http::StatusCode;

use super::{
    handshake::{Handshake, UnsignedPost, empty_response},
    providers,
};
use crate::verify::{Encoding::Base64, Scheme, digits};

providers! {
    /// Creates a verifier for WooCommerce.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-wc-webhook-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: none. `X-WC-Webhook-Delivery-ID` is a hash of the webhook's id and the time in seconds, so
    ///   two deliveries within a second have the same value
    ///   ([source](https://github.com/woocommerce/woocommerce/blob/HEAD/plugins/woocommerce/includes/class-wc-webhook.php)).
    /// * Event type: `header:x-wc-webhook-topic`, **not signed**.
    /// * Retries: **never**.
    /// * Acknowledge within: 60 s.
    /// * Handshake: the unsigned ping that WooCommerce sends when a webhook is created. It is a form with only
    ///   `webhook_id`. The layer responds with an empty 200
    ///   ([source](https://github.com/woocommerce/woocommerce/blob/HEAD/plugins/woocommerce/includes/class-wc-webhook.php)).
    woocommerce: "woocommerce", "WooCommerce",
        "https://github.com/woocommerce/woocommerce-rest-api-docs/blob/HEAD/source/includes/wp-api-v3/_webhooks.md",
        Scheme::hmac_sha256("x-wc-webhook-signature", Base64)
            .event_type("header:x-wc-webhook-topic"),
        handshake: Some(HANDSHAKE),
        ack_deadline: Some(Duration::from_secs(60)),
        retries: Some(false);
}

/// WooCommerce's handshake: a form such as `webhook_id=42`. The layer recognizes the ping by its content type
/// and its body, and does not check its `user-agent`.
const HANDSHAKE: Handshake = Handshake {
    unsigned_post: Some(UnsignedPost {
        has_head: |request| request.is_form(),
        response: |_, body| {
            let id = body.strip_prefix(b"webhook_id=")?;
            digits(id).map(|_| empty_response(StatusCode::OK))
        },
    }),
    ..Handshake::NONE
};
