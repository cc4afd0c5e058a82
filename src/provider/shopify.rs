use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Shopify.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-shopify-hmac-sha256` or `shopify-hmac-sha256`.
    /// * Secret: the app's client secret, as text.
    /// * Delivery id: `header:x-shopify-webhook-id` or `header:shopify-webhook-id`, **not signed**.
    ///   `X-Shopify-Event-Id` identifies the event, and is the same for all subscriptions
    ///   ([source](https://shopify.dev/apps/build/webhooks/ignore-duplicates)). To run the handler once for each
    ///   event, use this header with [`dedupe_by`](crate::WebhookLayer::dedupe_by).
    /// * Event type: `header:x-shopify-topic` or `header:shopify-topic`, **not signed**.
    /// * Retries: yes, for up to 4 hours.
    /// * Deduplication window: 1 day.
    /// * Acknowledge within: 5 s
    ///   ([source](https://community.shopify.com/c/Shopify-APIs-SDKs/Webhook-on-create-orders-called-twice/m-p/543046)).
    ///   Otherwise Shopify retries eight times over 4 hours
    ///   ([source](https://shopify.dev/changelog/updates-to-webhook-retry-mechanism)).
    /// * Not covered: `X-Shopify-Shop-Domain` and the other headers. All shops of an app share its client
    ///   secret, so an attacker who owns one shop can name another shop in the header. Take the shop from the
    ///   body, or query the API.
    shopify: "shopify", "Shopify",
        "https://github.com/Shopify/shopify-app-js/blob/HEAD/packages/apps/shopify-api/lib/webhooks/validate.ts",
        Scheme::hmac_sha256("x-shopify-hmac-sha256", Base64)
            .signature_in(["header:x-shopify-hmac-sha256", "header:shopify-hmac-sha256"])
            .id(["header:x-shopify-webhook-id", "header:shopify-webhook-id"])
            .event_type(["header:x-shopify-topic", "header:shopify-topic"]),
        dedupe_window: Some(Duration::from_secs(24 * 3600)),
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(4 * 3600));
}
