use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Gitea / Forgejo.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-gitea-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:x-gitea-delivery`, **not signed**.
    /// * Event type: `header:x-gitea-event`, **not signed**.
    gitea: "gitea", "Gitea / Forgejo",
        "https://github.com/go-playground/webhooks/blob/HEAD/gitea/gitea_test.go",
        Scheme::hmac_sha256("x-gitea-signature", Hex)
            .id("header:x-gitea-delivery")
            .event_type("header:x-gitea-event");
}
