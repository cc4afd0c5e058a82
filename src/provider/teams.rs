use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Microsoft Teams (outgoing webhooks).
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 with the prefix `HMAC ` in `authorization`.
    /// * Secret: base64.
    /// * Delivery id: none. The message's id is its time in milliseconds, so the id is not unique. Teams never
    ///   retries.
    /// * Event type: `body:/type`, signed.
    /// * Acknowledge within: 5 s.
    /// * Teams displays the handler's response as the reply.
    teams -> Result: "teams", "Microsoft Teams (outgoing webhooks)",
        "https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-outgoing-webhook",
        Scheme::hmac_sha256("authorization", Base64)
            .prefix("HMAC ")
            .key_encoding(Base64)
            .event_type("body:/type"),
        ack_deadline: Some(Duration::from_secs(5));
}
