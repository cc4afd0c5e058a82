use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Creates a verifier for WorkOS.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `workos-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/event`, signed.
    /// * Timestamp: `field:t`; tolerance 180 s in the past and 300 s in the future.
    /// * Retries: yes, for up to 3 days.
    /// * Deduplication window: 4 days.
    workos: "workos", "WorkOS",
        "https://github.com/workos/workos-node/blob/HEAD/src/common/crypto/signature-provider.ts",
        Scheme::hmac_sha256("workos-signature", Hex)
            .list(",")
            .pairs("=", ["v1"])
            .timestamp("field:t", Milliseconds)
            .tolerance(Some(180), 300)
            .signs("{ts}.{body}")
            .id("body:/id")
            .event_type("body:/event"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(3 * 24 * 3600)),
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600));
}
