use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for NMI.
    ///
    /// * Signature: HMAC-SHA256 of `{field:t}.{body}`, as hex in `webhook-signature`.
    /// * Secret: the signing key of the webhooks, as text.
    /// * Delivery id: `body:/event_id`, signed.
    /// * Event type: `body:/event_type`, signed.
    /// * Retries: yes.
    /// * The field `t` is a nonce and not a timestamp.
    nmi: "nmi", "NMI",
        "https://docs.nmi.com/reference/overview",
        Scheme::hmac_sha256("webhook-signature", Hex)
            .list(",")
            .pairs("=", ["s"])
            .signs("{field:t}.{body}")
            .id("body:/event_id")
            .event_type("body:/event_type"),
        retries: Some(true);
}
