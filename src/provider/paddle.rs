use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Paddle Billing.
    ///
    /// * Signed: `{ts}:{body}`, HMAC-SHA256, in `Paddle-Signature`. Secret: UTF-8.
    /// * Id: `body:/event_id`, signed.
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
