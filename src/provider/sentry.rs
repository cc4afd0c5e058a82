use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Sentry.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `sentry-hook-signature` or `sentry-app-signature`.
    /// * Secret: the client secret, as text.
    /// * Delivery id: none. Deliveries with equal bodies do not count as duplicates, because different events
    ///   can have equal bodies.
    /// * Event type: `header:sentry-hook-resource`, **not signed**.
    /// * Timestamp: none. The layer ignores `Sentry-Hook-Timestamp`, because it is not signed.
    /// * Retries: yes.
    /// * Acknowledge within: 1 s ([source](https://docs.sentry.io/integrations/integration-platform/webhooks/)).
    sentry: "sentry", "Sentry",
        "https://docs.sentry.io/integrations/integration-platform/webhooks/",
        Scheme::hmac_sha256("sentry-hook-signature", Hex)
            .signature_in(["header:sentry-hook-signature", "header:sentry-app-signature"])
            .event_type("header:sentry-hook-resource"),
        ack_deadline: Some(Duration::from_secs(1)),
        retries: Some(true);
}
