use super::{providers, shapes};
use crate::verify::TimeUnit::Milliseconds;

providers! {
    /// HMAC-SHA256 of `{ts}.{body}` in `Courier-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none. No id names the delivery as a whole; the `id` in its data is the message's, which
    ///   has several deliveries.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `field:t`; any age and 300 s into the future. In milliseconds. Courier leaves the limit to
    ///   its users; set one with [`tolerance`](crate::WebhookLayer::tolerance).
    courier: "courier", "Courier",
        "https://github.com/trycourier/docs/blob/HEAD/docs/guides/getting-started/outbound-webhooks.mdx",
        shapes::t_and_signature("courier-signature", "signature")
            .timestamp("field:t", Milliseconds)
            .tolerance(None, 300)
            .event_type("body:/type");
}
