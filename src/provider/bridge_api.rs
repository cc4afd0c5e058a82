use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Bridge (bridgeapi.io).
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `bridgeapi-signature`.
    /// * Secret: the webhook's secret, as text. For 24 hours after a rotation, the header has a signature for
    ///   each secret.
    /// * Delivery id: none.
    /// * Event type: `body:/type`, signed.
    /// * Retries: yes.
    bridge_api: "bridge-api", "Bridge (bridgeapi.io)",
        "https://docs.bridgeapi.io/docs/secure-your-webhooks",
        Scheme::hmac_sha256("bridgeapi-signature", Hex)
            .list(",")
            .pairs("=", ["v1"])
            .event_type("body:/type"),
        retries: Some(true);
}
