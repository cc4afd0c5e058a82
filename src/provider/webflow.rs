use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Creates a verifier for Webflow.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}:{body}`, as hex in `x-webflow-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: none.
    /// * Event type: `body:/triggerType`, signed.
    /// * Timestamp: `header:x-webflow-timestamp`; tolerance 300 s.
    /// * Retries: yes, for up to 30 minutes
    ///   ([source](https://developers.webflow.com/data/docs/working-with-webhooks)).
    webflow: "webflow", "Webflow",
        "https://github.com/webflow/js-webflow-api/blob/HEAD/src/wrapper/WebhooksClient.ts",
        Scheme::hmac_sha256("x-webflow-signature", Hex)
            .timestamp("header:x-webflow-timestamp", Milliseconds)
            .signs("{ts}:{body}")
            .event_type("body:/triggerType"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(30 * 60));
}
