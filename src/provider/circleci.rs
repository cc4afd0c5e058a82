use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// CircleCI.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `circleci-signature`. Secret: UTF-8.
    /// * Id: `body:/id`, signed.
    circleci: "circleci", "CircleCI",
        "https://github.com/circleci/circleci-docs/blob/HEAD/docs/guides/modules/integration/pages/outbound-webhooks.adoc",
        Scheme::hmac_sha256("circleci-signature", Hex)
            .list(",")
            .pairs("=", ["v1"])
            .id("body:/id")
            .event_type("body:/type");
}
