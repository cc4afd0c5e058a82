use std::time::Duration;

use super::{providers, shapes};

providers! {
    /// Creates a verifier for BigCommerce.
    ///
    /// * Signature: HMAC-SHA256 of `{header:webhook-id}.{ts}.{body}`, as base64 in `webhook-signature`.
    /// * Secret: the client secret of the app, as text.
    /// * Delivery id: `header:webhook-id`, signed.
    /// * Event type: `body:/scope`, signed.
    /// * Timestamp: `header:webhook-timestamp`; tolerance 300 s.
    /// * Retries: yes, for up to 49 hours. BigCommerce makes eleven retries, and then disables the webhook.
    bigcommerce: "bigcommerce", "BigCommerce",
        "https://github.com/bigcommerce/docs/blob/HEAD/docs/integrations/webhooks/https-webhook-overview.mdx",
        shapes::standard_webhooks_raw_key("webhook")
            .event_type("body:/scope"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(2885 * 60));
}
