use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// HMAC-SHA256 of `{body}{ts}` in `X-Retell-Signature`, hex.
    ///
    /// * Secret: API key.
    /// * Delivery id: none. The events of a call share its `call_id`.
    /// * Event type: `body:/event`, signed.
    /// * Timestamp: `field:v`; 300 s into the past and 300 s into the future. In milliseconds.
    retell: "retell", "Retell AI",
        "https://github.com/RetellAI/retell-typescript-sdk/blob/HEAD/src/lib/webhook_auth.ts",
        Scheme::hmac_sha256("x-retell-signature", Hex)
            .list(",")
            .pairs("=", ["d"])
            .timestamp("field:v", Milliseconds)
            .signs("{body}{ts}")
            .event_type("body:/event");
}
