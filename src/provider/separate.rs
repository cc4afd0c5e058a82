//! A MAC of a timestamp and the body, each in a header of its own.

use std::time::Duration;

use super::{
    facts::providers,
    handshake::{FRONT, SLACK, TWITCH, ZOOM},
};
use crate::verify::{
    Algorithm::HmacSha1,
    Attempt::Retries,
    Encoding::{Base64, Hex},
    Location, Scheme,
    TimeUnit::{HttpDate, Milliseconds, Rfc3339, Seconds},
};

providers! {
    /// Slack.
    ///
    /// * Signed: `v0:{ts}:{body}`, HMAC-SHA256, in `X-Slack-Signature`. Secret: UTF-8 signing
    ///   secret (hex-looking, not decoded).
    /// * Id: `body:/event_id`, signed. An app has one URL for events. Slash commands, interactivity and
    ///   options requests have no such id and are not deduped: Slack shows what the handler answers.
    /// * Timestamp: `header:X-Slack-Request-Timestamp`; 300 s into the past and 300 s into the
    ///   future.
    /// * Handshake: the signed `url_verification`, whose challenge is echoed
    ///   ([source](https://docs.slack.dev/reference/events/url_verification)).
    /// * An answer within 3 s, and three retries otherwise
    ///   ([source](https://github.com/slackapi/python-slack-events-api/issues/84)), which
    ///   `X-Slack-Retry-Num` counts from 1
    ///   ([source](https://docs.slack.dev/apis/events-api/)).
    slack, try_slack: "slack", "Slack",
        "https://docs.slack.dev/authentication/verifying-requests-from-slack/",
        Scheme::hmac_sha256("x-slack-signature", Hex)
            .prefix("v0=")
            .timestamp("header:x-slack-request-timestamp", Seconds)
            .signs("v0:{ts}:{body}")
            .id("body:/event_id")
            .event_type("body:/event/type"),
        attempt: Some(|| Retries(Location::header("x-slack-retry-num"))),
        ack_deadline: Some(Duration::from_secs(3)),
        retries: Some(true),
        handshake: Some(SLACK);

    /// Zoom.
    ///
    /// * Signed: `v0:{ts}:{body}`, HMAC-SHA256, in `x-zm-signature`. Secret: UTF-8 secret token.
    /// * Id: none that names the delivery as a whole.
    /// * Timestamp: `header:x-zm-request-timestamp`; 300 s into the past and 300 s into the future.
    /// * Handshake: the signed `endpoint.url_validation`, answered with the MAC of its token under
    ///   the secret that it was signed with.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all event subscriptions of an
    ///   app sign with it.
    zoom, try_zoom: "zoom", "Zoom",
        "https://github.com/zoom/webhook-sample/blob/HEAD/index.js",
        Scheme::hmac_sha256("x-zm-signature", Hex)
            .prefix("v0=")
            .timestamp("header:x-zm-request-timestamp", Seconds)
            .signs("v0:{ts}:{body}")
            .event_type("body:/event"),
        shared_secret: true,
        handshake: Some(ZOOM);

    /// Webflow.
    ///
    /// * Signed: `{ts}:{body}`, HMAC-SHA256, in `x-webflow-signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    /// * Timestamp: `header:x-webflow-timestamp`; 300 s into the past and 300 s into the future.
    webflow, try_webflow: "webflow", "Webflow",
        "https://github.com/webflow/js-webflow-api/blob/HEAD/src/wrapper/WebhooksClient.ts",
        Scheme::hmac_sha256("x-webflow-signature", Hex)
            .timestamp("header:x-webflow-timestamp", Milliseconds)
            .signs("{ts}:{body}")
            .event_type("body:/triggerType");

    /// Zendesk.
    ///
    /// * Signed: `{ts}{body}`, HMAC-SHA256, in `X-Zendesk-Webhook-Signature`. Secret: UTF-8 (the
    ///   static test secret looks base64 but is NOT decoded).
    /// * Id: `header:X-Zendesk-Webhook-Invocation-Id`, **not signed**.
    /// * Timestamp: `header:X-Zendesk-Webhook-Signature-Timestamp`; any age, since Zendesk names no
    ///   limit ([`tolerance`](crate::WebhookLayer::tolerance) sets one), and up to 300 s into the
    ///   future.
    zendesk, try_zendesk: "zendesk", "Zendesk",
        "https://developer.zendesk.com/documentation/webhooks/verifying/",
        Scheme::hmac_sha256("x-zendesk-webhook-signature", Base64)
            .timestamp("header:x-zendesk-webhook-signature-timestamp", Rfc3339)
            .tolerance(None, 300)
            .signs("{ts}{body}")
            .id("header:x-zendesk-webhook-invocation-id")
            .event_type("body:/type");

    /// Twitch EventSub.
    ///
    /// * Signed: `{header:Twitch-Eventsub-Message-Id}{ts}{body}`, HMAC-SHA256, in
    ///   `Twitch-Eventsub-Message-Signature`. Secret: UTF-8.
    /// * Id: `header:Twitch-Eventsub-Message-Id`, signed.
    /// * Timestamp: `header:Twitch-Eventsub-Message-Timestamp`; 600 s into the past and 600 s into
    ///   the future.
    /// * Not covered: `Twitch-Eventsub-Message-Type`, `Twitch-Eventsub-Subscription-Type` and the other
    ///   headers. Go by `subscription.type` and `subscription.status` in the body.
    /// * Handshake: the signed `webhook_callback_verification`, whose challenge is echoed
    ///   ([source](https://dev.twitch.tv/docs/eventsub/handling-webhook-events/)).
    /// * `Twitch-Eventsub-Message-Retry` counts its retries, from 0, as its own tool sends it
    ///   ([source](https://github.com/twitchdev/twitch-cli/blob/HEAD/internal/events/trigger/forward_event.go)).
    twitch, try_twitch: "twitch", "Twitch EventSub",
        "https://github.com/twitchdev/twitch-cli/blob/HEAD/internal/events/trigger/forward_event.go",
        Scheme::hmac_sha256("twitch-eventsub-message-signature", Hex)
            .prefix("sha256=")
            .timestamp("header:twitch-eventsub-message-timestamp", Rfc3339)
            .tolerance(Some(600), 600)
            .signs("{header:twitch-eventsub-message-id}{ts}{body}")
            .id("header:twitch-eventsub-message-id")
            .event_type("body:/subscription/type"),
        attempt: Some(|| Retries(Location::header("twitch-eventsub-message-retry"))),
        handshake: Some(TWITCH);

    /// Front (application webhooks).
    ///
    /// * Signed: `{ts}:{body}`, HMAC-SHA256, in `X-Front-Signature`. Secret: the app's, UTF-8. Rule
    ///   webhooks are signed otherwise.
    /// * Id: `body:/payload/id`, signed: the event's.
    /// * Timestamp: `header:X-Front-Request-Timestamp`; 300 s into the past and 300 s into the
    ///   future.
    /// * Handshake: the signed `sync` with `X-Front-Challenge`, answered `{"challenge":…}`.
    front, try_front: "front", "Front",
        "https://dev.frontapp.com/docs/application-webhooks",
        Scheme::hmac_sha256("x-front-signature", Base64)
            .timestamp("header:x-front-request-timestamp", Milliseconds)
            .signs("{ts}:{body}")
            .id("body:/payload/id")
            .event_type("body:/type"),
        handshake: Some(FRONT);

    /// Box v2.
    ///
    /// * Signed: `{body}{ts}`, HMAC-SHA256, in `BOX-SIGNATURE-PRIMARY`. Secret: UTF-8.
    /// * Id: `body:/id`, signed. `BOX-DELIVERY-ID` is another for each attempt
    ///   ([source](https://developer.box.com/guides/webhooks/v2/)).
    /// * `BOX-SIGNATURE-SECONDARY` is taken as well; `BOX-SIGNATURE-VERSION: 1` and
    ///   `BOX-SIGNATURE-ALGORITHM: HmacSHA256` have to be there.
    /// * Timestamp: `header:BOX-DELIVERY-TIMESTAMP`; 600 s into the past and 600 s into the future.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an application
    ///   sign with its keys.
    box_events, try_box_events: "box", "Box v2",
        "https://github.com/box/box-python-sdk/blob/HEAD/test/webhooks.py",
        Scheme::hmac_sha256("box-signature-primary", Base64)
            .signature_in(["box-signature-primary", "box-signature-secondary"])
            .require("box-signature-version", "1")
            .require("box-signature-algorithm", "HmacSHA256")
            .timestamp("header:box-delivery-timestamp", Rfc3339)
            .tolerance(Some(600), 600)
            .signs("{body}{ts}")
            .id("body:/id")
            .event_type("body:/trigger"),
        shared_secret: true;

    /// Sinch (Conversation).
    ///
    /// * Signed: `{body}.{header:x-sinch-webhook-signature-nonce}.{ts}`, HMAC-SHA256, in
    ///   `x-sinch-webhook-signature`. Secret: UTF-8.
    /// * Id: `header:x-sinch-webhook-signature-nonce`, signed.
    /// * Timestamp: `header:x-sinch-webhook-signature-timestamp`; any age, and up to 300 s into
    ///   the future.
    sinch_conversation, try_sinch_conversation: "sinch-conversation", "Sinch (Conversation)",
        "https://github.com/sinch/sinch-sdk-node/blob/HEAD/packages/sdk-client/tests/utils/authorization.helper.test.ts",
        Scheme::hmac_sha256("x-sinch-webhook-signature", Base64)
            .timestamp("header:x-sinch-webhook-signature-timestamp", Seconds)
            .tolerance(None, 300)
            .signs("{body}.{header:x-sinch-webhook-signature-nonce}.{ts}")
            .id("header:x-sinch-webhook-signature-nonce");

    /// Scalr.
    ///
    /// * Signed: `{body}{ts}`, HMAC-SHA1, in `X-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    /// * Timestamp: `header:Date`, such as `Thu 07 Sep 2017 06:30:04 UTC`; any age, since
    ///   Scalr documents no limit ([`tolerance`](crate::WebhookLayer::tolerance) sets one), and up to 300 s into
    ///   the future.
    scalr, try_scalr: "scalr", "Scalr",
        "https://github.com/adnanh/webhook/blob/HEAD/internal/hook/hook.go",
        Scheme::new(HmacSha1, "x-signature", Hex)
            .timestamp("header:date", HttpDate)
            .tolerance(None, 300)
            .signs("{body}{ts}");

    /// Iron.
    ///
    /// * Signed: `{ts}{body}`, HMAC-SHA256, in `webhook-signature: v1=<hex>`: the headers are named as
    ///   those of [`standard_webhooks`](super::standard_webhooks), and signed otherwise. Secret: UTF-8.
    /// * Id: `header:webhook-id`, **not signed**; of one attempt, as Iron's page words it, so that a retry
    ///   may have another.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
    iron, try_iron: "iron", "Iron",
        "https://docs.iron.xyz/reference-2026-07-01/webhooks/dispatches-an-event-notification-to-a-configured-webhook-endpoint",
        Scheme::hmac_sha256("webhook-signature", Hex)
            .prefix("v1=")
            .timestamp("header:webhook-timestamp", Seconds)
            .signs("{ts}{body}")
            .id("header:webhook-id");

    /// Cashfree Payments.
    ///
    /// * Signed: `{ts}{body}`, HMAC-SHA256, in `x-webhook-signature`. Secret: UTF-8.
    /// * Timestamp: `header:x-webhook-timestamp`; any age, and up to 300 s into the future, since
    ///   Cashfree names no limit ([`tolerance`](crate::WebhookLayer::tolerance) sets one).
    /// * Id: none that names the delivery as a whole.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all endpoints of an account
    ///   sign with it.
    cashfree, try_cashfree: "cashfree", "Cashfree Payments",
        "https://www.cashfree.com/docs/payments/subscription/webhook-signature",
        Scheme::hmac_sha256("x-webhook-signature", Base64)
            .timestamp("header:x-webhook-timestamp", Milliseconds)
            .tolerance(None, 300)
            .signs("{ts}{body}"),
        shared_secret: true;

    /// Emailit.
    ///
    /// * Signed: `{ts}.{body}`, HMAC-SHA256, in `X-Emailit-Signature`. Secret: UTF-8 of the whole
    ///   string *including* `whsec_`.
    /// * Id: none that names the delivery as a whole; it may be a batch of events.
    /// * Timestamp: `header:X-Emailit-Timestamp`; 300 s into the past and 300 s into the future.
    /// * Retries for about three days, each signed anew ([source](https://emailit.com/products/webhooks)).
    emailit, try_emailit: "emailit", "Emailit",
        "https://emailit.com/docs/webhooks/request-signature",
        Scheme::hmac_sha256("x-emailit-signature", Hex)
            .timestamp("header:x-emailit-timestamp", Seconds)
            .signs("{ts}.{body}"),
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true);

    /// Crisp (plugin hooks).
    ///
    /// * Signed: `[{header:X-Crisp-Request-Timestamp};{body}]`, HMAC-SHA256, in `X-Crisp-Signature`.
    ///   Secret: UTF-8. How old a delivery may be is not said, and not looked at.
    /// * Id: none that names the delivery as a whole.
    crisp, try_crisp: "crisp", "Crisp (plugin hooks)",
        "https://github.com/crisp-im/node-crisp-api/blob/HEAD/lib/crisp.ts",
        Scheme::hmac_sha256("x-crisp-signature", Hex)
            .signs("[{header:x-crisp-request-timestamp};{body}]")
            .event_type("body:/event");

    /// Customer.io (reporting webhooks).
    ///
    /// * Signed: `v0:{ts}:{body}`, HMAC-SHA256, in `X-CIO-Signature`. Secret: UTF-8, the webhook
    ///   signing key.
    /// * Id: `body:/event_id`, signed.
    /// * Timestamp: `header:X-CIO-Timestamp`; any age, and up to 300 s into the future, since
    ///   Customer.io names no limit ([`tolerance`](crate::WebhookLayer::tolerance) sets one).
    /// * An answer within 4 s, and retries over seven days otherwise
    ///   ([source](https://docs.customer.io/api/webhooks/)).
    customerio, try_customerio: "customerio", "Customer.io",
        "https://docs.customer.io/integrations/data-out/connections/webhooks/",
        Scheme::hmac_sha256("x-cio-signature", Hex)
            .timestamp("header:x-cio-timestamp", Seconds)
            .tolerance(None, 300)
            .signs("v0:{ts}:{body}")
            .id("body:/event_id")
            .event_type("body:/metric"),
        dedupe_window: Some(Duration::from_secs(8 * 24 * 3600)),
        ack_deadline: Some(Duration::from_secs(4)),
        retries: Some(true);

    /// Close.
    ///
    /// * Signed: `{ts}{body}`, HMAC-SHA256, in `close-sig-hash`. Secret: the `signature_key`, hex.
    /// * Id: none. An event may be changed under its `event.id`
    ///   ([source](https://developer.close.com/resources/event-log/)); bodies have the time of it in them:
    ///   equal ones are one delivery.
    /// * Timestamp: `header:close-sig-timestamp`; any age, and up to 300 s into the future, since Close
    ///   names no limit ([`tolerance`](crate::WebhookLayer::tolerance) sets one).
    /// * Retries for up to 72 hours.
    close, try_close: "close", "Close",
        "https://developer.close.com/topics/webhooks/",
        Scheme::hmac_sha256("close-sig-hash", Hex)
            .key_encoding(Hex)
            .timestamp("header:close-sig-timestamp", Seconds)
            .tolerance(None, 300)
            .signs("{ts}{body}")
            .event_type("body:/event/action"),
        equal_bodies: true,
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true);

    /// WHOOP.
    ///
    /// * Signed: `{ts}{body}`, HMAC-SHA256, in `X-WHOOP-Signature`. Secret: UTF-8, the app's client
    ///   secret.
    /// * Id: none. Bodies have the `trace_id` of an event in them: equal ones are one delivery.
    /// * Timestamp: `header:X-WHOOP-Signature-Timestamp`, in milliseconds; any age, and up to 300 s
    ///   into the future, since WHOOP names no limit ([`tolerance`](crate::WebhookLayer::tolerance) sets
    ///   one).
    /// * Five retries over about an hour; deliveries are remembered for a day.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhook URLs of an app
    ///   sign with it.
    whoop, try_whoop: "whoop", "WHOOP",
        "https://developer.whoop.com/docs/developing/webhooks/",
        Scheme::hmac_sha256("x-whoop-signature", Base64)
            .timestamp("header:x-whoop-signature-timestamp", Milliseconds)
            .tolerance(None, 300)
            .signs("{ts}{body}")
            .event_type("body:/type"),
        shared_secret: true,
        equal_bodies: true,
        dedupe_window: Some(Duration::from_secs(24 * 3600)),
        retries: Some(true);
}
