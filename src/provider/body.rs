//! A MAC of the body alone, in a header.

use std::time::Duration;

use super::{
    facts::providers,
    handshake::{CRC, META},
};
use crate::verify::{
    Algorithm::{HmacSha1, HmacSha512},
    Attempt::Number,
    Encoding::{Base64, Hex},
    Location, Scheme,
    TimeUnit::Milliseconds,
};

providers! {
    /// GitHub.
    ///
    /// * Signed: the body, HMAC-SHA256, in `X-Hub-Signature-256: sha256=<hex>`. Secret: the text as
    ///   it stands. The older `X-Hub-Signature` (SHA-1) is never looked at.
    /// * Id: `X-GitHub-Delivery`, the same when a delivery is sent again, and **not signed**: see
    ///   [`replay_guard`](crate::WebhookLayer::replay_guard).
    /// * Event type: `header:X-GitHub-Event`, **not signed**.
    /// * A payload that is posted as a form is found in its `payload` field.
    /// * Bodies of up to 25 MB ([source](https://docs.github.com/en/webhooks/webhook-events-and-payloads));
    ///   an answer within 10 s ([source](https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks));
    ///   **no retries** ([source](https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries)),
    ///   so a delivery is handled undeduped while the store fails
    ///   ([`StoreFailure::Proceed`](crate::StoreFailure::Proceed)).
    /// * [Shared secret](crate::verify::Profile::shared_secret): organisation and repository
    ///   webhooks can have one secret, and all webhooks that subscribe to an event share its id
    ///   ([source](https://docs.github.com/en/rest/repos/webhooks)).
    github, try_github: "github", "GitHub",
        "https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries",
        Scheme::hmac_sha256("x-hub-signature-256", Hex)
            .prefix("sha256=")
            .id("header:x-github-delivery")
            .event_type("header:x-github-event"),
        shared_secret: true,
        json_field: Some("payload"),
        body_limit: Some(25 * 1024 * 1024),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(false);

    /// GitHub (legacy).
    ///
    /// * Signed: `{body}`, HMAC-SHA1, in `X-Hub-Signature`. Secret: UTF-8.
    /// * Id: `header:X-GitHub-Delivery`, **not signed**.
    /// * Event type: `header:X-GitHub-Event`, **not signed**.
    /// * Bodies of up to 25 MB ([source](https://docs.github.com/en/webhooks/webhook-events-and-payloads));
    ///   an answer within 10 s ([source](https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks));
    ///   **no retries** ([source](https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries)),
    ///   so a delivery is handled undeduped while the store fails
    ///   ([`StoreFailure::Proceed`](crate::StoreFailure::Proceed)).
    /// * [Shared secret](crate::verify::Profile::shared_secret): as for [`github`].
    github_sha1, try_github_sha1: "github-sha1", "GitHub (legacy)",
        "https://github.com/google/go-github/blob/HEAD/github/messages_test.go",
        Scheme::new(HmacSha1, "x-hub-signature", Hex)
            .prefix("sha1=")
            .id("header:x-github-delivery")
            .event_type("header:x-github-event"),
        body_limit: Some(25 * 1024 * 1024),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(false),
        shared_secret: true;

    /// Bitbucket Cloud.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Hub-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Request-UUID`, **not signed**.
    /// * Event type: `header:X-Event-Key`, **not signed**.
    /// * `X-Attempt-Number` counts its attempts from 1
    ///   ([source](https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/)).
    bitbucket, try_bitbucket: "bitbucket", "Bitbucket Cloud",
        "https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/",
        Scheme::hmac_sha256("x-hub-signature", Hex)
            .prefix("sha256=")
            .id("header:x-request-uuid")
            .event_type("header:x-event-key"),
        attempt: Some(|| Number(Location::header("x-attempt-number")));

    /// Bitbucket Server / Data Center.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Hub-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Request-Id`, **not signed**.
    /// * Event type: `header:X-Event-Key`, **not signed**.
    bitbucket_server, try_bitbucket_server: "bitbucket-server", "Bitbucket Server / Data Center",
        "https://confluence.atlassian.com/bitbucketserver/manage-webhooks-938025878.html",
        Scheme::hmac_sha256("x-hub-signature", Hex)
            .prefix("sha256=")
            .id("header:x-request-id")
            .event_type("header:x-event-key");

    /// Jira Cloud.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Hub-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Atlassian-Webhook-Identifier`, **not signed**.
    /// * [Shared secret](crate::verify::Profile::shared_secret): the sites of an app can have
    ///   one secret, and ids are unique within a site. Sites that share a URL need a
    ///   [`scope`](crate::WebhookLayer::scope) each.
    jira, try_jira: "jira", "Jira Cloud",
        "https://developer.atlassian.com/cloud/jira/platform/webhooks/",
        Scheme::hmac_sha256("x-hub-signature", Hex)
            .prefix("sha256=")
            .id("header:x-atlassian-webhook-identifier")
            .event_type("body:/webhookEvent"),
        shared_secret: true;

    /// Gitea / Forgejo.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Gitea-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Gitea-Delivery`, **not signed**.
    /// * Event type: `header:X-Gitea-Event`, **not signed**.
    gitea, try_gitea: "gitea", "Gitea / Forgejo",
        "https://github.com/go-playground/webhooks/blob/HEAD/gitea/gitea_test.go",
        Scheme::hmac_sha256("x-gitea-signature", Hex)
            .id("header:x-gitea-delivery")
            .event_type("header:x-gitea-event");

    /// Gogs.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Gogs-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Gogs-Delivery`, **not signed**.
    /// * Event type: `header:X-Gogs-Event`, **not signed**.
    gogs, try_gogs: "gogs", "Gogs",
        "https://github.com/gogs/gogs/blob/HEAD/internal/database/webhook.go",
        Scheme::hmac_sha256("x-gogs-signature", Hex)
            .id("header:x-gogs-delivery")
            .event_type("header:x-gogs-event");

    /// Meta (WhatsApp, Messenger, Instagram).
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Hub-Signature-256`. Secret: UTF-8 app secret.
    /// * Id: none that names the delivery as a whole; equal bodies are one delivery.
    /// * Handshake: `GET` with `hub.challenge`, which is echoed if `hub.verify_token` is the
    ///   [`verify_token`](crate::WebhookLayer::verify_token).
    meta, try_meta: "meta", "Meta (WhatsApp, Messenger, Instagram)",
        "https://developers.facebook.com/docs/graph-api/webhooks/getting-started",
        Scheme::hmac_sha256("x-hub-signature-256", Hex)
            .prefix("sha256=")
            .event_type("body:/object"),
        equal_bodies: true,
        handshake: Some(META);

    /// LINE Messaging API.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Line-Signature`. Secret: UTF-8 channel secret.
    /// * Id: none that names the delivery as a whole.
    line, try_line: "line", "LINE Messaging API",
        "https://github.com/line/line-bot-sdk-nodejs/blob/HEAD/test/validate-signature.spec.ts",
        Scheme::hmac_sha256("x-line-signature", Base64);

    /// Shopify.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Shopify-Hmac-SHA256`. Secret: UTF-8 app client
    ///   secret.
    /// * Id: `header:X-Shopify-Webhook-Id`, **not signed**.
    /// * Event type: `header:X-Shopify-Topic`, **not signed**.
    /// * Not covered: `X-Shopify-Shop-Domain` and the other headers. All shops of an app share its client
    ///   secret, so take the shop from the body, or look up with the API what the body names.
    /// * An answer within 5 s
    ///   ([source](https://community.shopify.com/c/Shopify-APIs-SDKs/Webhook-on-create-orders-called-twice/m-p/543046)),
    ///   and eight retries over 4 hours otherwise
    ///   ([source](https://shopify.dev/changelog/updates-to-webhook-retry-mechanism)); ids are
    ///   remembered for a day.
    shopify, try_shopify: "shopify", "Shopify",
        "https://github.com/Shopify/shopify-app-js/blob/HEAD/packages/apps/shopify-api/lib/webhooks/validate.ts",
        Scheme::hmac_sha256("x-shopify-hmac-sha256", Base64)
            .id("header:x-shopify-webhook-id")
            .event_type("header:x-shopify-topic"),
        dedupe_window: Some(Duration::from_secs(24 * 3600)),
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true);

    /// X (Twitter).
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Twitter-Webhooks-Signature`. Secret: UTF-8 consumer
    ///   secret.
    /// * Id: none that names the delivery as a whole.
    /// * Handshake: `GET ?crc_token=…`, answered with the token's MAC under the first secret. Events
    ///   are signed with the same key, so only what looks like a token is signed for who asks, and a
    ///   body that looks like one (letters, digits, `-_.~+/=`) is refused; events are JSON objects.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an app sign
    ///   with it.
    twitter, try_twitter: "twitter", "X (Twitter)",
        "https://docs.x.com/x-api/webhooks",
        Scheme::hmac_sha256("x-twitter-webhooks-signature", Base64)
            .prefix("sha256="),
        shared_secret: true,
        handshake: Some(CRC);

    /// Razorpay.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Razorpay-Signature`. Secret: UTF-8.
    /// * Id: `header:x-razorpay-event-id`, **not signed**.
    /// * [Shared secret](crate::verify::Profile::shared_secret): the webhooks of an account can
    ///   have one secret, and an event has the same id at each.
    razorpay, try_razorpay: "razorpay", "Razorpay",
        "https://github.com/razorpay/razorpay-node/blob/HEAD/test/utils/razorpay-utils.spec.js",
        Scheme::hmac_sha256("x-razorpay-signature", Hex)
            .id("header:x-razorpay-event-id")
            .event_type("body:/event"),
        shared_secret: true;

    /// Coinbase Commerce.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-CC-Webhook-Signature`. Secret: UTF-8.
    /// * Id: `body:/event/id`, signed.
    /// * Retries for up to three days
    ///   ([source](https://docs.cdp.coinbase.com/commerce/api-arcitecture/webhooks-overview)).
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an account
    ///   sign with it, and an event has the same id at each.
    coinbase_commerce, try_coinbase_commerce: "coinbase-commerce", "Coinbase Commerce",
        "https://github.com/coinbase/coinbase-commerce-node/blob/HEAD/test/testWebhook.spec.js",
        Scheme::hmac_sha256("x-cc-webhook-signature", Hex)
            .id("body:/event/id")
            .event_type("body:/event/type"),
        shared_secret: true,
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true);

    /// PagerDuty v3.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-PagerDuty-Signature`. Secret: UTF-8.
    /// * Id: `body:/event/id`, signed.
    pagerduty, try_pagerduty: "pagerduty", "PagerDuty v3",
        "https://github.com/PagerDuty/developer-docs/blob/HEAD/docs/webhooks/04-Signatures.md",
        Scheme::hmac_sha256("x-pagerduty-signature", Hex)
            .list(",")
            .pairs("=", ["v1"])
            .id("body:/event/id")
            .event_type("body:/event/event_type");

    /// CircleCI.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `circleci-signature`. Secret: UTF-8.
    /// * Id: `body:/id`, signed.
    circleci, try_circleci: "circleci", "CircleCI",
        "https://github.com/circleci/circleci-docs/blob/HEAD/docs/guides/modules/integration/pages/outbound-webhooks.adoc",
        Scheme::hmac_sha256("circleci-signature", Hex)
            .list(",")
            .pairs("=", ["v1"])
            .id("body:/id")
            .event_type("body:/type");

    /// Modern Treasury.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Webhook-Id`, **not signed**.
    /// * Event type: `header:X-Topic`, **not signed**.
    modern_treasury, try_modern_treasury: "modern-treasury", "Modern Treasury",
        "https://github.com/Modern-Treasury/modern-treasury-python/blob/HEAD/tests/api_resources/test_webhooks.py",
        Scheme::hmac_sha256("x-signature", Hex)
            .id("header:x-webhook-id")
            .event_type("header:x-topic");

    /// GoCardless.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `Webhook-Signature`. Secret: UTF-8.
    /// * Id: `body:/meta/webhook_id`, signed.
    gocardless, try_gocardless: "gocardless", "GoCardless",
        "https://github.com/gocardless/gocardless-pro-python/blob/HEAD/tests/webhooks_test.py",
        Scheme::hmac_sha256("webhook-signature", Hex)
            .id("body:/meta/webhook_id");

    /// Onfido.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-SHA2-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    onfido, try_onfido: "onfido", "Onfido",
        "https://github.com/onfido/onfido-node/blob/HEAD/test/classic-webhook-event-verifier.test.ts",
        Scheme::hmac_sha256("x-sha2-signature", Hex)
            .event_type("body:/payload/action");

    /// GetStream.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Signature`. Secret: UTF-8 API secret.
    /// * Id: `header:X-Webhook-Id`, **not signed**.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an app sign
    ///   with it.
    getstream, try_getstream: "getstream", "GetStream",
        "https://github.com/GetStream/stream-chat-js/blob/HEAD/test/unit/signing.test.js",
        Scheme::hmac_sha256("x-signature", Hex)
            .id("header:x-webhook-id")
            .event_type("body:/type"),
        shared_secret: true;

    /// Mollie (next-gen).
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Mollie-Signature`. Secret: UTF-8.
    /// * Id: `body:/id`, signed.
    mollie, try_mollie: "mollie", "Mollie (next-gen)",
        "https://github.com/mollie/mollie-api-php/blob/HEAD/src/Webhooks/SignatureValidator.php",
        Scheme::hmac_sha256("x-mollie-signature", Hex)
            .optional_prefix("sha256=")
            .id("body:/id")
            .event_type("body:/type");

    /// Adyen (platform / management / banking).
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `HmacSignature`. Secret: hex (64 chars).
    /// * Id: none. `data.id` is the transfer's, the account's or the like, and the same for all that
    ///   happens to it
    ///   ([source](https://docs.adyen.com/api-explorer/transfer-webhooks/latest/post/balancePlatform.transfer.updated)).
    adyen_platform, try_adyen_platform: "adyen-header", "Adyen (platform / management / banking)",
        "https://github.com/Adyen/adyen-node-api-library/blob/HEAD/src/utils/hmacValidator.ts",
        Scheme::hmac_sha256("hmacsignature", Base64)
            .key_encoding(Hex)
            .event_type("body:/type");

    /// Sinch (Numbers).
    ///
    /// * Signed: `{body}`, HMAC-SHA1, in `X-Sinch-Signature`. Secret: UTF-8.
    /// * Id: `body:/eventId`, signed.
    sinch_numbers, try_sinch_numbers: "sinch-numbers", "Sinch (Numbers)",
        "https://github.com/sinch/sinch-sdk-node/blob/HEAD/packages/sdk-client/tests/utils/authorization.helper.test.ts",
        Scheme::new(HmacSha1, "x-sinch-signature", Hex)
            .id("body:/eventId")
            .event_type("body:/eventType");

    /// Linear.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `Linear-Signature`. Secret: UTF-8.
    /// * Id: `header:Linear-Delivery`, **not signed**.
    /// * Timestamp: `body:/webhookTimestamp`; 60 s into the past and 60 s into the future.
    linear, try_linear: "linear", "Linear",
        "https://github.com/linear/linear/blob/HEAD/packages/sdk/src/webhooks/client.ts",
        Scheme::hmac_sha256("linear-signature", Hex)
            .timestamp("body:/webhookTimestamp", Milliseconds)
            .tolerance(Some(60), 60)
            .id("header:linear-delivery")
            .event_type("body:/type");

    /// generic hub-signature list (adnanh/webhook).
    ///
    /// * Signed: `{body}`, HMAC-SHA1, in `X-Hub-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    hub_list_sha1, try_hub_list_sha1: "hub-list-sha1", "generic hub-signature list (adnanh/webhook)",
        "https://github.com/adnanh/webhook/blob/HEAD/internal/hook/hook_test.go",
        Scheme::new(HmacSha1, "x-hub-signature", Hex)
            .optional_prefix("sha1=")
            .list(",");

    /// generic hub-signature list sha512 (adnanh/webhook).
    ///
    /// * Signed: `{body}`, HMAC-SHA512, in `X-Hub-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    hub_list_sha512, try_hub_list_sha512: "hub-list-sha512", "generic hub-signature list sha512 (adnanh/webhook)",
        "https://github.com/adnanh/webhook/blob/HEAD/internal/hook/hook_test.go",
        Scheme::new(HmacSha512, "x-hub-signature", Hex)
            .optional_prefix("sha512=")
            .list(",");

    /// Convoy (simple, sha256, hex).
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Convoy-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Convoy-Idempotency-Key`, **not signed**.
    convoy_simple_sha256_hex, try_convoy_simple_sha256_hex: "convoy-simple-sha256-hex", "Convoy (simple, sha256, hex)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        Scheme::hmac_sha256("x-convoy-signature", Hex)
            .id("header:x-convoy-idempotency-key");

    /// Convoy (simple, sha256, base64).
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Convoy-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Convoy-Idempotency-Key`, **not signed**.
    convoy_simple_sha256_base64, try_convoy_simple_sha256_base64: "convoy-simple-sha256-base64", "Convoy (simple, sha256, base64)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        Scheme::hmac_sha256("x-convoy-signature", Base64)
            .id("header:x-convoy-idempotency-key");

    /// Convoy (simple, sha512, hex).
    ///
    /// * Signed: `{body}`, HMAC-SHA512, in `X-Convoy-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Convoy-Idempotency-Key`, **not signed**.
    convoy_simple_sha512_hex, try_convoy_simple_sha512_hex: "convoy-simple-sha512-hex", "Convoy (simple, sha512, hex)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        Scheme::new(HmacSha512, "x-convoy-signature", Hex)
            .id("header:x-convoy-idempotency-key");

    /// Convoy (simple, sha512, base64).
    ///
    /// * Signed: `{body}`, HMAC-SHA512, in `X-Convoy-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Convoy-Idempotency-Key`, **not signed**.
    convoy_simple_sha512_base64, try_convoy_simple_sha512_base64: "convoy-simple-sha512-base64", "Convoy (simple, sha512, base64)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        Scheme::new(HmacSha512, "x-convoy-signature", Base64)
            .id("header:x-convoy-idempotency-key");
}
