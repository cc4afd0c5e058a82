use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Cronofy.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `cronofy-hmac-sha256`.
    /// * Secret: the application's client secret, as text. If the application has several secrets, the header
    ///   contains the signature of each.
    /// * Delivery id: none.
    /// * Event type: `body:/notification/type`, signed.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all channels of an application share the
    ///   secret.
    cronofy: "cronofy", "Cronofy",
        "https://docs.cronofy.com/developers/push-notifications/authentication/",
        Scheme::hmac_sha256("cronofy-hmac-sha256", Base64)
            .list(",")
            .event_type("body:/notification/type"),
        shared_secret: true;
}
