use super::{providers, shapes};

providers! {
    /// HMAC-SHA256 of `{header:svix-id}.{ts}.{body}` in `Svix-Signature`, base64.
    ///
    /// * Secret: base64 after optional `whsec_`.
    /// * Delivery id: `header:svix-id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:svix-timestamp`; 300 s into the past and 300 s into the future.
    svix -> Result: "svix", "Svix",
        "https://docs.svix.com/receiving/verifying-payloads/how-manual",
        shapes::standard_webhooks("svix")
            .event_type("body:/type");
}
