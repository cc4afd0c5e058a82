use super::providers;
use crate::verify::{Encoding::Base64, Scheme, TimeUnit::Milliseconds};

providers! {
    /// HMAC-SHA256 of `{ts}{body}` in `X-Webhook-Signature`, base64.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none.
    /// * Timestamp: `header:x-webhook-timestamp`; any age and 300 s into the future. Cashfree documents no
    ///   limit; set one with [`tolerance`](crate::WebhookLayer::tolerance).
    /// * [Shared secret](crate::verify::Profile::shared_secret): all endpoints of an account share it.
    cashfree: "cashfree", "Cashfree Payments",
        "https://www.cashfree.com/docs/payments/subscription/webhook-signature",
        Scheme::hmac_sha256("x-webhook-signature", Base64)
            .timestamp("header:x-webhook-timestamp", Milliseconds)
            .tolerance(None, 300)
            .signs("{ts}{body}"),
        shared_secret: true;
}
