use super::{providers, shapes::t_and_signature};

providers! {
    /// Creates a verifier for Rootly.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}{body}`, as hex in `x-rootly-signature`.
    /// * Secret: the webhook's secret, as text.
    /// * Delivery id: `body:/event/id`, signed.
    /// * Event type: `body:/event/type`, signed
    ///   ([source](https://docs.rootly.com/configuration/event-payloads)).
    /// * Timestamp: `field:t`; tolerance 300 s.
    rootly: "rootly", "Rootly",
        "https://docs.rootly.com/configuration/webhooks",
        t_and_signature("x-rootly-signature", "v1")
            .signs("{ts}{body}")
            .id("body:/event/id")
            .event_type("body:/event/type");
}
