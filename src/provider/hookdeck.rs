use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Hookdeck-Signature` or `X-Hookdeck-Signature-2`, base64.
    ///
    /// * Secret: the text as it stands.
    /// * Signed content: `{body}`, HMAC-SHA256, in `X-Hookdeck-Signature`, and while a secret is rolled in
    ///   `X-Hookdeck-Signature-2` too.
    /// * Delivery id: `header:x-hookdeck-eventid`, **not signed**.
    hookdeck: "hookdeck", "Hookdeck",
        "https://github.com/hookdeck/webhook-skills/blob/HEAD/skills/hookdeck-event-gateway-webhooks/SKILL.md",
        Scheme::hmac_sha256("x-hookdeck-signature", Base64)
            .signature_in(["header:x-hookdeck-signature", "header:x-hookdeck-signature-2"])
            .id("header:x-hookdeck-eventid");
}
