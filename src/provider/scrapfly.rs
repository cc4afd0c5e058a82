use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Scrapfly.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-scrapfly-webhook-signature`.
    /// * Secret: the webhook's secret, as text.
    /// * Delivery id: none. All events of a crawl have the same `X-Scrapfly-Webhook-Job-Id`.
    /// * Event type: `header:x-scrapfly-crawl-event-name` or `header:x-scrapfly-webhook-resource-type`, **not
    ///   signed**.
    /// * Retries: yes, for up to 26 hours.
    /// * The body contains the webhook's secret in `context.webhook.secret`. Do not log it.
    scrapfly: "scrapfly", "Scrapfly",
        "https://scrapfly.io/docs/scrape-api/webhook",
        Scheme::hmac_sha256("x-scrapfly-webhook-signature", Hex)
            .event_type(["header:x-scrapfly-crawl-event-name", "header:x-scrapfly-webhook-resource-type"]),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(92_190));
}
