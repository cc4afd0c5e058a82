use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Gogs.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-gogs-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:x-gogs-delivery`, **not signed**.
    /// * Event type: `header:x-gogs-event`, **not signed**.
    /// * Retries: **never**.
    /// * With the content type "form", Gogs sends the JSON in the form field `payload`. In this case, the
    ///   signature covers only the JSON, and the layer extracts the JSON as the payload.
    gogs: "gogs", "Gogs",
        "https://github.com/gogs/gogs/blob/HEAD/internal/database/webhook.go",
        Scheme::hmac_sha256("x-gogs-signature", Hex)
            .id("header:x-gogs-delivery")
            .event_type("header:x-gogs-event"),
        signed_field: Some("payload"),
        retries: Some(false);
}
