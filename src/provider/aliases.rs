//! Aliases: senders that sign like another provider, each with the page that documents its signature.

use std::time::Duration;

use super::{
    Facts, Provider, meta::rows::meta, polar::rows::polar, standard_webhooks::rows::standard_webhooks,
    svix::rows::svix,
};

/// The facts of a sender that retries, and documents nothing else.
const RETRIED: Facts = Facts { retries: Some(true), ..Facts::NONE };

/// The facts of a sender that, like Svix, retries unless its delivery is acknowledged within 15 s.
const RETRIED_AFTER_15_S: Facts = Facts { ack_deadline: Some(Duration::from_secs(15)), ..RETRIED };

/// The facts of a sender that documents Svix's schedule of retries, the last of them after 27.6 hours.
const RETRIED_FOR_28_H: Facts = Facts { retry_period: Some(Duration::from_secs(28 * 3600)), ..RETRIED };

pub(super) static ALL: &[&Provider] = &[
    // `svix-id`, `svix-timestamp` and `svix-signature`.
    &Provider::alias(
        &svix,
        "agentmail",
        "AgentMail",
        "https://docs.agentmail.to/webhook-verification",
        Facts::NONE,
    ),
    &Provider::alias(
        &svix,
        "agntix",
        "agntix",
        "https://docs.agntix.ai/webhooks/verify-signatures",
        Facts::NONE,
    ),
    &Provider::alias(
        &svix,
        "blindpay",
        "BlindPay",
        "https://blindpay.com/docs/essentials/webhooks",
        Facts::NONE,
    )
    .with_event_type("body:/webhook_event"),
    &Provider::alias(&svix, "cerebrum", "Cerebrum", "https://docs.cerebrum.com/docs/validation", Facts::NONE),
    &Provider::alias(
        &svix,
        "clerk",
        "Clerk",
        "https://clerk.com/docs/reference/backend/verify-webhook",
        Facts::NONE,
    ),
    &Provider::alias(
        &svix,
        "crossmint",
        "Crossmint",
        "https://docs.crossmint.com/introduction/platform/webhooks/verify-webhooks",
        Facts::NONE,
    ),
    &Provider::alias(
        &svix,
        "flex",
        "Flex",
        "https://docs.withflex.com/webhooks/verifying-webhooks",
        Facts::NONE,
    ),
    &Provider::alias(
        &svix,
        "goody",
        "Goody",
        "https://developer.ongoody.com/webhooks/webhook-security",
        Facts::NONE,
    ),
    &Provider::alias(
        &svix,
        "juo",
        "Juo",
        "https://juo.dev/docs/api-reference/admin/webhooks/signature-verification",
        Facts::NONE,
    ),
    &Provider::alias(&svix, "nash", "Nash", "https://docs.usenash.com/reference/webhooks", RETRIED),
    &Provider::alias(
        &svix,
        "openmeter",
        "OpenMeter",
        "https://openmeter.io/docs/guides/webhooks",
        Facts::NONE,
    ),
    &Provider::alias(
        &svix,
        "privy",
        "Privy",
        "https://docs.privy.io/user-management/users/webhooks/handling-events",
        Facts::NONE,
    ),
    &Provider::alias(&svix, "reducto", "Reducto", "https://docs.reducto.ai/workflows/svix-webhooks", RETRIED),
    &Provider::alias(
        &svix,
        "resend",
        "Resend",
        "https://resend.com/docs/webhooks/verify-webhooks-requests",
        Facts::NONE,
    ),
    &Provider::alias(
        &svix,
        "seam",
        "Seam",
        "https://docs.seam.co/latest/developer-tools/webhooks",
        RETRIED_FOR_28_H,
    )
    .with_event_type("body:/event_type"),
    &Provider::alias(
        &svix,
        "sohar-health",
        "Sohar Health",
        "https://docs.soharhealth.com/documentation/webhooks/security",
        Facts::NONE,
    ),
    &Provider::alias(
        &svix,
        "straddle",
        "Straddle",
        "https://docs.straddle.io/webhooks/security/sdks",
        RETRIED_AFTER_15_S,
    )
    .with_event_type("body:/event_type"),
    &Provider::alias(&svix, "stytch", "Stytch", "https://stytch.com/docs/b2b/guides/webhooks", Facts::NONE),
    &Provider::alias(
        &svix,
        "taskrabbit",
        "Taskrabbit",
        "https://developer.taskrabbit.com/docs/webhooks-1",
        RETRIED,
    )
    .with_event_type("body:/event"),
    &Provider::alias(&svix, "trunk", "Trunk", "https://docs.trunk.io/flaky-tests/webhooks", Facts::NONE),
    &Provider::alias(
        &svix,
        "vanta",
        "Vanta",
        "https://developer.vanta.com/docs/webhooks",
        RETRIED_AFTER_15_S,
    ),
    &Provider::alias(
        &svix,
        "wristband",
        "Wristband",
        "https://docs.wristband.dev/docs/consuming-webhook-events",
        RETRIED_AFTER_15_S,
    ),
    // `webhook-id`, `webhook-timestamp` and `webhook-signature`.
    &Provider::alias(
        &standard_webhooks,
        "allo",
        "Allo",
        "https://help.withallo.com/en/api-reference/webhooks/verifying-signatures",
        Facts { ack_deadline: Some(Duration::from_secs(20)), ..RETRIED_FOR_28_H },
    )
    .with_event_type("body:/topic"),
    &Provider::alias(
        &standard_webhooks,
        "basiq",
        "Basiq",
        "https://api.basiq.io/docs/webhooks-security",
        Facts::NONE,
    )
    .with_event_type("body:/eventTypeId"),
    &Provider::alias(
        &standard_webhooks,
        "brex",
        "Brex",
        "https://developer.brex.com/docs/webhooks",
        Facts::NONE,
    ),
    &Provider::alias(
        &standard_webhooks,
        "browserbase",
        "Browserbase",
        "https://docs.browserbase.com/platform/webhooks/verifying-deliveries",
        Facts { ack_deadline: Some(Duration::from_secs(15)), ..RETRIED_FOR_28_H },
    ),
    &Provider::alias(
        &standard_webhooks,
        "dodo-payments",
        "Dodo Payments",
        "https://docs.dodopayments.com/developer-resources/webhooks",
        RETRIED_AFTER_15_S,
    ),
    &Provider::alias(
        &standard_webhooks,
        "etsy",
        "Etsy",
        "https://developers.etsy.com/documentation/essentials/webhooks",
        RETRIED_FOR_28_H,
    )
    .with_event_type("body:/event_type"),
    &Provider::alias(
        &standard_webhooks,
        "gemini",
        "Gemini API (static webhooks)",
        "https://ai.google.dev/gemini-api/docs/webhooks",
        Facts { retry_period: Some(Duration::from_secs(24 * 3600)), ..RETRIED },
    ),
    &Provider::alias(
        &standard_webhooks,
        "helcim",
        "Helcim",
        "https://devdocs.helcim.com/docs/webhooks",
        Facts::NONE,
    ),
    &Provider::alias(
        &standard_webhooks,
        "higgsfield",
        "Higgsfield",
        "https://docs.higgsfield.ai/docs/enterprise/webhook-security",
        Facts {
            ack_deadline: Some(Duration::from_secs(10)),
            retry_period: Some(Duration::from_secs(2 * 3600)),
            ..RETRIED
        },
    ),
    &Provider::alias(
        &standard_webhooks,
        "incident-io",
        "incident.io",
        "https://docs.incident.io/api-reference/webhooks",
        RETRIED,
    ),
    &Provider::alias(
        &standard_webhooks,
        "liveblocks",
        "Liveblocks",
        "https://liveblocks.io/docs/platform/webhooks",
        RETRIED,
    ),
    &Provider::alias(&standard_webhooks, "loops", "Loops", "https://loops.so/docs/webhooks", Facts::NONE)
        .with_event_type("body:/eventName"),
    &Provider::alias(
        &standard_webhooks,
        "make",
        "Make",
        "https://developers.make.com/event-subscription/implementation/verify-signatures",
        Facts::NONE,
    )
    .with_event_type("header:webhook-topic"),
    &Provider::alias(
        &standard_webhooks,
        "novu",
        "Novu",
        "https://docs.novu.co/platform/developer/webhooks",
        RETRIED_FOR_28_H,
    ),
    &Provider::alias(
        &standard_webhooks,
        "pleo",
        "Pleo",
        "https://developers.pleo.io/reference/webhooks-authentication-authorisation",
        Facts::NONE,
    ),
    &Provider::alias(
        &standard_webhooks,
        "quo",
        "Quo (OpenPhone), beta webhooks",
        "https://www.quo.com/docs/mdx/beta/webhooks-quickstart",
        Facts::NONE,
    ),
    &Provider::alias(
        &standard_webhooks,
        "recall-ai",
        "Recall.ai",
        "https://docs.recall.ai/docs/authenticating-requests-from-recallai",
        RETRIED_AFTER_15_S,
    )
    .with_event_type("body:/event"),
    &Provider::alias(
        &standard_webhooks,
        "render",
        "Render",
        "https://render.com/docs/webhooks",
        RETRIED_AFTER_15_S,
    ),
    &Provider::alias(
        &standard_webhooks,
        "safetykit",
        "SafetyKit",
        "https://docs.safetykit.com/webhooks/verifying-signatures/",
        Facts { ack_deadline: Some(Duration::from_secs(15)), ..Facts::NONE },
    ),
    &Provider::alias(
        &standard_webhooks,
        "shipbob",
        "ShipBob",
        "https://developer.shipbob.com/2026-01/webhooks",
        Facts::NONE,
    )
    .with_event_type("header:x-webhook-topic"),
    &Provider::alias(
        &standard_webhooks,
        "signatureapi",
        "SignatureAPI",
        "https://signatureapi.com/docs/api/guides/how-to/verify-webhooks",
        Facts::NONE,
    ),
    &Provider::alias(
        &standard_webhooks,
        "zapier",
        "Zapier (connection webhooks)",
        "https://docs.zapier.com/white-label/connection-webhooks/verify-signatures",
        RETRIED,
    ),
    // The same headers, but the key is the text of the secret.
    &Provider::alias(&polar, "whop", "Whop", "https://docs.whop.com/developer/guides/webhooks", RETRIED),
    // `x-hub-signature-256`.
    &Provider::alias(
        &meta,
        "instagram",
        "Instagram",
        "https://developers.facebook.com/docs/instagram-platform/webhooks",
        meta.facts,
    ),
    &Provider::alias(
        &meta,
        "messenger",
        "Messenger",
        "https://developers.facebook.com/docs/messenger-platform/webhooks",
        meta.facts,
    ),
    &Provider::alias(
        &meta,
        "whatsapp",
        "WhatsApp",
        "https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/create-webhook-endpoint",
        meta.facts,
    ),
];
