use std::time::Duration;

use super::providers;
use crate::verify::{Algorithm::RsaSha256, Encoding::Base64, Scheme};

providers! {
    /// Wise.
    ///
    /// * Signed: `{body}`, RSA with SHA-256, in `X-Signature-SHA256`. Secret: the public key that
    ///   Wise publishes for the environment, PEM or base64 of DER.
    /// * Id: `header:X-Delivery-Id`, **not signed**.
    /// * An answer within 5 s, and up to 25 attempts over two weeks otherwise.
    /// * [Shared secret](crate::verify::Profile::shared_secret): one key signs for all
    ///   customers.
    wise -> Result: "wise", "Wise",
        "https://docs.wise.com/guides/developer/webhooks/event-handling",
        Scheme::new(RsaSha256, "x-signature-sha256", Base64)
            .key_encoding(Base64)
            .id("header:x-delivery-id")
            .event_type("body:/event_type"),
        shared_secret: true,
        dedupe_window: Some(Duration::from_secs(15 * 86_400)),
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true);
}
