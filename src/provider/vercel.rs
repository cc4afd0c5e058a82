use std::time::Duration;

use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Vercel.
    ///
    /// * Signature: HMAC-SHA1 of the body, as hex in `x-vercel-signature`.
    /// * Secret: the webhook's secret or, for an integration, its client secret, as text.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Retries: yes, for up to 1 day.
    /// * Acknowledge within: 30 s.
    vercel: "vercel", "Vercel",
        "https://github.com/vercel/example-marketplace-integration/blob/HEAD/app/webhook/route.ts",
        Scheme::new(HmacSha1, "x-vercel-signature", Hex)
            .id("body:/id")
            .event_type("body:/type"),
        ack_deadline: Some(Duration::from_secs(30)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(24 * 3600));
}
