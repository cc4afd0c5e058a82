use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Mux.
    ///
    /// * Signed: `{ts}.{body}`, HMAC-SHA256, in `Mux-Signature`. Secret: UTF-8.
    /// * Id: `body:/id`, signed.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    mux, try_mux: "mux", "Mux",
        "https://github.com/muxinc/mux-node-sdk/blob/HEAD/src/resources/webhooks/webhooks.ts",
        Scheme::hmac_sha256("mux-signature", Hex)
            .list(",")
            .pairs("=", ["v1"])
            .timestamp("field:t", Seconds)
            .tolerance(Some(300), 300)
            .signs("{ts}.{body}")
            .id("body:/id")
            .event_type("body:/type");
}
