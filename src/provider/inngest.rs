use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// HMAC-SHA256 of `{body}{ts}` in `X-Inngest-Signature`, hex.
    ///
    /// * Secret: the text as it stands, without its `signkey-prod-`, `signkey-test-` or `signkey-branch-`.
    /// * Delivery id: none.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    inngest -> Result: "inngest", "Inngest",
        "https://github.com/inngest/inngest-js/blob/HEAD/packages/inngest/src/helpers/net.ts",
        Scheme::hmac_sha256("x-inngest-signature", Hex)
            .key_prefix("signkey-prod-")
            .key_prefix("signkey-test-")
            .key_prefix("signkey-branch-")
            .list("&")
            .pairs("=", ["s"])
            .timestamp("field:t", Seconds)
            .signs("{body}{ts}");
}
