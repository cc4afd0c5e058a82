use std::time::Duration;

use super::{providers, shapes};

providers! {
    /// Calendly.
    ///
    /// * Signed: `{ts}.{body}`, HMAC-SHA256, in `Calendly-Webhook-Signature: t=…,v1=<hex>`. Secret:
    ///   UTF-8, the webhook signing key.
    /// * Id: none that names the delivery as a whole.
    /// * Timestamp: `field:t`; 180 s into the past, as in Calendly's own code, and 300 s into the future.
    /// * An answer within 15 s ([source](https://developer.calendly.com/api-docs/overview/webhooks/webhook-timeouts)).
    calendly: "calendly", "Calendly",
        "https://developer.calendly.com/api-docs/overview/webhooks/webhook-signatures",
        shapes::t_and_signature("calendly-webhook-signature", "v1")
            .tolerance(Some(180), 300)
            .event_type("body:/event"),
        ack_deadline: Some(Duration::from_secs(15));
}
