use super::{providers, shapes};
use crate::verify::TimeUnit::Milliseconds;

providers! {
    /// Courier.
    ///
    /// * Signed: `{ts}.{body}`, HMAC-SHA256, in `courier-signature: t=…,signature=<hex>`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole; the `id` in its data is the message's, which has
    ///   several deliveries.
    /// * Timestamp: `field:t`, in milliseconds; any age, and up to 300 s into the future, since Courier
    ///   leaves the limit to its users ([`tolerance`](crate::WebhookLayer::tolerance) sets one).
    courier: "courier", "Courier",
        "https://github.com/trycourier/docs/blob/HEAD/docs/guides/getting-started/outbound-webhooks.mdx",
        shapes::t_and_signature("courier-signature", "signature")
            .timestamp("field:t", Milliseconds)
            .tolerance(None, 300)
            .event_type("body:/type");
}
