use super::providers;
use crate::verify::{Encoding::Base64, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Port (actions).
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as base64 with the prefix `v1,` in `x-port-signature`.
    /// * Secret: the organization's client secret, as text.
    /// * Delivery id: none.
    /// * Timestamp: `header:x-port-timestamp`; tolerance 300 s.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all actions of an organization share its client
    ///   secret.
    port: "port", "Port (actions)",
        "https://github.com/port-labs/port-docs/blob/HEAD/docs/actions-and-automations/setup-backend/webhook/signature-verification.md",
        Scheme::hmac_sha256("x-port-signature", Base64)
            .prefix("v1,")
            .timestamp("header:x-port-timestamp", Seconds)
            .signs("{ts}.{body}"),
        shared_secret: true;
}
