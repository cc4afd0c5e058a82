use std::time::Duration;

use super::{providers, shapes};

providers! {
    /// HMAC-SHA256 of `{ts}.{body}` in `Persona-Signature`, hex.
    ///
    /// * Secret: the whole text. During a rotation the header has two groups, separated by a space, of which
    ///   only the last is read: configure both secrets.
    /// * Delivery id: `body:/data/id`, signed.
    /// * Event type: `body:/data/attributes/name`, signed.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    /// * Retries: yes.
    /// * Acknowledge within: 5 s. Retries otherwise
    ///   ([source](https://docs.withpersona.com/2022-09-01/webhooks-best-practices)).
    persona: "persona", "Persona",
        "https://docs.withpersona.com/v2022-09-01/docs/best-practices",
        shapes::t_and_signature("persona-signature", "v1")
            .id("body:/data/id")
            .event_type("body:/data/attributes/name"),
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true);
}
