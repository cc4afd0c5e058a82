//! A MAC of the body alone, in a header: applications and developers' tools.

use std::time::Duration;

use super::facts::providers;
use crate::verify::{
    Algorithm::{HmacSha1, HmacSha512},
    Encoding::{Base64, Hex},
    Scheme,
};

providers! {
    /// Typeform.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `Typeform-Signature`. Secret: UTF-8.
    /// * Id: `body:/event_id`, signed.
    typeform, try_typeform: "typeform", "Typeform",
        "https://www.typeform.com/developers/webhooks/secure-your-webhooks/",
        Scheme::hmac_sha256("typeform-signature", Base64)
            .prefix("sha256=")
            .id("body:/event_id")
            .event_type("body:/event_type");

    /// Sentry.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `Sentry-Hook-Signature`. Secret: UTF-8 client secret.
    /// * Id: `header:Request-ID`, **not signed**. Nor is `Sentry-Hook-Timestamp`, which therefore
    ///   is not looked at.
    /// * Event type: `header:Sentry-Hook-Resource`, **not signed**.
    /// * An answer within 1 s ([source](https://docs.sentry.io/integrations/integration-platform/webhooks/)).
    sentry, try_sentry: "sentry", "Sentry",
        "https://docs.sentry.io/integrations/integration-platform/webhooks/",
        Scheme::hmac_sha256("sentry-hook-signature", Hex)
            .id("header:request-id")
            .event_type("header:sentry-hook-resource"),
        ack_deadline: Some(Duration::from_secs(1));

    /// DocuSign Connect.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-DocuSign-Signature-1` and on, one for each of the
    ///   account's keys; the first ten are looked at. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all Connect configurations of
    ///   an account sign with its keys.
    docusign, try_docusign: "docusign", "DocuSign Connect",
        "https://developers.docusign.com/platform/webhooks/connect/validate",
        Scheme::hmac_sha256("x-docusign-signature-1", Base64)
            .signature_in([
                "x-docusign-signature-1",
                "x-docusign-signature-2",
                "x-docusign-signature-3",
                "x-docusign-signature-4",
                "x-docusign-signature-5",
                "x-docusign-signature-6",
                "x-docusign-signature-7",
                "x-docusign-signature-8",
                "x-docusign-signature-9",
                "x-docusign-signature-10",
            ])
            .event_type("body:/event"),
        shared_secret: true;

    /// Notion.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Notion-Signature`. Secret: UTF-8 verification token,
    ///   which Notion posts once, unsigned, when a subscription is made. That request is refused:
    ///   read the token elsewhere.
    /// * Id: `body:/id`, signed.
    notion, try_notion: "notion", "Notion",
        "https://github.com/makenotion/notion-sdk-js/blob/HEAD/src/webhooks.ts",
        Scheme::hmac_sha256("x-notion-signature", Hex)
            .prefix("sha256=")
            .id("body:/id")
            .event_type("body:/type");

    /// Ably.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Ably-Signature`; batched requests only. Secret: UTF-8,
    ///   the part of the key after the `:`.
    /// * Id: none that names the delivery as a whole; `webhookId` names the rule, not the event.
    /// * Retries for 5 minutes.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all rules that use a key sign
    ///   with it.
    ably, try_ably: "ably", "Ably",
        "https://github.com/ably/docs/blob/HEAD/src/pages/docs/platform/integrations/webhooks/index.mdx",
        Scheme::hmac_sha256("x-ably-signature", Base64),
        shared_secret: true,
        retries: Some(true);

    /// HCP Terraform (Terraform Cloud).
    ///
    /// * Signed: `{body}`, HMAC-SHA512, in `X-TFE-Notification-Signature`. Secret: UTF-8 token.
    /// * Id: none that names the delivery as a whole.
    terraform, try_terraform: "terraform", "HCP Terraform (Terraform Cloud)",
        "https://developer.hashicorp.com/terraform/cloud-docs/api-docs/notification-configurations",
        Scheme::new(HmacSha512, "x-tfe-notification-signature", Hex)
            .event_type("body:/notifications/0/trigger");

    /// Cal.com.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Cal-Signature-256`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    calcom, try_calcom: "calcom", "Cal.com",
        "https://github.com/calcom/cal.com/blob/HEAD/packages/features/webhooks/lib/sendPayload.ts",
        Scheme::hmac_sha256("x-cal-signature-256", Hex)
            .event_type("body:/triggerEvent");

    /// Segment.
    ///
    /// * Signed: `{body}`, HMAC-SHA1, in `X-Signature`. Secret: UTF-8.
    /// * Id: `body:/messageId`, signed: the event's, and the same for each mapping that sends it.
    /// * [Shared secret](crate::verify::Profile::shared_secret): mappings can have one secret.
    segment, try_segment: "segment", "Segment",
        "https://github.com/segmentio/segment-docs/blob/HEAD/src/connections/destinations/catalog/actions-webhook/index.md",
        Scheme::new(HmacSha1, "x-signature", Hex)
            .id("body:/messageId")
            .event_type("body:/type"),
        shared_secret: true;

    /// Microsoft Teams (outgoing webhooks).
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `Authorization: HMAC <base64>`. Secret: base64.
    /// * Id: none. The message's is its time in milliseconds; Teams waits for the answer to each, and sends
    ///   none again.
    /// * The answer is the reply that Teams shows, and is awaited for 5 s.
    teams, try_teams: "teams", "Microsoft Teams (outgoing webhooks)",
        "https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-outgoing-webhook",
        Scheme::hmac_sha256("authorization", Base64)
            .prefix("HMAC ")
            .key_encoding(Base64)
            .event_type("body:/type"),
        ack_deadline: Some(Duration::from_secs(5));

    /// Help Scout.
    ///
    /// * Signed: `{body}`, HMAC-SHA1, in `X-HelpScout-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    /// * Event type: `header:X-HelpScout-Event`, **not signed**.
    helpscout, try_helpscout: "helpscout", "Help Scout",
        "https://github.com/helpscout/helpscout-api-php/blob/HEAD/src/Webhooks/IncomingWebhook.php",
        Scheme::new(HmacSha1, "x-helpscout-signature", Base64)
            .event_type("header:x-helpscout-event");

    /// Hookdeck.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Hookdeck-Signature`, and while a secret is rolled in
    ///   `X-Hookdeck-Signature-2` too. Secret: UTF-8.
    /// * Id: `header:X-Hookdeck-Eventid`, **not signed**.
    hookdeck, try_hookdeck: "hookdeck", "Hookdeck",
        "https://github.com/hookdeck/webhook-skills/blob/HEAD/skills/hookdeck-event-gateway-webhooks/SKILL.md",
        Scheme::hmac_sha256("x-hookdeck-signature", Base64)
            .signature_in(["x-hookdeck-signature", "x-hookdeck-signature-2"])
            .id("header:x-hookdeck-eventid");

    /// Acuity Scheduling.
    ///
    /// * Signed: `{body}`, a form, HMAC-SHA256, in `X-Acuity-Signature`. Secret: UTF-8 API key.
    /// * Id: none that names the delivery as a whole.
    acuity, try_acuity: "acuity", "Acuity Scheduling",
        "https://github.com/AcuityScheduling/acuity-js/blob/HEAD/src/index.js",
        Scheme::hmac_sha256("x-acuity-signature", Base64)
            .event_type("form:action");

    /// Flux (generic-hmac).
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    /// * Four retries, 2, 4, 8 and 16 s apart or as `Retry-After` says
    ///   ([source](https://github.com/fluxcd/notification-controller/blob/HEAD/internal/notifier/client.go)),
    ///   so the [lease](crate::WebhookLayer::lease) of a claim that
    ///   [`dedupe_by`](crate::WebhookLayer::dedupe_by) makes is 10 s.
    flux, try_flux: "flux", "Flux (generic-hmac)",
        "https://github.com/fluxcd/notification-controller/blob/HEAD/internal/notifier/forwarder_test.go",
        Scheme::hmac_sha256("x-signature", Hex)
            .prefix("sha256=")
            .event_type("body:/reason"),
        retries: Some(true),
        lease: Some(Duration::from_secs(10));

    /// Snyk.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Hub-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Snyk-Transport-ID`, **not signed**.
    /// * Event type: `header:X-Snyk-Event`, **not signed**.
    snyk, try_snyk: "snyk", "Snyk",
        "https://github.com/snyk/user-docs/blob/HEAD/docs/snyk-api-info/snyk-webhooks/tutorial.md",
        Scheme::hmac_sha256("x-hub-signature", Hex)
            .prefix("sha256=")
            .id("header:x-snyk-transport-id")
            .event_type("header:x-snyk-event");

    /// Alchemy.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Alchemy-Signature`. Secret: UTF-8 signing key, as it
    ///   stands with its `whsec_`.
    /// * Id: `body:/id`, signed.
    alchemy, try_alchemy: "alchemy", "Alchemy",
        "https://github.com/alchemyplatform/webhook-examples/blob/HEAD/node-express/src/webhooksUtil.ts",
        Scheme::hmac_sha256("x-alchemy-signature", Hex)
            .id("body:/id")
            .event_type("body:/type");

    /// Grafana Alerting.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Grafana-Alerting-Signature`, or
    ///   `X-Grafana-Alert-Signature` as some versions call it. Secret: UTF-8. With a timestamp
    ///   header, which has no name unless one is configured, `{ts}:{body}` is signed: build a
    ///   [`Scheme`] for that.
    /// * Id: none that names the delivery as a whole.
    grafana, try_grafana: "grafana", "Grafana Alerting",
        "https://github.com/grafana/alerting/blob/HEAD/http/hmac.go",
        Scheme::hmac_sha256("x-grafana-alerting-signature", Hex)
            .signature_in(["x-grafana-alerting-signature", "x-grafana-alert-signature"])
            .event_type("body:/status");

    /// ClickUp.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    clickup, try_clickup: "clickup", "ClickUp",
        "https://developer.clickup.com/docs/webhooksignature",
        Scheme::hmac_sha256("x-signature", Hex)
            .event_type("body:/event");

    /// Kustomer.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Kustomer-Webhook-Signature`. Secret: UTF-8, the
    ///   webhook's token.
    /// * Id: `body:/id`, signed.
    /// * Event type: `header:X-Kustomer-Webhook-Event`, **not signed**.
    /// * Retries for about an hour; ids are remembered for a day.
    kustomer, try_kustomer: "kustomer", "Kustomer",
        "https://developer.kustomer.com/docs/events/delivery-and-retries",
        Scheme::hmac_sha256("x-kustomer-webhook-signature", Hex)
            .id("body:/id")
            .event_type("header:x-kustomer-webhook-event"),
        dedupe_window: Some(Duration::from_secs(24 * 3600)),
        retries: Some(true);

    /// Logto.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `logto-signature-sha-256`. Secret: UTF-8 signing key.
    /// * Id: none that names the delivery as a whole.
    logto, try_logto: "logto", "Logto",
        "https://docs.logto.io/developers/webhooks/secure-webhooks",
        Scheme::hmac_sha256("logto-signature-sha-256", Hex);

    /// AutoSend.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Webhook-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    /// * Event type: `header:X-Webhook-Event`, **not signed**.
    autosend, try_autosend: "autosend", "AutoSend",
        "https://docs.autosend.com/others/webhooks/verify-requests",
        Scheme::hmac_sha256("x-webhook-signature", Hex)
            .event_type("header:x-webhook-event");

    /// Attio.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `Attio-Signature`. Secret: UTF-8.
    /// * Id: `header:Idempotency-Key`, the same when a delivery is sent again, and **not signed**.
    /// * Ten retries over about three days.
    attio, try_attio: "attio", "Attio",
        "https://docs.attio.com/rest-api/how-to/webhooks",
        Scheme::hmac_sha256("attio-signature", Hex)
            .id("header:idempotency-key")
            .event_type("body:/events/0/event_type"),
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true);

    /// Vercel.
    ///
    /// * Signed: `{body}`, HMAC-SHA1, in `x-vercel-signature`. Secret: UTF-8, the webhook's secret, or
    ///   for an integration its client secret.
    /// * Id: `body:/id`, signed.
    vercel, try_vercel: "vercel", "Vercel",
        "https://github.com/vercel/example-marketplace-integration/blob/HEAD/app/webhook/route.ts",
        Scheme::new(HmacSha1, "x-vercel-signature", Hex)
            .id("body:/id")
            .event_type("body:/type");

    /// Cisco Webex.
    ///
    /// * Signed: `{body}`, HMAC-SHA1, in `X-Spark-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole; the body's `id` is the webhook's. What happened
    ///   is its `resource` and its `event`.
    webex, try_webex: "webex", "Cisco Webex",
        "https://developer.webex.com/blog/using-a-webhook-secret",
        Scheme::new(HmacSha1, "x-spark-signature", Hex)
            .event_type("body:/resource");

    /// Airtable.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Airtable-Content-MAC: hmac-sha256=<hex>`. Secret: base64,
    ///   the `macSecretBase64` that its API answered when the webhook was made.
    /// * Id: none. The body says that something has changed; what it is has to be asked for.
    airtable, try_airtable: "airtable", "Airtable",
        "https://airtable.com/developers/web/api/webhooks-overview",
        Scheme::hmac_sha256("x-airtable-content-mac", Hex)
            .prefix("hmac-sha256=")
            .key_encoding(Base64);

    /// Heroku.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `Heroku-Webhook-Hmac-SHA256`. Secret: UTF-8.
    /// * Id: `body:/id`, signed. What happened is its `resource` and its `action`.
    /// * Retries for up to 72 hours, if the webhook's level is `sync`
    ///   ([source](https://devcenter.heroku.com/changelog-items/1966)).
    heroku, try_heroku: "heroku", "Heroku",
        "https://github.com/heroku/webhooks-demo/blob/HEAD/app/controllers/webhooks_controller.rb",
        Scheme::hmac_sha256("heroku-webhook-hmac-sha256", Base64)
            .id("body:/id")
            .event_type("body:/resource"),
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600));
}
