use std::time::Duration;

use super::providers;
use crate::verify::Scheme;

providers! {
    /// Creates a verifier for Prismic.
    ///
    /// * Signature: none: the provider sends the secret itself in `body:/secret`, so **the body is not
    ///   protected**.
    /// * Secret: the webhook's secret, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/type`, **not signed**.
    /// * Retries: yes, for up to 50 minutes. Prismic retries up to five times, 10 minutes apart, until the
    ///   response is a 200.
    /// * The body contains the secret. Do not log it.
    prismic: "prismic", "Prismic",
        "https://prismic.io/docs/webhooks",
        Scheme::token("body:/secret")
            .event_type("body:/type"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(50 * 60));
}
