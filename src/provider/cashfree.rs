use super::providers;
use crate::verify::{Encoding::Base64, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Cashfree Payments.
    ///
    /// * Signed: `{ts}{body}`, HMAC-SHA256, in `x-webhook-signature`. Secret: UTF-8.
    /// * Timestamp: `header:x-webhook-timestamp`; any age, and up to 300 s into the future, since
    ///   Cashfree names no limit ([`tolerance`](crate::WebhookLayer::tolerance) sets one).
    /// * Id: none that names the delivery as a whole.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all endpoints of an account
    ///   sign with it.
    cashfree: "cashfree", "Cashfree Payments",
        "https://www.cashfree.com/docs/payments/subscription/webhook-signature",
        Scheme::hmac_sha256("x-webhook-signature", Base64)
            .timestamp("header:x-webhook-timestamp", Milliseconds)
            .tolerance(None, 300)
            .signs("{ts}{body}"),
        shared_secret: true;
}
