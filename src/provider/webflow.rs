use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// HMAC-SHA256 of `{ts}:{body}` in `X-Webflow-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none.
    /// * Event type: `body:/triggerType`, signed.
    /// * Timestamp: `header:x-webflow-timestamp`; 300 s into the past and 300 s into the future.
    webflow: "webflow", "Webflow",
        "https://github.com/webflow/js-webflow-api/blob/HEAD/src/wrapper/WebhooksClient.ts",
        Scheme::hmac_sha256("x-webflow-signature", Hex)
            .timestamp("header:x-webflow-timestamp", Milliseconds)
            .signs("{ts}:{body}")
            .event_type("body:/triggerType");
}
