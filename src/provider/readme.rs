use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Creates a verifier for ReadMe.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `readme-signature`.
    /// * Secret: the project's secret, as text.
    /// * Delivery id: none. ReadMe requests data about the user whose email address is in the body, and uses the
    ///   response.
    /// * Timestamp: `field:t`; tolerance 1800 s in the past and 300 s in the future.
    readme: "readme", "ReadMe",
        "https://github.com/readmeio/metrics-sdks/blob/HEAD/packages/node/src/lib/verify-webhook.ts",
        Scheme::hmac_sha256("readme-signature", Hex)
            .list(",")
            .pairs("=", ["v0"])
            .timestamp("field:t", Milliseconds)
            .tolerance(Some(1800), 300)
            .signs("{ts}.{body}");
}
