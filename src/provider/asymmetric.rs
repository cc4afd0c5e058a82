//! A signature that is verified with the provider's public key.

use std::time::Duration;

use super::{facts::providers, handshake::DISCORD};
use crate::verify::{
    Algorithm::{EcdsaP256Sha256, Ed25519, RsaSha1, RsaSha256, RsaSha512},
    Encoding::{Base64, Base64Url, Hex},
    Scheme,
    TimeUnit::Seconds,
};

providers! {
    /// Standard Webhooks (v1a): the asymmetric signatures.
    ///
    /// * Signed: `{header:webhook-id}.{ts}.{body}`, Ed25519, in `webhook-signature`. Secret: the
    ///   public key, base64 of its 32 bytes after `whpk_`. Signatures of v1 beside it are passed over.
    /// * Id: `header:webhook-id`, signed.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
    standard_webhooks_v1a, try_standard_webhooks_v1a: "standard-webhooks-v1a", "Standard Webhooks (v1a)",
        "https://github.com/standard-webhooks/standard-webhooks/blob/HEAD/spec/standard-webhooks.md",
        Scheme::new(Ed25519, "webhook-signature", Base64)
            .key_prefix("whpk_")
            .key_encoding(Base64)
            .list(" ")
            .pairs(",", ["v1a"])
            .timestamp("header:webhook-timestamp", Seconds)
            .signs("{header:webhook-id}.{ts}.{body}")
            .id("header:webhook-id")
            .event_type("body:/type");

    /// Discord (interactions and webhook events).
    ///
    /// * Signed: `{ts}{body}`, Ed25519, in `X-Signature-Ed25519`. Secret: the application's public
    ///   key, hex of its 32 bytes.
    /// * Id: `body:/id`, signed; webhook events have none. Discord shows what the handler answers to an
    ///   interaction, and sends none again
    ///   ([source](https://docs.discord.com/developers/interactions/receiving-and-responding)): a duplicate
    ///   is a replay, and answered 200 without a body.
    /// * Timestamp: `header:X-Signature-Timestamp`; any age, and up to 300 s into the future, since
    ///   Discord names no limit ([`tolerance`](crate::WebhookLayer::tolerance) sets one).
    /// * Handshake: pings are answered once they are verified. Discord also sends wrong signatures,
    ///   to see them refused with 401, as they are.
    discord, try_discord: "discord", "Discord",
        "https://docs.discord.com/developers/interactions/overview",
        Scheme::new(Ed25519, "x-signature-ed25519", Hex)
            .key_encoding(Hex)
            .timestamp("header:x-signature-timestamp", Seconds)
            .tolerance(None, 300)
            .signs("{ts}{body}")
            .id("body:/id")
            .event_type("body:/type"),
        handshake: Some(DISCORD);

    /// Telnyx.
    ///
    /// * Signed: `{ts}|{body}`, Ed25519, in `telnyx-signature-ed25519`. Secret: the public key,
    ///   base64 of its 32 bytes.
    /// * Id: `body:/data/id`, signed. TeXML requests, which are forms, have none and are not deduped: Telnyx
    ///   goes on with the TeXML of the answer.
    /// * Timestamp: `header:telnyx-timestamp`; 300 s into the past and 300 s into the future.
    telnyx, try_telnyx: "telnyx", "Telnyx",
        "https://github.com/team-telnyx/telnyx-node/blob/HEAD/src/lib/webhooks.ts",
        Scheme::new(Ed25519, "telnyx-signature-ed25519", Base64)
            .key_encoding(Base64)
            .timestamp("header:telnyx-timestamp", Seconds)
            .signs("{ts}|{body}")
            .id("body:/data/id")
            .event_type("body:/data/event_type");

    /// SendGrid (signed Event Webhook).
    ///
    /// * Signed: `{ts}{body}`, ECDSA on P-256 with SHA-256, in
    ///   `X-Twilio-Email-Event-Webhook-Signature`. Secret: the verification key, base64 of DER.
    /// * Id: none that names the delivery as a whole; each of its events has an `sg_event_id`, so
    ///   that deliveries are told apart by their bodies.
    /// * Timestamp: `header:X-Twilio-Email-Event-Webhook-Timestamp`; any age, and up to 300 s into
    ///   the future, since SendGrid names no limit.
    sendgrid, try_sendgrid: "sendgrid", "SendGrid",
        "https://github.com/sendgrid/sendgrid-nodejs/blob/HEAD/packages/eventwebhook/src/eventwebhook.js",
        Scheme::new(EcdsaP256Sha256, "x-twilio-email-event-webhook-signature", Base64)
            .key_encoding(Base64)
            .timestamp("header:x-twilio-email-event-webhook-timestamp", Seconds)
            .tolerance(None, 300)
            .signs("{ts}{body}"),
        equal_bodies: true;

    /// Postal.
    ///
    /// * Signed: `{body}`, RSA with SHA-1, in `X-Postal-Signature`. Secret: the installation's
    ///   public key, PEM or base64 of DER (what follows `p=` in its DKIM record).
    /// * Id: `body:/uuid`, signed.
    postal, try_postal: "postal", "Postal",
        "https://github.com/postalserver/postal/blob/HEAD/lib/postal/http.rb",
        Scheme::new(RsaSha1, "x-postal-signature", Base64)
            .key_encoding(Base64)
            .id("body:/uuid")
            .event_type("body:/event");

    /// Wise.
    ///
    /// * Signed: `{body}`, RSA with SHA-256, in `X-Signature-SHA256`. Secret: the public key that
    ///   Wise publishes for the environment, PEM or base64 of DER.
    /// * Id: `header:X-Delivery-Id`, **not signed**.
    /// * An answer within 5 s, and up to 25 attempts over two weeks otherwise.
    /// * [Shared secret](crate::verify::Profile::shared_secret): one key signs for all
    ///   customers.
    wise, try_wise: "wise", "Wise",
        "https://docs.wise.com/guides/developer/webhooks/event-handling",
        Scheme::new(RsaSha256, "x-signature-sha256", Base64)
            .key_encoding(Base64)
            .id("header:x-delivery-id")
            .event_type("body:/event_type"),
        shared_secret: true,
        dedupe_window: Some(Duration::from_secs(15 * 86_400)),
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true);

    /// Fireblocks.
    ///
    /// * Signed: `{body}`, RSA with SHA-512, in `Fireblocks-Signature`. Secret: the public key that
    ///   Fireblocks publishes for the environment, PEM or base64 of DER.
    /// * Id: `body:/id`, signed.
    /// * [Shared secret](crate::verify::Profile::shared_secret): one key signs for all
    ///   customers, and an event has the same id at each webhook.
    fireblocks, try_fireblocks: "fireblocks", "Fireblocks",
        "https://developers.fireblocks.com/reference/webhooks-gettingstarted-validatingevents",
        Scheme::new(RsaSha512, "fireblocks-signature", Base64)
            .key_encoding(Base64)
            .id("body:/id")
            .event_type("body:/eventType"),
        shared_secret: true;

    /// fal.ai.
    ///
    /// * Signed: request id, user id, timestamp and the body's SHA-256 in hex, a line each, Ed25519,
    ///   in `X-Fal-Webhook-Signature`. Secret: a public key of its key set, the `x` of the JWK;
    ///   several, if the set has several.
    /// * Id: `header:X-Fal-Webhook-Request-Id`, signed.
    /// * Timestamp: `header:X-Fal-Webhook-Timestamp`; 300 s into the past and 300 s into the future.
    /// * Ten attempts over two hours.
    /// * [Shared secret](crate::verify::Profile::shared_secret): one key set signs for all
    ///   customers.
    fal, try_fal: "fal", "fal.ai",
        "https://docs.fal.ai/model-apis/model-endpoints/webhooks",
        Scheme::new(Ed25519, "x-fal-webhook-signature", Hex)
            .key_encoding(Base64Url)
            .timestamp("header:x-fal-webhook-timestamp", Seconds)
            .signs(
                "{header:x-fal-webhook-request-id}\n{header:x-fal-webhook-user-id}\n{ts}\n{sha256hex:body}",
            )
            .id("header:x-fal-webhook-request-id")
            .event_type("body:/status"),
        shared_secret: true,
        retries: Some(true);
}
