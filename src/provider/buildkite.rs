use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Buildkite.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `x-buildkite-signature`.
    /// * Secret: the webhook token, as text.
    /// * Delivery id: `header:x-buildkite-request`, **not signed**.
    /// * Event type: `body:/event`, signed.
    /// * Timestamp: `field:timestamp`; tolerance 300 s.
    buildkite: "buildkite", "Buildkite",
        "https://github.com/buildkite/docs/blob/HEAD/pages/apis/webhooks/_verifying_hmac_signatures.md",
        Scheme::hmac_sha256("x-buildkite-signature", Hex)
            .list(",")
            .pairs("=", ["signature"])
            .timestamp("field:timestamp", Seconds)
            .signs("{ts}.{body}")
            .id("header:x-buildkite-request")
            .event_type("body:/event");

    /// Creates a verifier for Buildkite (token).
    ///
    /// * Signature: none: the provider sends the secret itself in `x-buildkite-token`, so **the body is not
    ///   protected**.
    /// * Secret: the webhook's token, as text. Depending on the webhook's configuration, Buildkite sends the
    ///   token or a signature. Prefer the signature: see [`buildkite`].
    /// * Delivery id: `header:x-buildkite-request`, **not signed**.
    /// * Event type: `body:/event`, **not signed**.
    buildkite_token: "buildkite-token", "Buildkite (token)",
        "https://github.com/buildkite/docs/blob/HEAD/pages/apis/webhooks/_webhook_token.md",
        Scheme::token("x-buildkite-token")
            .id("header:x-buildkite-request")
            .event_type("body:/event");
}
