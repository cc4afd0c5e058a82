use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// HMAC-SHA256 of `{ts}:{body}` in `Paddle-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `body:/event_id`, signed.
    /// * Event type: `body:/event_type`, signed.
    /// * Timestamp: `field:ts`; 5 s into the past and 300 s into the future.
    paddle: "paddle", "Paddle Billing",
        "https://github.com/PaddleHQ/paddle-go-sdk/blob/HEAD/webhook_verifier_test.go",
        Scheme::hmac_sha256("paddle-signature", Hex)
            .list(";")
            .pairs("=", ["h1"])
            .timestamp("field:ts", Seconds)
            .tolerance(Some(5), 300)
            .signs("{ts}:{body}")
            .id("body:/event_id")
            .event_type("body:/event_type");
}
