use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Buildkite.
    ///
    /// * Signed: `{ts}.{body}`, HMAC-SHA256, in `X-Buildkite-Signature`. Secret: UTF-8 webhook
    ///   token.
    /// * Id: `header:X-Buildkite-Request`, **not signed**.
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
