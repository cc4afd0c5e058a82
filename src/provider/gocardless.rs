use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for GoCardless.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `webhook-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `body:/meta/webhook_id`, signed.
    /// * Retries: yes.
    /// * Acknowledge within: 10 s.
    /// * Batches: one body can carry several events
    ///   ([source](https://developer.gocardless.com/partners/webhooks-for-partners)).
    gocardless: "gocardless", "GoCardless",
        "https://github.com/gocardless/gocardless-pro-python/blob/HEAD/tests/webhooks_test.py",
        Scheme::hmac_sha256("webhook-signature", Hex)
            .id("body:/meta/webhook_id"),
        batch: true,
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true);
}
