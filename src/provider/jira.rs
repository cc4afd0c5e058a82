use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Hub-Signature`, hex after `sha256=`.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `header:x-atlassian-webhook-identifier`, **not signed**.
    /// * Event type: `body:/webhookEvent`, signed.
    /// * [Shared secret](crate::verify::Profile::shared_secret): the sites of an app can share a secret, and ids
    ///   are unique within a site. Sites that share a URL need different [`scope`](crate::WebhookLayer::scope)s.
    jira: "jira", "Jira Cloud",
        "https://developer.atlassian.com/cloud/jira/platform/webhooks/",
        Scheme::hmac_sha256("x-hub-signature", Hex)
            .prefix("sha256=")
            .id("header:x-atlassian-webhook-identifier")
            .event_type("body:/webhookEvent"),
        shared_secret: true;
}
