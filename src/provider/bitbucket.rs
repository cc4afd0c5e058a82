use super::providers;
use crate::verify::{Attempt::Number, Encoding::Hex, Location, Scheme};

providers! {
    /// Bitbucket Cloud.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Hub-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Request-UUID`, **not signed**.
    /// * Event type: `header:X-Event-Key`, **not signed**.
    /// * `X-Attempt-Number` counts its attempts from 1
    ///   ([source](https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/)).
    bitbucket: "bitbucket", "Bitbucket Cloud",
        "https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/",
        Scheme::hmac_sha256("x-hub-signature", Hex)
            .prefix("sha256=")
            .id("header:x-request-uuid")
            .event_type("header:x-event-key"),
        attempt: Some(|| Number(Location::header("x-attempt-number")));

    /// Bitbucket Server / Data Center.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Hub-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Request-Id`, **not signed**.
    /// * Event type: `header:X-Event-Key`, **not signed**.
    bitbucket_server: "bitbucket-server", "Bitbucket Server / Data Center",
        "https://confluence.atlassian.com/bitbucketserver/manage-webhooks-938025878.html",
        Scheme::hmac_sha256("x-hub-signature", Hex)
            .prefix("sha256=")
            .id("header:x-request-id")
            .event_type("header:x-event-key");
}
