use super::{handshake::CHALLENGE, providers};
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Dropbox.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Dropbox-Signature`. Secret: UTF-8 app secret.
    /// * Id: none; a notification says only whose files have changed.
    /// * Retries for about ten minutes.
    /// * Handshake: `GET ?challenge=…`, which is echoed to anybody.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an app sign
    ///   with it.
    dropbox: "dropbox", "Dropbox",
        "https://www.dropbox.com/developers/reference/webhooks",
        Scheme::hmac_sha256("x-dropbox-signature", Hex),
        shared_secret: true,
        retries: Some(true),
        handshake: Some(CHALLENGE);
}
