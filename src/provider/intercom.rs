use super::{handshake::REACHABLE, providers};
use crate::verify::{Algorithm::HmacSha1, Encoding::Hex, Scheme};

providers! {
    /// Intercom.
    ///
    /// * Signed: `{body}`, HMAC-SHA1, in `X-Hub-Signature`. Secret: UTF-8 client secret.
    /// * Id: `body:/id`, signed.
    /// * Handshake: `HEAD`, which is answered 200
    ///   ([source](https://developers.intercom.com/docs/webhooks/setting-up-webhooks)).
    intercom: "intercom", "Intercom",
        "https://developers.intercom.com/intercom-api-reference/v1.0/reference/signed-notifications",
        Scheme::new(HmacSha1, "x-hub-signature", Hex)
            .prefix("sha1=")
            .id("body:/id")
            .event_type("body:/topic"),
        handshake: Some(REACHABLE);
}
