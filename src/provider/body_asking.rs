//! A MAC of the body alone, in a header, from providers that ask first whether anybody is there.

use std::time::Duration;

use super::{
    facts::providers,
    handshake::{ASANA, CHALLENGE, REACHABLE, WEBSUB},
};
use crate::verify::{
    Algorithm::HmacSha1,
    Encoding::{Base64, Hex},
    Scheme,
};

providers! {
    /// Dropbox.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Dropbox-Signature`. Secret: UTF-8 app secret.
    /// * Id: none; a notification says only whose files have changed.
    /// * Retries for about ten minutes.
    /// * Handshake: `GET ?challenge=…`, which is echoed to anybody.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an app sign
    ///   with it.
    dropbox, try_dropbox: "dropbox", "Dropbox",
        "https://www.dropbox.com/developers/reference/webhooks",
        Scheme::hmac_sha256("x-dropbox-signature", Hex),
        shared_secret: true,
        retries: Some(true),
        handshake: Some(CHALLENGE);

    /// Intercom.
    ///
    /// * Signed: `{body}`, HMAC-SHA1, in `X-Hub-Signature`. Secret: UTF-8 client secret.
    /// * Id: `body:/id`, signed.
    /// * Handshake: `HEAD`, which is answered 200
    ///   ([source](https://developers.intercom.com/docs/webhooks/setting-up-webhooks)).
    intercom, try_intercom: "intercom", "Intercom",
        "https://developers.intercom.com/intercom-api-reference/v1.0/reference/signed-notifications",
        Scheme::new(HmacSha1, "x-hub-signature", Hex)
            .prefix("sha1=")
            .id("body:/id")
            .event_type("body:/topic"),
        handshake: Some(REACHABLE);

    /// Nylas.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Nylas-Signature`: the bytes as sent, so place the layer
    ///   outside of what decompresses requests. Secret: UTF-8 webhook secret.
    /// * Id: `body:/id`, signed.
    /// * An answer within 10 s, or else it is sent again
    ///   ([source](https://developer.nylas.com/docs/cookbook/use-cases/build/retry-failed-webhooks.md)).
    /// * Handshake: `GET ?challenge=…`, which is echoed to anybody.
    nylas, try_nylas: "nylas", "Nylas",
        "https://developer.nylas.com/docs/v3/notifications/webhooks/",
        Scheme::hmac_sha256("x-nylas-signature", Hex)
            .id("body:/id")
            .event_type("body:/type"),
        retries: Some(true),
        ack_deadline: Some(Duration::from_secs(10)),
        handshake: Some(CHALLENGE);

    /// Xero.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `x-xero-signature`. Secret: UTF-8 webhook signing key.
    /// * Id: none that names the delivery as a whole. Bodies have a random text in them: equal ones
    ///   are one delivery.
    /// * A 200 without a body within 5 s, or else it is sent again, for up to 24 hours.
    /// * Handshake: deliveries without events, some of them signed wrongly, to see that those are
    ///   answered 401 and the others 200. The latter reach the handler.
    xero, try_xero: "xero", "Xero",
        "https://developer.xero.com/documentation/guides/webhooks/configuring-your-server/",
        Scheme::hmac_sha256("x-xero-signature", Base64),
        equal_bodies: true,
        retries: Some(true),
        ack_deadline: Some(Duration::from_secs(5));

    /// Asana.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Hook-Signature`. Secret: the `X-Hook-Secret` in the
    ///   answer to the call that made the webhook, UTF-8. Each webhook has its own.
    /// * Id: none. Bodies without events are heartbeats.
    /// * An answer within 10 s, or else it is sent again, for up to 24 hours.
    /// * Handshake: `POST` with `X-Hook-Secret`, which is said back if the URL that Asana was given
    ///   has the [`verify_token`](crate::WebhookLayer::verify_token) in it, as
    ///   `?verify_token=<token>`, and never reaches the handler. The layer does not learn the secret
    ///   from it: what comes unsigned is not to be believed. Build it with any other for the first
    ///   webhook, or find the secret with
    ///   [`with_verifier_for`](crate::WebhookLayer::with_verifier_for).
    asana, try_asana: "asana", "Asana",
        "https://developers.asana.com/docs/webhooks-guide",
        Scheme::hmac_sha256("x-hook-signature", Hex),
        retries: Some(true),
        ack_deadline: Some(Duration::from_secs(10)),
        handshake: Some(ASANA);

    /// WebSub, formerly PubSubHubbub (YouTube), signed with SHA-1.
    ///
    /// * Signed: `{body}`, HMAC-SHA1, in `X-Hub-Signature`. Secret: the `hub.secret` of the
    ///   subscription, UTF-8. Without one a hub signs nothing, and nothing is accepted.
    /// * Id: none.
    /// * Handshake: `GET` with `hub.mode`, `hub.topic` and `hub.challenge`, which is echoed if
    ///   `hub.verify_token` is the [`verify_token`](crate::WebhookLayer::verify_token): echoing to
    ///   anybody would let anybody end the subscription. Subscribe with `hub.verify_token`, or put it
    ///   into the query of the callback's URL, which every hub keeps.
    websub, try_websub: "websub", "WebSub / PubSubHubbub (YouTube)",
        "https://www.w3.org/TR/websub/",
        Scheme::new(HmacSha1, "x-hub-signature", Hex)
            .prefix("sha1="),
        handshake: Some(WEBSUB);

    /// WebSub, signed with SHA-256.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Hub-Signature`. Secret: the `hub.secret` of the
    ///   subscription, UTF-8.
    /// * Id: none.
    /// * Handshake: as that of [`websub`].
    websub_sha256, try_websub_sha256: "websub-sha256", "WebSub (SHA-256)",
        "https://www.w3.org/TR/websub/",
        Scheme::hmac_sha256("x-hub-signature", Hex)
            .prefix("sha256="),
        handshake: Some(WEBSUB);
}
