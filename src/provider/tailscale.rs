use super::{providers, shapes::t_and_signature};

providers! {
    /// Creates a verifier for Tailscale.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `tailscale-webhook-signature`.
    /// * Secret: the webhook's secret, as text including `tskey-webhook-`.
    /// * Delivery id: none.
    /// * Event type: `body:/0/type`, signed.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * Retries: yes.
    /// * Batches: one body can carry several events. The body is an array.
    tailscale: "tailscale", "Tailscale",
        "https://github.com/tailscale/tailscale/blob/HEAD/docs/webhooks/example.go",
        t_and_signature("tailscale-webhook-signature", "v1")
            .event_type("body:/0/type"),
        retries: Some(true),
        batch: true;
}
