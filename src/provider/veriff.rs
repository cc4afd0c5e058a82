use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Veriff.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-hmac-signature`.
    /// * Secret: the shared secret key of the integration, as text.
    /// * Delivery id: none. A session can have several deliveries.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an integration share the key.
    veriff: "veriff", "Veriff",
        "https://devdocs.veriff.com/docs/hmac-authentication-and-endpoint-security",
        Scheme::hmac_sha256("x-hmac-signature", Hex),
        shared_secret: true;
}
