use super::providers;
use crate::verify::{Attempt, Encoding::Base64, Location, Scheme};

providers! {
    /// Creates a verifier for Hookdeck.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-hookdeck-signature` or `x-hookdeck-signature-2`.
    /// * Secret: text, not decoded.
    /// * Signed content: `{body}`. During a secret rotation, Hookdeck also sends `x-hookdeck-signature-2`.
    /// * Delivery id: `header:x-hookdeck-eventid`, **not signed**.
    /// * Retries: yes.
    hookdeck: "hookdeck", "Hookdeck",
        "https://github.com/hookdeck/webhook-skills/blob/HEAD/skills/hookdeck-event-gateway-webhooks/SKILL.md",
        Scheme::hmac_sha256("x-hookdeck-signature", Base64)
            .signature_in(["header:x-hookdeck-signature", "header:x-hookdeck-signature-2"])
            .id("header:x-hookdeck-eventid"),
        retries: Some(true),
        attempt: Some(|| Attempt::Number(Location::header("x-hookdeck-attempt-count")));
}
