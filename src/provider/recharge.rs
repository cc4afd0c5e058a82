use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Recharge.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `x-recharge-webhook-signature`.
    /// * Secret: the API client secret, as text.
    /// * Delivery id: none.
    /// * Timestamp: `field:t`; tolerance 172800 s in the past and 300 s in the future.
    /// * Retries: yes, for up to 2 days.
    /// * Acknowledge within: 5 s.
    /// * Not covered: the legacy header `X-Recharge-Hmac-Sha256`, a plain SHA-256 of the secret and the body.
    /// * Recharge recommends the tolerance of 48 hours.
    recharge: "recharge", "Recharge",
        "https://github.com/hookdeck/webhook-skills/blob/HEAD/skills/recharge-webhooks/SKILL.md",
        Scheme::hmac_sha256("x-recharge-webhook-signature", Hex)
            .list(",")
            .pairs("=", ["v1"])
            .timestamp("field:t", Seconds)
            .tolerance(Some(48 * 3600), 300)
            .signs("{ts}.{body}"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(48 * 3600)),
        ack_deadline: Some(Duration::from_secs(5));
}
