use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Uber.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-uber-signature`.
    /// * Secret: the app's client secret, as text. For Uber Direct, the webhook's signing key.
    /// * Delivery id: `body:/event_id`, signed.
    /// * Event type: `body:/event_type`, signed.
    /// * Retries: yes.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an app share the client secret.
    uber: "uber", "Uber",
        "https://developer.uber.com/docs/eats/references/api/webhooks/orders-release",
        Scheme::hmac_sha256("x-uber-signature", Hex)
            .id("body:/event_id")
            .event_type("body:/event_type"),
        shared_secret: true,
        retries: Some(true);
}
