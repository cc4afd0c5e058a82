use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Sentry.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `Sentry-Hook-Signature`. Secret: UTF-8 client secret.
    /// * Id: `header:Request-ID`, **not signed**. Nor is `Sentry-Hook-Timestamp`, which therefore
    ///   is not looked at.
    /// * Event type: `header:Sentry-Hook-Resource`, **not signed**.
    /// * An answer within 1 s ([source](https://docs.sentry.io/integrations/integration-platform/webhooks/)).
    sentry: "sentry", "Sentry",
        "https://docs.sentry.io/integrations/integration-platform/webhooks/",
        Scheme::hmac_sha256("sentry-hook-signature", Hex)
            .id("header:request-id")
            .event_type("header:sentry-hook-resource"),
        ack_deadline: Some(Duration::from_secs(1));
}
