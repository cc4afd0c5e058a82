use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Snyk.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-hub-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:x-snyk-transport-id`, **not signed**.
    /// * Event type: `header:x-snyk-event`, **not signed**.
    snyk: "snyk", "Snyk",
        "https://github.com/snyk/user-docs/blob/HEAD/docs/snyk-api-info/snyk-webhooks/tutorial.md",
        Scheme::hmac_sha256("x-hub-signature", Hex)
            .prefix("sha256=")
            .id("header:x-snyk-transport-id")
            .event_type("header:x-snyk-event");
}
