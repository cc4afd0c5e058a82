use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Snyk.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Hub-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Snyk-Transport-ID`, **not signed**.
    /// * Event type: `header:X-Snyk-Event`, **not signed**.
    snyk: "snyk", "Snyk",
        "https://github.com/snyk/user-docs/blob/HEAD/docs/snyk-api-info/snyk-webhooks/tutorial.md",
        Scheme::hmac_sha256("x-hub-signature", Hex)
            .prefix("sha256=")
            .id("header:x-snyk-transport-id")
            .event_type("header:x-snyk-event");
}
