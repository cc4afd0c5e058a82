use super::providers;
use crate::verify::{Algorithm::RsaSha512, Encoding::Base64, Scheme};

providers! {
    /// RSA-SHA512 of the body in `Fireblocks-Signature`, base64.
    ///
    /// * Secret: the public key that Fireblocks publishes for the environment, PEM or base64 of DER.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/eventType`, signed.
    /// * [Shared secret](crate::verify::Profile::shared_secret): one key signs for all customers, and an event
    ///   has the same id for each webhook.
    fireblocks -> Result: "fireblocks", "Fireblocks",
        "https://developers.fireblocks.com/reference/webhooks-gettingstarted-validatingevents",
        Scheme::new(RsaSha512, "fireblocks-signature", Base64)
            .key_encoding(Base64)
            .id("body:/id")
            .event_type("body:/eventType"),
        shared_secret: true;
}
