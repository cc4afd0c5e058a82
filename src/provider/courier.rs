use super::{providers, shapes};
use crate::verify::TimeUnit::Milliseconds;

providers! {
    /// Creates a verifier for Courier.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `courier-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: none. `data.id` identifies the message, which has several deliveries.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `field:t`; any age unless the layer has a [`tolerance`](crate::WebhookLayer::tolerance), and
    ///   up to 300 s in the future. Courier documents no maximum age. The timestamp is in milliseconds.
    courier: "courier", "Courier",
        "https://github.com/trycourier/docs/blob/HEAD/docs/guides/getting-started/outbound-webhooks.mdx",
        shapes::t_and_signature("courier-signature", "signature")
            .timestamp("field:t", Milliseconds)
            .tolerance(None, 300)
            .event_type("body:/type");
}
