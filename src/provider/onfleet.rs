use http::Method;

use super::{
    handshake::{Handshake, echo},
    providers,
};
use crate::verify::{Algorithm::HmacSha512, Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Onfleet.
    ///
    /// * Signature: HMAC-SHA512 of the body, as hex in `x-onfleet-signature`.
    /// * Secret: the organization's webhook secret, hex.
    /// * Delivery id: none.
    /// * Handshake: `GET ?check=…`. The layer echoes the value to any client
    ///   ([source](https://docs.onfleet.com/reference/create-webhook)).
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an organization share the
    ///   secret.
    onfleet -> Result: "onfleet", "Onfleet",
        "https://docs.onfleet.com/reference/secrets",
        Scheme::new(HmacSha512, "x-onfleet-signature", Hex)
            .key_encoding(Hex),
        shared_secret: true,
        handshake: Some(HANDSHAKE);
}

/// Onfleet's handshake: `GET ?check=…`.
const HANDSHAKE: Handshake = Handshake {
    unsigned: |request| {
        let check = request.is(&Method::GET).then(|| request.query("check"))??;
        echo(&check)
    },
    ..Handshake::NONE
};
