use std::time::Duration;

use super::{providers, shapes};
use crate::verify::{Attempt, Location};

providers! {
    /// Creates a verifier for Persona.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `persona-signature`.
    /// * Secret: the webhook secret, as text. During a secret rotation, the header contains two groups of
    ///   fields, one for each secret, separated by a space. Either secret is therefore sufficient. If you
    ///   configure both secrets, set a [`scope`](crate::WebhookLayer::scope). Otherwise the deduplication key
    ///   depends on the secret that matched, so an attacker can remove one group from a captured delivery, and
    ///   replay the delivery with the other group.
    /// * Delivery id: `body:/data/id`, signed.
    /// * Event type: `body:/data/attributes/name`, signed.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * Retries: yes, for up to 52 hours ([source](https://docs.withpersona.com/webhooks)).
    /// * Acknowledge within: 5 s. Otherwise Persona retries
    ///   ([source](https://docs.withpersona.com/2022-09-01/webhooks-best-practices)).
    persona: "persona", "Persona",
        "https://docs.withpersona.com/v2022-09-01/docs/best-practices",
        shapes::t_and_signature("persona-signature", "v1")
            .groups(" ")
            .id("body:/data/id")
            .event_type("body:/data/attributes/name"),
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(3081 * 60)),
        attempt: Some(|| Attempt::Number(Location::header("persona-webhook-attempts-made")));
}
