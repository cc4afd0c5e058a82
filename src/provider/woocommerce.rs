use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for WooCommerce.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-wc-webhook-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: none. `X-WC-Webhook-Delivery-ID` is a hash of the webhook's id and the time in seconds, so
    ///   two deliveries within a second have the same
    ///   ([source](https://github.com/woocommerce/woocommerce/blob/HEAD/plugins/woocommerce/includes/class-wc-webhook.php)).
    /// * Event type: `header:x-wc-webhook-topic`, **not signed**.
    /// * WooCommerce does not sign the ping that it sends when a webhook is created (`webhook_id=…`), so the
    ///   layer rejects it.
    woocommerce: "woocommerce", "WooCommerce",
        "https://github.com/woocommerce/woocommerce-rest-api-docs/blob/HEAD/source/includes/wp-api-v3/_webhooks.md",
        Scheme::hmac_sha256("x-wc-webhook-signature", Base64)
            .event_type("header:x-wc-webhook-topic");
}
