use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Fourthwall-Hmac-Sha256` or `X-Fourthwall-Hmac-Apps-Sha256`, base64.
    ///
    /// * Secret: the text as it stands.
    /// * Signed content: `{body}`, HMAC-SHA256, in `X-Fourthwall-Hmac-SHA256`, or for a platform app in
    ///   `X-Fourthwall-Hmac-Apps-SHA256`.
    /// * Delivery id: `body:/id`, signed. ([source](https://docs.fourthwall.com/webhooks/webhook-model)).
    /// * Event type: `body:/type`, signed.
    /// * Retries: yes.
    /// * Acknowledge within: 2 s. Retries otherwise
    ///   ([source](https://docs.fourthwall.com/response-retry-policies)).
    fourthwall: "fourthwall", "Fourthwall",
        "https://docs.fourthwall.com/webhooks/signature-verification",
        Scheme::hmac_sha256("x-fourthwall-hmac-sha256", Base64)
            .signature_in(["header:x-fourthwall-hmac-sha256", "header:x-fourthwall-hmac-apps-sha256"])
            .id("body:/id")
            .event_type("body:/type"),
        ack_deadline: Some(Duration::from_secs(2)),
        retries: Some(true);
}
