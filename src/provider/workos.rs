use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// WorkOS.
    ///
    /// * Signed: `{ts}.{body}`, HMAC-SHA256, in `WorkOS-Signature`. Secret: UTF-8.
    /// * Id: `body:/id`, signed.
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
