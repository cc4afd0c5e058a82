use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Lemon Squeezy.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: none.
    /// * Event type: `body:/meta/event_name`, signed.
    /// * Retries: yes, for up to 3 minutes.
    lemonsqueezy: "lemonsqueezy", "Lemon Squeezy",
        "https://github.com/lmsqueezy/nextjs-billing/blob/HEAD/src/app/api/webhook/route.ts",
        Scheme::hmac_sha256("x-signature", Hex)
            .event_type("body:/meta/event_name"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(3 * 60));
}
