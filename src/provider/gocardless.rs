use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `Webhook-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `body:/meta/webhook_id`, signed.
    /// * Batches: one body can carry several events.
    ///   ([Source](https://developer.gocardless.com/partners/webhooks-for-partners)).
    gocardless: "gocardless", "GoCardless",
        "https://github.com/gocardless/gocardless-pro-python/blob/HEAD/tests/webhooks_test.py",
        Scheme::hmac_sha256("webhook-signature", Hex)
            .id("body:/meta/webhook_id"),
        batch: true;
}
