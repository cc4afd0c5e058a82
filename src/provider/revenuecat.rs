use std::time::Duration;

use super::{providers, shapes};

providers! {
    /// RevenueCat (signed).
    ///
    /// * Signed: `{ts}.{body}`, HMAC-SHA256, in `X-RevenueCat-Webhook-Signature: t=…,v1=<hex>`.
    ///   Secret: UTF-8, the integration's signing secret, which is not the value of the
    ///   `Authorization` header. Signing has to be turned on.
    /// * Id: `body:/event/id`, signed.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    /// * A 200 within 60 s, or else five retries over two and a half hours; ids are remembered for a day.
    revenuecat: "revenuecat", "RevenueCat",
        "https://www.revenuecat.com/docs/integrations/webhooks",
        shapes::t_and_signature("x-revenuecat-webhook-signature", "v1")
            .id("body:/event/id")
            .event_type("body:/event/type"),
        dedupe_window: Some(Duration::from_secs(24 * 3600)),
        ack_deadline: Some(Duration::from_secs(60)),
        retries: Some(true);
}
