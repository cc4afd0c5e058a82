use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Nango.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-nango-hmac-sha256`. The layer ignores
    ///   `x-nango-signature`, a plain hash that Nango also sends.
    /// * Secret: the environment's webhook signing key, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/type`, signed.
    /// * Retries: yes.
    /// * Acknowledge within: 20 s.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all URLs of an environment share its signing
    ///   key.
    nango: "nango", "Nango",
        "https://github.com/NangoHQ/nango/blob/HEAD/docs/guides/platform/webhooks-from-nango.mdx",
        Scheme::hmac_sha256("x-nango-hmac-sha256", Hex)
            .event_type("body:/type"),
        shared_secret: true,
        ack_deadline: Some(Duration::from_secs(20)),
        retries: Some(true);
}
