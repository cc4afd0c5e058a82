use super::providers;
use crate::verify::{Algorithm::EcdsaP256Sha256, Encoding::Base64, Scheme, TimeUnit::Seconds};

providers! {
    /// ECDSA-P256-SHA256 of `{ts}{body}` in `X-Twilio-Email-Event-Webhook-Signature`, base64.
    ///
    /// SendGrid (signed Event Webhook).
    ///
    /// * Secret: the verification key, base64 of DER.
    /// * Delivery id: none. No id names the delivery as a whole; each of its events has an `sg_event_id`, so
    ///   that deliveries are told apart by their bodies.
    /// * Timestamp: `header:x-twilio-email-event-webhook-timestamp`; any age and 300 s into the future. Since
    ///   SendGrid names no limit.
    /// * Batches: one body can carry several events.
    ///   ([Source](https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event)).
    sendgrid -> Result: "sendgrid", "SendGrid",
        "https://github.com/sendgrid/sendgrid-nodejs/blob/HEAD/packages/eventwebhook/src/eventwebhook.js",
        Scheme::new(EcdsaP256Sha256, "x-twilio-email-event-webhook-signature", Base64)
            .key_encoding(Base64)
            .timestamp("header:x-twilio-email-event-webhook-timestamp", Seconds)
            .tolerance(None, 300)
            .signs("{ts}{body}"),
        batch: true,
        equal_bodies: true;
}
