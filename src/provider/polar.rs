use super::{providers, shapes};

providers! {
    /// Creates a verifier for Polar.
    ///
    /// * Signature: HMAC-SHA256 of `{header:webhook-id}.{ts}.{body}`, as base64 in `webhook-signature`.
    /// * Secret: text, not decoded, including `whsec_`. For **secrets that Polar generated on or after 8
    ///   September 2026**, use [`standard_webhooks`](super::standard_webhooks())
    ///   ([source](https://github.com/polarsource/polar/pull/14117)).
    /// * Delivery id: `header:webhook-id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:webhook-timestamp`; tolerance 300 s.
    polar: "standard-webhooks-rawkey", "Polar",
        "https://github.com/polarsource/polar/blob/HEAD/docs/integrate/webhooks/delivery.mdx",
        shapes::standard_webhooks_raw_key("webhook")
            .event_type("body:/type");
}
