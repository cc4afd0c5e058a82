use super::{handshake::REACHABLE, providers};
use crate::verify::{Algorithm::HmacSha1, Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Intercom.
    ///
    /// * Signature: HMAC-SHA1 of the body, as hex with the prefix `sha1=` in `x-hub-signature`.
    /// * Secret: the client secret, as text.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/topic`, signed.
    /// * Handshake: `HEAD`, to which the layer responds with 200
    ///   ([source](https://developers.intercom.com/docs/webhooks/setting-up-webhooks)).
    intercom: "intercom", "Intercom",
        "https://developers.intercom.com/intercom-api-reference/v1.0/reference/signed-notifications",
        Scheme::new(HmacSha1, "x-hub-signature", Hex)
            .prefix("sha1=")
            .id("body:/id")
            .event_type("body:/topic"),
        handshake: Some(REACHABLE);
}
