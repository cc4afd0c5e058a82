use std::time::Duration;

use super::providers;
use crate::verify::Scheme;

providers! {
    /// Creates a verifier for Cloudprinter.com (CloudSignal).
    ///
    /// * Signature: none: the provider sends the secret itself in `body:/apikey`, so **the body is not
    ///   protected**.
    /// * Secret: the webhook's API key, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/type`, **not signed**.
    /// * Retries: yes, for up to 7 days.
    /// * The body contains the secret. Do not log it.
    cloudprinter: "cloudprinter", "Cloudprinter.com (CloudSignal)",
        "https://docs.cloudprinter.com/client/cloudsignal-webhooks-v2-0",
        Scheme::token("body:/apikey")
            .event_type("body:/type"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(7 * 24 * 3600));
}
