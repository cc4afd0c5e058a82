use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Creates a verifier for Zero Hash.
    ///
    /// * Signature: HMAC-SHA256 of `{body}{ts}`, as hex in `x-zh-hook-signature`.
    /// * Secret: the secret that Zero Hash issues, as text.
    /// * Delivery id: `header:x-zh-hook-notification-id`, **not signed**.
    /// * Event type: `header:x-zh-hook-payload-type`, **not signed**.
    /// * Timestamp: `header:x-zh-hook-timestamp`; tolerance 300 s.
    /// * Retries: yes ([source](https://docs.zerohash.com/reference/overview)).
    /// * Not covered: the header `X-Zh-Hook-Signature-256`, which does not cover the timestamp, and the RSA
    ///   signatures.
    zerohash: "zerohash", "Zero Hash",
        "https://docs.zerohash.com/reference/webhook-security",
        Scheme::hmac_sha256("x-zh-hook-signature", Hex)
            .timestamp("header:x-zh-hook-timestamp", Milliseconds)
            .signs("{body}{ts}")
            .id("header:x-zh-hook-notification-id")
            .event_type("header:x-zh-hook-payload-type"),
        retries: Some(true);
}
