use super::{providers, shapes};

providers! {
    /// HMAC-SHA256 of `{header:webhook-id}.{ts}.{body}` in `Webhook-Signature`, base64.
    ///
    /// * Secret: the text as it stands, with its `whsec_`. **Secrets that Polar has generated since 8 September
    ///   2026** are those of Standard Webhooks ([source](https://github.com/polarsource/polar/pull/14117)): use
    ///   [`standard_webhooks`](super::standard_webhooks()) for them.
    /// * Delivery id: `header:webhook-id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:webhook-timestamp`; 300 s into the past and 300 s into the future.
    polar: "standard-webhooks-rawkey", "Polar",
        "https://github.com/polarsource/polar/blob/HEAD/docs/integrate/webhooks/delivery.mdx",
        shapes::standard_webhooks_raw_key("webhook")
            .event_type("body:/type");
}
