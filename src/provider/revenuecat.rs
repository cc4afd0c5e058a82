use std::time::Duration;

use super::{providers, shapes};

providers! {
    /// HMAC-SHA256 of `{ts}.{body}` in `X-Revenuecat-Webhook-Signature`, hex.
    ///
    /// RevenueCat (signed).
    ///
    /// * Secret: the text as it stands, the integration's signing secret, which is not the value of the
    ///   `Authorization` header. Signing must be enabled.
    /// * Delivery id: `body:/event/id`, signed.
    /// * Event type: `body:/event/type`, signed.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    /// * Retries: yes; deduplicated for 1 day.
    /// * Acknowledge within: 60 s.
    /// * Requires a 200 within 60 s; otherwise five retries over two and a half hours. Ids are remembered for a
    ///   day.
    revenuecat: "revenuecat", "RevenueCat",
        "https://www.revenuecat.com/docs/integrations/webhooks",
        shapes::t_and_signature("x-revenuecat-webhook-signature", "v1")
            .id("body:/event/id")
            .event_type("body:/event/type"),
        dedupe_window: Some(Duration::from_secs(24 * 3600)),
        ack_deadline: Some(Duration::from_secs(60)),
        retries: Some(true);
}
