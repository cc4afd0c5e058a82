use super::providers;
use crate::verify::{Algorithm::HmacSha512, Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Authorize.Net.
    ///
    /// * Signature: HMAC-SHA512 of the body, as hex with the prefix `sha512=` in `x-anet-signature`.
    /// * Secret: the signature key, as text. The key consists of hex digits, but Authorize.Net does not decode
    ///   them to sign webhooks, unlike for transaction hashes.
    /// * Delivery id: `body:/notificationId`, signed.
    /// * Event type: `body:/eventType`, signed.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an account share the key.
    authorize_net: "authorize-net", "Authorize.Net",
        "https://developer.authorize.net/api/reference/features/webhooks.html",
        Scheme::new(HmacSha512, "x-anet-signature", Hex)
            .prefix("sha512=")
            .id("body:/notificationId")
            .event_type("body:/eventType"),
        shared_secret: true;
}
