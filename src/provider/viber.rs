use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Viber.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-viber-content-signature`.
    /// * Secret: the bot's authentication token, as text.
    /// * Delivery id: none; deliveries with equal bodies count as duplicates.
    /// * Event type: `body:/event`, signed.
    /// * Retries: yes, for up to 1 hour ([source](https://developers.viber.com/docs/faq/)).
    /// * When the webhook is set, Viber sends a signed event `webhook`, which the handler receives.
    viber: "viber", "Viber",
        "https://github.com/Viber/viber-bot-python/blob/HEAD/viberbot/api/api.py",
        Scheme::hmac_sha256("x-viber-content-signature", Hex)
            .event_type("body:/event"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(3600)),
        equal_bodies: true;
}
