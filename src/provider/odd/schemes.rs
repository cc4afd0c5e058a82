//! Those that a scheme describes: keys by name, sorted forms, a signature in the query, keys that
//! are normalized, a list whose first item is the time.

use crate::{
    provider::{facts::providers, handshake::REACHABLE},
    verify::{
        Algorithm::HmacSha1,
        Encoding::{Base64, Hex},
        Scheme,
        TimeUnit::Milliseconds,
    },
};

providers! {
    /// Mandrill (Mailchimp Transactional).
    ///
    /// * Signed: the URL and the form's parameters in the order of their names; HMAC-SHA1, in
    ///   `X-Mandrill-Signature`. Secret: the text of the webhook's key. Behind a proxy, or with a user in
    ///   the URL, the layer needs [`public_url`](crate::WebhookLayer::public_url).
    /// * Id: none that names the delivery as a whole: it is a batch, whose events have ids of their
    ///   own. Forms with the same signature are one delivery.
    /// * Not covered: **where one parameter ends and the next begins**, their order, repetitions, the
    ///   method and the headers. Names and values are strung together before they are signed, so whoever
    ///   has seen a request can send it with its parameters split in other places.
    /// * The events are an array in the form's `mandrill_events`, where `json` finds them.
    /// * Its check that the endpoint is there, an unsigned `HEAD`, is answered.
    mandrill, try_mandrill: "mandrill", "Mandrill (Mailchimp Transactional)",
        "https://mailchimp.com/developer/transactional/guides/track-respond-activity-webhooks/",
        Scheme::new(HmacSha1, "x-mandrill-signature", Base64).signs("{url}{sorted_form}"),
        equal_bodies: true,
        json_field: Some("mandrill_events"),
        handshake: Some(REACHABLE);

    /// Plivo v1.
    ///
    /// * Signed: the URL and the form's parameters in the order of their names; HMAC-SHA1, in
    ///   `X-Plivo-Signature`. Secret: the text of the auth token. Behind a proxy the layer needs
    ///   [`public_url`](crate::WebhookLayer::public_url).
    /// * Id: none, so nothing is deduped: Plivo goes on with the XML of the answer, which a duplicate would
    ///   not get. `CallUUID` names the call, of which there are several events.
    /// * Event type: `form:Event`, **not signed**.
    /// * Not covered: **where one parameter ends and the next begins**, their order, repetitions, the
    ///   method and the headers. Names and values are strung together before they are signed, so whoever
    ///   has seen a request can send it with its parameters split in other places.
    plivo_v1, try_plivo_v1: "plivo-v1", "Plivo v1",
        "https://github.com/plivo/plivo-node/blob/HEAD/lib/utils/security.js",
        Scheme::new(HmacSha1, "x-plivo-signature", Base64)
            .signs("{url}{sorted_form}")
            .event_type("form:Event");

    /// Pusher Channels.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Pusher-Signature`. Secret: the text of the app's secret,
    ///   with the app's key as its [key id](crate::Secret::with_key_id): `X-Pusher-Key` names it.
    /// * Id: none. The body says when it was made (`time_ms`), so that equal ones are one delivery.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an app sign
    ///   with it, and send equal bodies.
    pusher, try_pusher: "pusher", "Pusher Channels",
        "https://github.com/pusher/pusher-http-node/blob/HEAD/tests/integration/webhook.js",
        Scheme::hmac_sha256("x-pusher-signature", Hex).key_id("header:x-pusher-key"),
        shared_secret: true,
        equal_bodies: true;

    /// EasyPost.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Hmac-Signature: hmac-sha256-hex=<hex>`. Secret: its
    ///   text in Unicode's normalization form KD.
    /// * Id: `body:/id`, signed.
    /// * [Shared secret](crate::verify::Profile::shared_secret): webhooks can have one secret,
    ///   and an event has the same id at each.
    easypost, try_easypost: "easypost", "EasyPost",
        "https://github.com/EasyPost/easypost-node/blob/HEAD/src/utils/util.js",
        Scheme::hmac_sha256("x-hmac-signature", Hex)
            .prefix("hmac-sha256-hex=")
            .key_nfkd()
            .id("body:/id")
            .event_type("body:/description"),
        shared_secret: true;

    /// PandaDoc.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in the query's `signature`. Secret: the text of the webhook's
    ///   shared key.
    /// * Id: `header:X-PandaDoc-Webhook-Event-Id`, **not signed**
    ///   ([source](https://developers.pandadoc.com/docs/webhook-deduplication)).
    pandadoc, try_pandadoc: "pandadoc", "PandaDoc",
        "https://developers.pandadoc.com/docs/webhook-verification",
        Scheme::hmac_sha256("signature", Hex)
            .signature_in(["query:signature"])
            .id("header:x-pandadoc-webhook-event-id")
            .event_type("body:/0/event");

    /// Recurly.
    ///
    /// * Signed: `{ts}.{body}`, HMAC-SHA256, in `recurly-signature`: the time and then a signature for
    ///   each of the endpoint's keys, with commas between. Secret: the text of the endpoint's key.
    ///   Only JSON notifications are signed, those in XML are not.
    /// * Id: none that is known to name the notification and not its subject.
    /// * Timestamp: the list's first item; 300 s into the past and the future.
    recurly, try_recurly: "recurly", "Recurly",
        "https://docs.recurly.com/recurly-subscriptions/docs/signature-verification",
        Scheme::hmac_sha256("recurly-signature", Hex)
            .list(",")
            .timestamp("item:0", Milliseconds)
            .signs("{ts}.{body}")
            .event_type("body:/object_type");
}
