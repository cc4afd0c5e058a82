use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Inngest.
    ///
    /// * Signature: HMAC-SHA256 of `{body}{ts}`, as hex in `x-inngest-signature`.
    /// * Secret: the signing key, as text, with or without its prefix `signkey-prod-`, `signkey-test-` or
    ///   `signkey-branch-`.
    /// * Signed content: Inngest signs the canonical form of the body's JSON (RFC 8785). With the feature
    ///   `canonical-json`, the layer also accepts a body of up to 256 KiB that arrives in another form, and its
    ///   canonical form is the payload. A larger body must arrive in its canonical form. Without the feature,
    ///   every body must arrive in its canonical form.
    /// * Delivery id: none.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * Body limit: 4 MiB.
    inngest -> Result: "inngest", "Inngest",
        "https://github.com/inngest/inngest-js/blob/HEAD/packages/inngest/src/helpers/net.ts",
        Scheme::hmac_sha256("x-inngest-signature", Hex)
            .key_prefix("signkey-prod-")
            .key_prefix("signkey-test-")
            .key_prefix("signkey-branch-")
            .list("&")
            .pairs("=", ["s"])
            .timestamp("field:t", Seconds)
            .signs("{body}{ts}"),
        canonical_json: true,
        body_limit: Some(4 * 1024 * 1024);
}
