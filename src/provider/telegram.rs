use std::time::Duration;

use super::providers;
use crate::verify::Scheme;

providers! {
    /// Creates a verifier for Telegram Bot API.
    ///
    /// * Signature: none: the provider sends the secret itself in `x-telegram-bot-api-secret-token`, so **the
    ///   body is not protected**.
    /// * Secret: text, not decoded.
    /// * Delivery id: `body:/update_id`, **not signed**.
    /// * Retries: yes, for up to 1 day ([source](https://core.telegram.org/bots/api#getting-updates)).
    /// * Acknowledge within: 60 s.
    /// * [Shared secret](crate::verify::Profile::shared_secret): bots can share a secret, but ids are unique
    ///   only within a bot. Use a different path or [`scope`](crate::WebhookLayer::scope) for each bot.
    telegram: "telegram", "Telegram Bot API",
        "https://github.com/tdlib/telegram-bot-api/blob/HEAD/telegram-bot-api/WebhookActor.cpp",
        Scheme::token("x-telegram-bot-api-secret-token")
            .id("body:/update_id"),
        shared_secret: true,
        retries: Some(true),
        retry_period: Some(Duration::from_secs(24 * 3600)),
        ack_deadline: Some(Duration::from_secs(60));
}
