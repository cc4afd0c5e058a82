use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Wc-Webhook-Signature`, base64.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none. `X-WC-Webhook-Delivery-ID` consists of the webhook and the second, so two deliveries
    ///   within a second share it
    ///   ([source](https://github.com/woocommerce/woocommerce/blob/HEAD/plugins/woocommerce/includes/class-wc-webhook.php)).
    /// * Event type: `header:x-wc-webhook-topic`, **not signed**.
    /// * The ping on creation (`webhook_id=…`) is not signed, and is rejected.
    woocommerce: "woocommerce", "WooCommerce",
        "https://github.com/woocommerce/woocommerce-rest-api-docs/blob/HEAD/source/includes/wp-api-v3/_webhooks.md",
        Scheme::hmac_sha256("x-wc-webhook-signature", Base64)
            .event_type("header:x-wc-webhook-topic");
}
