use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Todoist.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-todoist-hmac-sha256`.
    /// * Secret: the app's client secret, as text.
    /// * Delivery id: `header:x-todoist-delivery-id`, **not signed**.
    /// * Event type: `body:/event_name`, signed.
    /// * Retries: yes, for up to 45 minutes.
    todoist: "todoist", "Todoist",
        "https://doist.github.io/todoist-sdk-typescript/api/functions/verifyWebhookSignature",
        Scheme::hmac_sha256("x-todoist-hmac-sha256", Base64)
            .id("header:x-todoist-delivery-id")
            .event_type("body:/event_name"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(45 * 60));
}
