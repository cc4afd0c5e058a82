use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `Circleci-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    circleci: "circleci", "CircleCI",
        "https://github.com/circleci/circleci-docs/blob/HEAD/docs/guides/modules/integration/pages/outbound-webhooks.adoc",
        Scheme::hmac_sha256("circleci-signature", Hex)
            .list(",")
            .pairs("=", ["v1"])
            .id("body:/id")
            .event_type("body:/type");
}
