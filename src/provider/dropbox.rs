use super::{handshake::CHALLENGE, providers};
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Dropbox-Signature`, hex.
    ///
    /// * Secret: the app secret, as text.
    /// * Delivery id: none. A notification only names the accounts whose files have changed.
    /// * Retries: yes. For about ten minutes.
    /// * Handshake: `GET ?challenge=…`, which is echoed to any client.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an app share it.
    dropbox: "dropbox", "Dropbox",
        "https://www.dropbox.com/developers/reference/webhooks",
        Scheme::hmac_sha256("x-dropbox-signature", Hex),
        shared_secret: true,
        retries: Some(true),
        handshake: Some(CHALLENGE);
}
