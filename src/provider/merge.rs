use super::providers;
use crate::verify::{Encoding::Base64Url, Scheme};

providers! {
    /// Creates a verifier for Merge.
    ///
    /// * Signature: HMAC-SHA256 of the body, as URL-safe base64 in `x-merge-webhook-signature`.
    /// * Secret: the organization's signature key, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/hook/event`, signed.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an organization share the key.
    merge: "merge", "Merge",
        "https://docs.merge.dev/basics/webhooks/merge-webhooks",
        Scheme::hmac_sha256("x-merge-webhook-signature", Base64Url)
            .event_type("body:/hook/event"),
        shared_secret: true;
}
