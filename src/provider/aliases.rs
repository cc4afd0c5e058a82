//! Aliases: senders that sign like another provider, each with the page that documents its signature.

use std::time::Duration;

use super::{Facts, Provider, standard_webhooks::rows::standard_webhooks, svix::rows::svix};

/// The facts of a sender that retries, and documents nothing else.
const RETRIED: Facts = Facts { retries: Some(true), ..Facts::NONE };

/// The facts of a sender that, like Svix, retries unless its delivery is acknowledged within 15 s.
const RETRIED_AFTER_15_S: Facts = Facts { ack_deadline: Some(Duration::from_secs(15)), ..RETRIED };

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
        "goody",
        "Goody",
        "https://developer.ongoody.com/webhooks/webhook-security",
        Facts::NONE,
    ),
    &Provider::alias(
        &svix,
        "resend",
        "Resend",
        "https://resend.com/docs/webhooks/verify-webhooks-requests",
        Facts::NONE,
    ),
    &Provider::alias(
        &svix,
        "sohar-health",
        "Sohar Health",
        "https://docs.soharhealth.com/documentation/webhooks/security",
        Facts::NONE,
    ),
    &Provider::alias(&svix, "stytch", "Stytch", "https://stytch.com/docs/b2b/guides/webhooks", Facts::NONE),
    &Provider::alias(
        &svix,
        "vanta",
        "Vanta",
        "https://developer.vanta.com/docs/webhooks",
        RETRIED_AFTER_15_S,
    ),
    // `webhook-id`, `webhook-timestamp` and `webhook-signature`.
    &Provider::alias(
        &standard_webhooks,
        "brex",
        "Brex",
        "https://developer.brex.com/docs/webhooks",
        Facts::NONE,
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
        "pleo",
        "Pleo",
        "https://developers.pleo.io/reference/webhooks-authentication-authorisation",
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
        "signatureapi",
        "SignatureAPI",
        "https://signatureapi.com/docs/api/guides/how-to/verify-webhooks",
        Facts::NONE,
    ),
];
