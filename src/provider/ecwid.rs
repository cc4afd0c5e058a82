use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Ecwid.
    ///
    /// * Signature: HMAC-SHA256 of `{body:/eventCreated}.{body:/eventId}`, as base64 in
    ///   `x-ecwid-webhook-signature`.
    /// * Secret: the app's client secret, as text.
    /// * Delivery id: `body:/eventId`, signed
    ///   ([source](https://docs.ecwid.com/build-apps/webhook-automations/learn-ecwid-webhooks/event-data-in-webhooks)).
    /// * Event type: `body:/eventType`, **not signed**.
    /// * Not covered: all of the body except `eventCreated` and `eventId`. An attacker who captures a delivery
    ///   can change its type and its entity. Use the event only to decide what to query from the API.
    ecwid: "ecwid", "Ecwid",
        "https://api-docs.ecwid.com/reference/webhook-security",
        Scheme::hmac_sha256("x-ecwid-webhook-signature", Base64)
            .signs("{body:/eventCreated}.{body:/eventId}")
            .id("body:/eventId")
            .event_type("body:/eventType");
}
