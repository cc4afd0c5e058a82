use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// PagerDuty v3.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-PagerDuty-Signature`. Secret: UTF-8.
    /// * Id: `body:/event/id`, signed.
    pagerduty: "pagerduty", "PagerDuty v3",
        "https://github.com/PagerDuty/developer-docs/blob/HEAD/docs/webhooks/04-Signatures.md",
        Scheme::hmac_sha256("x-pagerduty-signature", Hex)
            .list(",")
            .pairs("=", ["v1"])
            .id("body:/event/id")
            .event_type("body:/event/event_type");
}
