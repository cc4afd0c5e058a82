use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Sentry.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `sentry-hook-signature`.
    /// * Secret: the client secret, as text.
    /// * Delivery id: `header:request-id`, **not signed**.
    /// * Event type: `header:sentry-hook-resource`, **not signed**.
    /// * Timestamp: none. The layer ignores `Sentry-Hook-Timestamp`, because it is not signed.
    /// * Acknowledge within: 1 s ([source](https://docs.sentry.io/integrations/integration-platform/webhooks/)).
    sentry: "sentry", "Sentry",
        "https://docs.sentry.io/integrations/integration-platform/webhooks/",
        Scheme::hmac_sha256("sentry-hook-signature", Hex)
            .id("header:request-id")
            .event_type("header:sentry-hook-resource"),
        ack_deadline: Some(Duration::from_secs(1));
}
