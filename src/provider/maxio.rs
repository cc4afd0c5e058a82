use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Maxio Advanced Billing (Chargify).
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-chargify-webhook-signature-hmac-sha-256`.
    /// * Secret: the site's shared key, as text.
    /// * Delivery id: `header:x-chargify-webhook-id`, **not signed**.
    /// * Event type: `form:event`, signed.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of a site share the key.
    maxio: "maxio", "Maxio Advanced Billing (Chargify)",
        "https://gist.github.com/afreeland/003026ee17ab0f6de8b3acc4b33f797b",
        Scheme::hmac_sha256("x-chargify-webhook-signature-hmac-sha-256", Hex)
            .id("header:x-chargify-webhook-id")
            .event_type("form:event"),
        shared_secret: true;
}
