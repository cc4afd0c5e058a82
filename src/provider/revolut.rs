use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Creates a verifier for Revolut.
    ///
    /// * Signature: HMAC-SHA256 of `v1.{ts}.{body}`, as hex in `revolut-signature`.
    /// * Secret: the webhook's signing secret, as text including `wsk_`.
    /// * Delivery id: none. Deliveries with equal bodies do not count as duplicates, because events of the
    ///   Merchant API contain no time.
    /// * Event type: `body:/event`, signed.
    /// * Timestamp: `header:revolut-request-timestamp`; tolerance 300 s.
    /// * Retries: yes, for up to 30 minutes
    ///   ([source](https://developer.revolut.com/docs/business/webhooks-v-2)).
    revolut: "revolut", "Revolut",
        "https://developer.revolut.com/docs/guides/manage-accounts/webhooks/verify-the-payload-signature",
        Scheme::hmac_sha256("revolut-signature", Hex)
            .list(",")
            .pairs("=", ["v1"])
            .timestamp("header:revolut-request-timestamp", Milliseconds)
            .signs("v1.{ts}.{body}")
            .event_type("body:/event"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(30 * 60));
}
