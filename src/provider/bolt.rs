use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Bolt.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-bolt-hmac-sha256`.
    /// * Secret: the merchant's signing secret, as text.
    /// * Delivery id: none.
    /// * During a rotation, Bolt also sends `X-Bolt-Hmac-Sha256-Pending` with the signature of the new secret.
    ///   The layer ignores this header, so configure both secrets.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of a merchant share its secret.
    bolt: "bolt", "Bolt",
        "https://help.bolt.com/developers/webhooks/hook-verification/",
        Scheme::hmac_sha256("x-bolt-hmac-sha256", Base64),
        shared_secret: true;
}
