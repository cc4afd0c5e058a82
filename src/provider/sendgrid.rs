use super::providers;
use crate::verify::{Algorithm::EcdsaP256Sha256, Encoding::Base64, Scheme, TimeUnit::Seconds};

providers! {
    /// SendGrid (signed Event Webhook).
    ///
    /// * Signed: `{ts}{body}`, ECDSA on P-256 with SHA-256, in
    ///   `X-Twilio-Email-Event-Webhook-Signature`. Secret: the verification key, base64 of DER.
    /// * Id: none that names the delivery as a whole; each of its events has an `sg_event_id`, so
    ///   that deliveries are told apart by their bodies.
    /// * Timestamp: `header:X-Twilio-Email-Event-Webhook-Timestamp`; any age, and up to 300 s into
    ///   the future, since SendGrid names no limit.
    sendgrid -> Result: "sendgrid", "SendGrid",
        "https://github.com/sendgrid/sendgrid-nodejs/blob/HEAD/packages/eventwebhook/src/eventwebhook.js",
        Scheme::new(EcdsaP256Sha256, "x-twilio-email-event-webhook-signature", Base64)
            .key_encoding(Base64)
            .timestamp("header:x-twilio-email-event-webhook-timestamp", Seconds)
            .tolerance(None, 300)
            .signs("{ts}{body}"),
        equal_bodies: true;
}
