use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// HMAC-SHA256 of `{ts}.{body}` in `X-Buildkite-Signature`, hex.
    ///
    /// * Secret: the webhook token, as text.
    /// * Delivery id: `header:x-buildkite-request`, **not signed**.
    /// * Event type: `body:/event`, signed.
    /// * Timestamp: `field:timestamp`; 300 s into the past and 300 s into the future.
    buildkite: "buildkite", "Buildkite",
        "https://github.com/buildkite/docs/blob/HEAD/pages/apis/webhooks/_verifying_hmac_signatures.md",
        Scheme::hmac_sha256("x-buildkite-signature", Hex)
            .list(",")
            .pairs("=", ["signature"])
            .timestamp("field:timestamp", Seconds)
            .signs("{ts}.{body}")
            .id("header:x-buildkite-request")
            .event_type("body:/event");
}
