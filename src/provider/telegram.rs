use super::providers;
use crate::verify::Scheme;

providers! {
    /// The secret itself in `X-Telegram-Bot-Api-Secret-Token`.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `body:/update_id`, **not signed**.
    /// * Retries: yes.
    /// * The secret itself is sent in `X-Telegram-Bot-Api-Secret-Token`: **it does not protect the body**.
    /// * [Shared secret](crate::verify::Profile::shared_secret): bots can share a secret, and each counts its
    ///   own ids.
    telegram: "telegram", "Telegram Bot API",
        "https://github.com/tdlib/telegram-bot-api/blob/HEAD/telegram-bot-api/WebhookActor.cpp",
        Scheme::token("x-telegram-bot-api-secret-token")
            .id("body:/update_id"),
        shared_secret: true,
        retries: Some(true);
}
