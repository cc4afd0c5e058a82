use std::time::Duration;

use super::{handshake::CHALLENGE, providers};
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Dropbox.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-dropbox-signature`.
    /// * Secret: the app secret, as text.
    /// * Delivery id: none. A notification only lists the accounts whose files have changed.
    /// * Retries: yes, for up to 10 minutes.
    /// * Acknowledge within: 10 s.
    /// * Handshake: `GET ?challenge=…`. The layer echoes the challenge to any client.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an app share the secret.
    dropbox: "dropbox", "Dropbox",
        "https://www.dropbox.com/developers/reference/webhooks",
        Scheme::hmac_sha256("x-dropbox-signature", Hex),
        shared_secret: true,
        retries: Some(true),
        retry_period: Some(Duration::from_secs(10 * 60)),
        handshake: Some(CHALLENGE),
        ack_deadline: Some(Duration::from_secs(10));
}
