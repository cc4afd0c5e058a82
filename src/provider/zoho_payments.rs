use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Creates a verifier for Zoho Payments.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `x-zoho-webhook-signature`.
    /// * Secret: the webhook's signing key, as text.
    /// * Delivery id: `body:/event_id`, signed.
    /// * Event type: `body:/event_type`, signed.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * Retries: yes.
    /// * Acknowledge within: 15 s.
    zoho_payments: "zoho-payments", "Zoho Payments",
        "https://www.zoho.com/us/payments/developerdocs/webhooks/verification/",
        Scheme::hmac_sha256("x-zoho-webhook-signature", Hex)
            .list(",")
            .pairs("=", ["v"])
            .timestamp("field:t", Milliseconds)
            .signs("{ts}.{body}")
            .id("body:/event_id")
            .event_type("body:/event_type"),
        retries: Some(true),
        ack_deadline: Some(Duration::from_secs(15));
}
