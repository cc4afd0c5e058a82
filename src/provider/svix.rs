use super::{providers, shapes};

providers! {
    /// Creates a verifier for Svix.
    ///
    /// * Signature: HMAC-SHA256 of `{header:svix-id}.{ts}.{body}`, as base64 in `svix-signature`.
    /// * Secret: base64, with or without the prefix `whsec_`.
    /// * Delivery id: `header:svix-id`, signed.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:svix-timestamp`; tolerance 300 s.
    svix -> Result: "svix", "Svix",
        "https://docs.svix.com/receiving/verifying-payloads/how-manual",
        shapes::standard_webhooks("svix")
            .event_type("body:/type");
}
