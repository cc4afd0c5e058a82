use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Inngest.
    ///
    /// * Signed: `{body}{ts}`, HMAC-SHA256, in `x-inngest-signature: t=…&s=<hex>`. Secret: UTF-8,
    ///   without its `signkey-prod-`, `signkey-test-` or `signkey-branch-`.
    /// * Id: none that names the delivery as a whole.
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
