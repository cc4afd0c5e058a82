use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Modern Treasury.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Webhook-Id`, **not signed**.
    /// * Event type: `header:X-Topic`, **not signed**.
    modern_treasury: "modern-treasury", "Modern Treasury",
        "https://github.com/Modern-Treasury/modern-treasury-python/blob/HEAD/tests/api_resources/test_webhooks.py",
        Scheme::hmac_sha256("x-signature", Hex)
            .id("header:x-webhook-id")
            .event_type("header:x-topic");
}
