use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Lemon Squeezy.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: none.
    /// * Event type: `body:/meta/event_name`, signed.
    /// * Retries: yes.
    lemonsqueezy: "lemonsqueezy", "Lemon Squeezy",
        "https://github.com/lmsqueezy/nextjs-billing/blob/HEAD/src/app/api/webhook/route.ts",
        Scheme::hmac_sha256("x-signature", Hex)
            .event_type("body:/meta/event_name"),
        retries: Some(true);
}
