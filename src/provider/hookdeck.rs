use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Hookdeck.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Hookdeck-Signature`, and while a secret is rolled in
    ///   `X-Hookdeck-Signature-2` too. Secret: UTF-8.
    /// * Id: `header:X-Hookdeck-Eventid`, **not signed**.
    hookdeck: "hookdeck", "Hookdeck",
        "https://github.com/hookdeck/webhook-skills/blob/HEAD/skills/hookdeck-event-gateway-webhooks/SKILL.md",
        Scheme::hmac_sha256("x-hookdeck-signature", Base64)
            .signature_in(["header:x-hookdeck-signature", "header:x-hookdeck-signature-2"])
            .id("header:x-hookdeck-eventid");
}
