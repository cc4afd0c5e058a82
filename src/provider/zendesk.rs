use super::providers;
use crate::verify::{Encoding::Base64, Scheme, TimeUnit::Rfc3339};

providers! {
    /// HMAC-SHA256 of `{ts}{body}` in `X-Zendesk-Webhook-Signature`, base64.
    ///
    /// * Secret: the text as it stands, though it looks like base64.
    /// * Delivery id: `header:x-zendesk-webhook-invocation-id`, **not signed**.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:x-zendesk-webhook-signature-timestamp`; any age and 300 s into the future.
    ///   `header:X-Zendesk-Webhook-Signature-Timestamp`; any age and 300 s into the future. Zendesk documents no
    ///   limit; set one with [`tolerance`](crate::WebhookLayer::tolerance).
    zendesk: "zendesk", "Zendesk",
        "https://developer.zendesk.com/documentation/webhooks/verifying/",
        Scheme::hmac_sha256("x-zendesk-webhook-signature", Base64)
            .timestamp("header:x-zendesk-webhook-signature-timestamp", Rfc3339)
            .tolerance(None, 300)
            .signs("{ts}{body}")
            .id("header:x-zendesk-webhook-invocation-id")
            .event_type("body:/type");
}
