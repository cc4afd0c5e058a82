use super::{providers, shapes};

providers! {
    /// Svix.
    ///
    /// * Signed: `{header:svix-id}.{ts}.{body}`, HMAC-SHA256, in `svix-signature`. Secret: base64
    ///   after optional `whsec_`.
    /// * Id: `header:svix-id`, signed.
    /// * Timestamp: `header:svix-timestamp`; 300 s into the past and 300 s into the future.
    svix -> Result: "svix", "Svix",
        "https://docs.svix.com/receiving/verifying-payloads/how-manual",
        shapes::standard_webhooks("svix")
            .event_type("body:/type");
}
