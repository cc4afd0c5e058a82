use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Rutter.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 with the prefix `sha256=` in `x-rutter-signature`.
    /// * Secret: the client secret of the organization, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/type`, signed.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an organization share the
    ///   client secret.
    rutter: "rutter", "Rutter",
        "https://docs.rutterapi.com/docs/webhook-security",
        Scheme::hmac_sha256("x-rutter-signature", Base64)
            .prefix("sha256=")
            .event_type("body:/type"),
        shared_secret: true;
}
