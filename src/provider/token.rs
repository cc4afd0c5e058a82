//! The secret itself, or HTTP credentials. They do not protect the body.

use std::time::Duration;

use super::{
    facts::providers,
    handshake::{EVENT_GRID, OKTA},
};
use crate::verify::Scheme;

providers! {
    /// GitLab (secret token).
    ///
    /// * The secret itself is sent in `X-Gitlab-Token`: **it does not protect the body**.
    /// * Id: `header:Idempotency-Key`, not signed, which stays the same when it is sent again.
    ///   `X-Gitlab-Event-UUID` does not tell deliveries apart: recursive webhooks share it. GitLab before
    ///   17.4 sends no such key, and its deliveries are not deduped.
    /// * Event type: `header:X-Gitlab-Event`, **not signed**.
    gitlab_token, try_gitlab_token: "gitlab-token", "GitLab (secret token)",
        "https://docs.gitlab.com/user/project/integrations/webhooks/",
        Scheme::token("x-gitlab-token")
            .id("header:idempotency-key")
            .event_type("header:x-gitlab-event");

    /// Okta event hooks.
    ///
    /// * The secret itself is sent in `Authorization`, or in `X-Okta-Token` where the hook was given
    ///   that name for it: **it does not protect the body**.
    /// * Id: none that names the delivery as a whole.
    /// * An answer within 3 s; otherwise one retry, but none after a 4xx. So the
    ///   [lease](crate::WebhookLayer::lease) of a claim that
    ///   [`dedupe_by`](crate::WebhookLayer::dedupe_by) makes is 3 s.
    /// * Handshake: `GET` with `X-Okta-Verification-Challenge`, answered `{"verification":…}` if it has
    ///   the secret, which Okta sends with every request.
    okta, try_okta: "okta", "Okta event hooks",
        "https://developer.okta.com/docs/concepts/event-hooks/",
        Scheme::token("authorization").signature_in(["authorization", "x-okta-token"]),
        retries: Some(true),
        ack_deadline: Some(Duration::from_secs(3)),
        lease: Some(Duration::from_secs(3)),
        handshake: Some(OKTA);

    /// Azure Event Grid.
    ///
    /// * The secret itself is sent in the query, as the URL that Event Grid was given has it: **it
    ///   does not protect the body**. Give it the URL with `?access_token=<secret>`. Tokens of Entra
    ///   ID are not looked at.
    /// * Id: none, a delivery may have several events; equal bodies are one delivery.
    /// * Event type: `header:aeg-event-type`, **not signed**.
    /// * Handshake: the event `SubscriptionValidation`, answered with the code in it, and for the
    ///   schema of CloudEvents `OPTIONS` with `WebHook-Request-Origin`, which is given permission
    ///   ([source](https://learn.microsoft.com/en-us/azure/event-grid/webhook-event-delivery)). Both must
    ///   have the secret.
    /// * [Shared secret](crate::verify::Profile::shared_secret): subscriptions of a topic can
    ///   have one secret, and send equal bodies.
    azure_eventgrid, try_azure_eventgrid: "azure-eventgrid", "Azure Event Grid",
        "https://learn.microsoft.com/en-us/azure/event-grid/security-authentication",
        Scheme::token("authorization")
            .signature_in(["query:access_token"])
            .event_type("header:aeg-event-type"),
        shared_secret: true,
        equal_bodies: true,
        handshake: Some(EVENT_GRID);

    /// HTTP Basic (Postmark, Chargebee, SparkPost, Azure DevOps, Pipedrive).
    ///
    /// * The secret itself is sent in `Authorization`: **it does not protect the body**.
    /// * Id: none that names the delivery as a whole.
    basic_auth, try_basic_auth: "basic-auth", "HTTP Basic (Postmark, Chargebee, SparkPost, Azure DevOps, Pipedrive)",
        "https://github.com/hookdeck/webhook-skills/blob/HEAD/skills/chargebee-webhooks/references/verification.md",
        Scheme::basic();

    /// Telegram Bot API.
    ///
    /// * The secret itself is sent in `X-Telegram-Bot-Api-Secret-Token`: **it does not protect the
    ///   body**.
    /// * Id: `body:/update_id`, not signed.
    /// * [Shared secret](crate::verify::Profile::shared_secret): bots can have one secret, and
    ///   each counts its own ids.
    telegram, try_telegram: "telegram", "Telegram Bot API",
        "https://github.com/tdlib/telegram-bot-api/blob/HEAD/telegram-bot-api/WebhookActor.cpp",
        Scheme::token("x-telegram-bot-api-secret-token")
            .id("body:/update_id"),
        shared_secret: true,
        retries: Some(true);

    /// Flutterwave (v3).
    ///
    /// * The secret hash itself is sent in `verif-hash`: **it does not protect the body**. Ask
    ///   Flutterwave for the transaction before you act on it. What v4 sends in
    ///   `flutterwave-signature` is not looked at.
    /// * Id: none that names the delivery; `data.id` is the transaction's, which may have several.
    /// * Event type: `body:/event`, **not signed**.
    flutterwave, try_flutterwave: "flutterwave", "Flutterwave (v3)",
        "https://github.com/Flutterwave/Woocommerce-v2/blob/HEAD/includes/class-flw-wc-payment-gateway.php",
        Scheme::token("verif-hash")
            .event_type("body:/event");

    /// Cloudflare Notifications.
    ///
    /// * The secret itself is sent in `cf-webhook-auth`: **it does not protect the body**.
    /// * Id: none that names the delivery as a whole.
    cloudflare_notify, try_cloudflare_notify: "cloudflare-notify", "Cloudflare Notifications",
        "https://developers.cloudflare.com/notifications/get-started/configure-webhooks/",
        Scheme::token("cf-webhook-auth");

    /// Hugging Face.
    ///
    /// * The secret itself is sent in `X-Webhook-Secret`: **it does not protect the body**.
    /// * Id: `header:Webhook-Id`, not signed ([source](https://github.com/huggingface/hub-docs/pull/2749)).
    /// * Event type: `body:/event/action`, **not signed**.
    huggingface, try_huggingface: "huggingface", "Hugging Face",
        "https://huggingface.co/docs/hub/webhooks",
        Scheme::token("x-webhook-secret")
            .id("header:webhook-id")
            .event_type("body:/event/action");

    /// Deepgram.
    ///
    /// * The identifier of the API key is sent in `dg-token`: **it does not protect the body**.
    /// * Id: none; the results of a stream share its `request_id`.
    /// * Ten retries, 30 s apart.
    deepgram, try_deepgram: "deepgram", "Deepgram",
        "https://github.com/deepgram/deepgram-docs/blob/HEAD/fern/docs/callback.mdx",
        Scheme::token("dg-token"),
        retries: Some(true);

    /// Google Calendar and Drive (notification channels).
    ///
    /// * The channel's token is sent in `X-Goog-Channel-Token`: **it does not protect the body**, of
    ///   which there is none for most.
    /// * Id: none; `X-Goog-Message-Number` counts within a channel, and begins at 1 in each. The
    ///   `sync` message of a new channel reaches the handler.
    /// * Event type: `header:X-Goog-Resource-State`, **not signed**.
    google_channel, try_google_channel: "google-channel", "Google Calendar and Drive (notification channels)",
        "https://github.com/googleapis/google-api-java-client/blob/HEAD/google-api-client-servlet/src/main/java/com/google/api/client/googleapis/extensions/servlet/notifications/WebhookHeaders.java",
        Scheme::token("x-goog-channel-token")
            .event_type("header:x-goog-resource-state");
}
