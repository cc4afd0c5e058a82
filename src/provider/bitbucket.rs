use super::providers;
use crate::verify::{Attempt::Number, Encoding::Hex, Location, Scheme};

providers! {
    /// Creates a verifier for Bitbucket Cloud.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-hub-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:x-request-uuid`, **not signed**.
    /// * Event type: `header:x-event-key`, **not signed**.
    /// * `X-Attempt-Number` is the number of the attempt, starting at 1
    ///   ([source](https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/)).
    bitbucket: "bitbucket", "Bitbucket Cloud",
        "https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/",
        Scheme::hmac_sha256("x-hub-signature", Hex)
            .prefix("sha256=")
            .id("header:x-request-uuid")
            .event_type("header:x-event-key"),
        attempt: Some(|| Number(Location::header("x-attempt-number")));

    /// Creates a verifier for Bitbucket Server / Data Center.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-hub-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:x-request-id`, **not signed**.
    /// * Event type: `header:x-event-key`, **not signed**.
    bitbucket_server: "bitbucket-server", "Bitbucket Server / Data Center",
        "https://confluence.atlassian.com/bitbucketserver/manage-webhooks-938025878.html",
        Scheme::hmac_sha256("x-hub-signature", Hex)
            .prefix("sha256=")
            .id("header:x-request-id")
            .event_type("header:x-event-key");
}
