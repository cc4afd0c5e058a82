use std::time::Duration;

use super::providers;
use crate::verify::{Attempt::Number, Encoding::Base64, Location, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Creates a verifier for Cashfree Payments.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}{body}`, as base64 in `x-webhook-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:x-idempotency-key` or `header:x-idempotency-header`, **not signed**.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:x-webhook-timestamp`; any age unless the layer has a
    ///   [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future. Cashfree documents no
    ///   maximum age.
    /// * Retries: yes, for up to 42 minutes. Cashfree retries three times, with delays of 2, 10 and 30 minutes
    ///   ([source](https://www.cashfree.com/docs/api-reference/webhooks/reliability-and-operations)).
    /// * [Shared secret](crate::verify::Profile::shared_secret): all endpoints of an account share the secret.
    cashfree: "cashfree", "Cashfree Payments",
        "https://www.cashfree.com/docs/payments/subscription/webhook-signature",
        Scheme::hmac_sha256("x-webhook-signature", Base64)
            .timestamp("header:x-webhook-timestamp", Milliseconds)
            .tolerance(None, 300)
            .signs("{ts}{body}")
            .id(["header:x-idempotency-key", "header:x-idempotency-header"])
            .event_type("body:/type"),
        attempt: Some(|| Number(Location::header("x-webhook-attempt"))),
        shared_secret: true,
        retries: Some(true),
        retry_period: Some(Duration::from_secs(42 * 60));
}
