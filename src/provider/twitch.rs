use super::{
    handshake::{Handshake, echo, short_body},
    providers,
};
use crate::verify::{Attempt::Retries, Encoding::Hex, Location, Scheme, TimeUnit::Rfc3339, scan};

providers! {
    /// Creates a verifier for Twitch EventSub.
    ///
    /// * Signature: HMAC-SHA256 of `{header:twitch-eventsub-message-id}{ts}{body}`, as hex with the prefix
    ///   `sha256=` in `twitch-eventsub-message-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:twitch-eventsub-message-id`, signed.
    /// * Event type: `body:/subscription/type`, signed.
    /// * Timestamp: `header:twitch-eventsub-message-timestamp`; tolerance 600 s.
    /// * Retries: yes.
    /// * Handshake: a signed request of type `webhook_callback_verification`. The layer echoes the request's
    ///   challenge ([source](https://dev.twitch.tv/docs/eventsub/handling-webhook-events/)).
    /// * Not covered: `Twitch-Eventsub-Message-Type`, `Twitch-Eventsub-Subscription-Type` and the other headers.
    ///   Use `subscription.type` and `subscription.status` in the body instead.
    /// * `Twitch-Eventsub-Message-Retry` is the number of retries, starting at 0, according to Twitch's
    ///   command-line tool
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
        handshake: Some(HANDSHAKE),
        retries: Some(true);
}

/// Twitch's handshake: a message of type `webhook_callback_verification`, whose challenge the layer echoes.
const HANDSHAKE: Handshake = Handshake {
    signed: |request, body| {
        let kind = request.header("twitch-eventsub-message-type")?;
        (kind == "webhook_callback_verification")
            .then(|| echo(&scan(short_body(body)?, "/challenge")?))
            .flatten()
    },
    ..Handshake::NONE
};
