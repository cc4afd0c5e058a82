use super::providers;
use crate::verify::{Algorithm::RsaSha512, Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Fireblocks.
    ///
    /// * Signature: RSA-SHA512 signature of the body, as base64 in `fireblocks-signature`.
    /// * Secret: the public key that Fireblocks publishes for the environment, as PEM or base64 of its DER.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/eventType`, signed.
    /// * [Shared secret](crate::verify::Profile::shared_secret): Fireblocks signs with one key for all
    ///   customers, and each webhook gets the event with the same id.
    fireblocks -> Result: "fireblocks", "Fireblocks",
        "https://developers.fireblocks.com/reference/webhooks-gettingstarted-validatingevents",
        Scheme::new(RsaSha512, "fireblocks-signature", Base64)
            .key_encoding(Base64)
            .id("body:/id")
            .event_type("body:/eventType"),
        shared_secret: true;
}
