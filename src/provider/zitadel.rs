use super::{providers, shapes::t_and_signature};

providers! {
    /// Creates a verifier for Zitadel.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `zitadel-signature`.
    /// * Secret: the target's signing key, as text. The target must have the payload type JSON, the default.
    /// * Delivery id: none.
    /// * Event type: `body:/event_type`, signed.
    /// * Timestamp: `field:t`; tolerance 300 s.
    zitadel: "zitadel", "Zitadel",
        "https://github.com/zitadel/zitadel/blob/HEAD/pkg/actions/signing.go",
        t_and_signature("zitadel-signature", "v1")
            .event_type("body:/event_type");
}
