use super::{handshake::REACHABLE, providers};
use crate::verify::{Algorithm::HmacSha1, Encoding::Base64, Scheme};

providers! {
    /// HMAC-SHA1 of `{body}{url}` in `X-Trello-Webhook`, base64.
    ///
    /// * Secret: OAuth secret. The body must be a JSON object, and the URL without `}` and `]`: the bounds
    ///   between the two would be ambiguous otherwise.
    /// * Delivery id: none. All webhooks of an app that see an action share its `action.id`. With a single
    ///   webhook, or together with the URL, that id is a key for [`dedupe_by`](crate::WebhookLayer::dedupe_by).
    /// * Event type: `body:/action/type`, signed.
    /// * Handshake: `HEAD`, which is answered 200.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an app share it.
    trello: "trello", "Trello",
        "https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/",
        Scheme::new(HmacSha1, "x-trello-webhook", Base64)
            .signs("{body}{url}")
            .event_type("body:/action/type"),
        shared_secret: true,
        handshake: Some(REACHABLE);
}
