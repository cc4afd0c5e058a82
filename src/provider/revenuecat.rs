use std::time::Duration;

use super::{providers, shapes};

providers! {
    /// Creates a verifier for RevenueCat.
    ///
    /// The verifier accepts signed webhooks. Enable signing in RevenueCat.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `x-revenuecat-webhook-signature`.
    /// * Secret: the integration's signing secret, as text. It is not the value of the `Authorization` header.
    /// * Delivery id: `body:/event/id`, signed.
    /// * Event type: `body:/event/type`, signed.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * Retries: yes, for up to 155 minutes ([source](https://www.revenuecat.com/docs/integrations/webhooks)).
    /// * Deduplication window: 1 day.
    /// * Acknowledge within: 60 s. RevenueCat requires a 200. Otherwise it retries five times, over about two
    ///   and a half hours.
    revenuecat: "revenuecat", "RevenueCat",
        "https://www.revenuecat.com/docs/integrations/webhooks",
        shapes::t_and_signature("x-revenuecat-webhook-signature", "v1")
            .id("body:/event/id")
            .event_type("body:/event/type"),
        dedupe_window: Some(Duration::from_secs(24 * 3600)),
        ack_deadline: Some(Duration::from_secs(60)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(155 * 60));
}
