use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Retell AI.
    ///
    /// * Signed: `{body}{ts}`, HMAC-SHA256, in `x-retell-signature: v=…,d=<hex>`. Secret: UTF-8 API
    ///   key.
    /// * Id: none; the events of a call share its `call_id`.
    /// * Timestamp: `field:v`, in milliseconds; 300 s into the past and 300 s into the future.
    retell: "retell", "Retell AI",
        "https://github.com/RetellAI/retell-typescript-sdk/blob/HEAD/src/lib/webhook_auth.ts",
        Scheme::hmac_sha256("x-retell-signature", Hex)
            .list(",")
            .pairs("=", ["d"])
            .timestamp("field:v", Milliseconds)
            .signs("{body}{ts}")
            .event_type("body:/event");
}
