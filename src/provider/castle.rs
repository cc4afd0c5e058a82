use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Castle.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-castle-signature`.
    /// * Secret: the environment's API secret, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/type`, signed.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an environment share its API
    ///   secret.
    castle: "castle", "Castle",
        "https://github.com/castle/castle-ruby/blob/HEAD/lib/castle/webhooks/verify.rb",
        Scheme::hmac_sha256("x-castle-signature", Base64)
            .event_type("body:/type"),
        shared_secret: true;
}
