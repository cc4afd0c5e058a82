use super::{
    handshake::{Handshake, echo, short_body},
    providers,
};
use crate::verify::{Attempt::Retries, Encoding::Hex, Location, Scheme, TimeUnit::Rfc3339, scan};

providers! {
    /// HMAC-SHA256 of `{header:twitch-eventsub-message-id}{ts}{body}` in `Twitch-Eventsub-Message-Signature`,
    /// hex after `sha256=`.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `header:twitch-eventsub-message-id`, signed.
    /// * Event type: `body:/subscription/type`, signed.
    /// * Timestamp: `header:twitch-eventsub-message-timestamp`; 600 s into the past and 600 s into the future.
    /// * Handshake: the signed `webhook_callback_verification`, whose challenge is echoed
    ///   ([source](https://dev.twitch.tv/docs/eventsub/handling-webhook-events/)).
    /// * Not covered: `Twitch-Eventsub-Message-Type`, `Twitch-Eventsub-Subscription-Type` and the other headers.
    ///   Use `subscription.type` and `subscription.status` in the body instead.
    /// * `Twitch-Eventsub-Message-Retry` counts the retries from 0, according to Twitch's command-line tool
    ///   ([source](https://github.com/twitchdev/twitch-cli/blob/HEAD/internal/events/trigger/forward_event.go)).
    twitch: "twitch", "Twitch EventSub",
        "https://github.com/twitchdev/twitch-cli/blob/HEAD/internal/events/trigger/forward_event.go",
        Scheme::hmac_sha256("twitch-eventsub-message-signature", Hex)
            .prefix("sha256=")
            .timestamp("header:twitch-eventsub-message-timestamp", Rfc3339)
            .tolerance(Some(600), 600)
            .signs("{header:twitch-eventsub-message-id}{ts}{body}")
            .id("header:twitch-eventsub-message-id")
            .event_type("body:/subscription/type"),
        attempt: Some(|| Retries(Location::header("twitch-eventsub-message-retry"))),
        handshake: Some(HANDSHAKE);
}

/// Twitch: a message of the type `webhook_callback_verification`, whose challenge is echoed.
const HANDSHAKE: Handshake = Handshake {
    signed: |request, body| {
        let kind = request.header("twitch-eventsub-message-type")?;
        (kind == "webhook_callback_verification")
            .then(|| echo(&scan(short_body(body)?, "/challenge")?))
            .flatten()
    },
    ..Handshake::NONE
};
