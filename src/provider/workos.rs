use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// HMAC-SHA256 of `{ts}.{body}` in `Workos-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/event`, signed.
    /// * Timestamp: `field:t`; 180 s into the past and 300 s into the future.
    workos: "workos", "WorkOS",
        "https://github.com/workos/workos-node/blob/HEAD/src/common/crypto/signature-provider.ts",
        Scheme::hmac_sha256("workos-signature", Hex)
            .list(",")
            .pairs("=", ["v1"])
            .timestamp("field:t", Milliseconds)
            .tolerance(Some(180), 300)
            .signs("{ts}.{body}")
            .id("body:/id")
            .event_type("body:/event");
}
