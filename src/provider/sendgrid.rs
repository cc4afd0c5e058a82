use std::time::Duration;

use super::providers;
use crate::verify::{Algorithm::EcdsaP256Sha256, Encoding::Base64, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for SendGrid.
    ///
    /// The verifier accepts requests of the signed Event Webhook.
    ///
    /// * Signature: ECDSA-P256-SHA256 signature of `{ts}{body}`, as base64 in
    ///   `x-twilio-email-event-webhook-signature`.
    /// * Secret: the verification key, base64 of DER.
    /// * Delivery id: none; deliveries with equal bodies count as duplicates. A delivery is a batch of events,
    ///   and has no id as a whole. Each event has an `sg_event_id`, so only retries have equal bodies.
    /// * Timestamp: `header:x-twilio-email-event-webhook-timestamp`; any age unless the layer has a
    ///   [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future. SendGrid documents no
    ///   maximum age.
    /// * Retries: yes, for up to 1 day.
    /// * Acknowledge within: 10 s.
    /// * Body limit: 32 MiB.
    /// * Batches: one body can carry several events
    ///   ([source](https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event)).
    sendgrid -> Result: "sendgrid", "SendGrid",
        "https://github.com/sendgrid/sendgrid-nodejs/blob/HEAD/packages/eventwebhook/src/eventwebhook.js",
        Scheme::new(EcdsaP256Sha256, "x-twilio-email-event-webhook-signature", Base64)
            .key_encoding(Base64)
            .timestamp("header:x-twilio-email-event-webhook-timestamp", Seconds)
            .tolerance(None, 300)
            .signs("{ts}{body}"),
        batch: true,
        equal_bodies: true,
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(24 * 3600)),
        body_limit: Some(32 * 1024 * 1024);
}
