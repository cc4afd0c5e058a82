use super::providers;
use crate::verify::{Attempt::Number, Encoding::Hex, Location, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Hub-Signature`, hex after `sha256=`.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `header:x-request-uuid`, **not signed**.
    /// * Event type: `header:x-event-key`, **not signed**.
    /// * `X-Attempt-Number` counts its attempts from 1
    ///   ([source](https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/)).
    bitbucket: "bitbucket", "Bitbucket Cloud",
        "https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/",
        Scheme::hmac_sha256("x-hub-signature", Hex)
            .prefix("sha256=")
            .id("header:x-request-uuid")
            .event_type("header:x-event-key"),
        attempt: Some(|| Number(Location::header("x-attempt-number")));

    /// HMAC-SHA256 of the body in `X-Hub-Signature`, hex after `sha256=`.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `header:x-request-id`, **not signed**.
    /// * Event type: `header:x-event-key`, **not signed**.
    bitbucket_server: "bitbucket-server", "Bitbucket Server / Data Center",
        "https://confluence.atlassian.com/bitbucketserver/manage-webhooks-938025878.html",
        Scheme::hmac_sha256("x-hub-signature", Hex)
            .prefix("sha256=")
            .id("header:x-request-id")
            .event_type("header:x-event-key");
}
