use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Webflow.
    ///
    /// * Signed: `{ts}:{body}`, HMAC-SHA256, in `x-webflow-signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    /// * Timestamp: `header:x-webflow-timestamp`; 300 s into the past and 300 s into the future.
    webflow: "webflow", "Webflow",
        "https://github.com/webflow/js-webflow-api/blob/HEAD/src/wrapper/WebhooksClient.ts",
        Scheme::hmac_sha256("x-webflow-signature", Hex)
            .timestamp("header:x-webflow-timestamp", Milliseconds)
            .signs("{ts}:{body}")
            .event_type("body:/triggerType");
}
