use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Fourthwall.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Fourthwall-Hmac-SHA256`, or for a platform app in
    ///   `X-Fourthwall-Hmac-Apps-SHA256`. Secret: UTF-8.
    /// * Id: `body:/id`, signed ([source](https://docs.fourthwall.com/webhooks/webhook-model)).
    /// * An answer within 2 s, and retries otherwise ([source](https://docs.fourthwall.com/response-retry-policies)).
    fourthwall: "fourthwall", "Fourthwall",
        "https://docs.fourthwall.com/webhooks/signature-verification",
        Scheme::hmac_sha256("x-fourthwall-hmac-sha256", Base64)
            .signature_in(["header:x-fourthwall-hmac-sha256", "header:x-fourthwall-hmac-apps-sha256"])
            .id("body:/id")
            .event_type("body:/type"),
        ack_deadline: Some(Duration::from_secs(2)),
        retries: Some(true);
}
