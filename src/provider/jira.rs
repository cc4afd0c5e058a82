use std::time::Duration;

use super::providers;
use crate::verify::{Attempt, Encoding::Hex, Location, Scheme};

providers! {
    /// Creates a verifier for Jira Cloud.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-hub-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:x-atlassian-webhook-identifier`, **not signed**.
    /// * Event type: `body:/webhookEvent`, signed.
    /// * Retries: yes, for up to 75 minutes
    ///   ([source](https://developer.atlassian.com/cloud/jira/platform/webhooks/#retry-policy)).
    /// * [Shared secret](crate::verify::Profile::shared_secret): the sites of an app can share a secret, but ids
    ///   are unique only within a site. Set a different [`scope`](crate::WebhookLayer::scope) for each site.
    jira: "jira", "Jira Cloud",
        "https://developer.atlassian.com/cloud/jira/platform/webhooks/",
        Scheme::hmac_sha256("x-hub-signature", Hex)
            .prefix("sha256=")
            .id("header:x-atlassian-webhook-identifier")
            .event_type("body:/webhookEvent"),
        shared_secret: true,
        retries: Some(true),
        retry_period: Some(Duration::from_secs(75 * 60)),
        attempt: Some(|| Attempt::Retries(Location::header("x-atlassian-webhook-retry")));
}
