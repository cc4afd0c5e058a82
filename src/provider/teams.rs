use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `Authorization`, base64 after `HMAC `.
    ///
    /// * Secret: base64.
    /// * Delivery id: none. The message's id is its time in milliseconds. Teams waits for each response, and
    ///   never retries.
    /// * Event type: `body:/type`, signed.
    /// * Acknowledge within: 5 s.
    /// * Teams shows the response as the reply, and waits 5 s for it.
    teams -> Result: "teams", "Microsoft Teams (outgoing webhooks)",
        "https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-outgoing-webhook",
        Scheme::hmac_sha256("authorization", Base64)
            .prefix("HMAC ")
            .key_encoding(Base64)
            .event_type("body:/type"),
        ack_deadline: Some(Duration::from_secs(5));
}
