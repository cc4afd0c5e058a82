use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Gitea / Forgejo.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-gitea-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:x-gitea-delivery`, **not signed**.
    /// * Event type: `header:x-gitea-event`, **not signed**.
    /// * Retries: **never** ([source](https://github.com/go-gitea/gitea/blob/HEAD/services/webhook/deliver.go)).
    /// * Acknowledge within: 5 s.
    /// * With the content type "form", Gitea sends the JSON in the form field `payload`. With the method `GET`,
    ///   Gitea sends it in the query parameter `payload`. In both cases, the signature covers only the JSON, and
    ///   the layer extracts the JSON as the payload.
    gitea: "gitea", "Gitea / Forgejo",
        "https://github.com/go-playground/webhooks/blob/HEAD/gitea/gitea_test.go",
        Scheme::hmac_sha256("x-gitea-signature", Hex)
            .id("header:x-gitea-delivery")
            .event_type("header:x-gitea-event"),
        signed_field: Some("payload"),
        retries: Some(false),
        ack_deadline: Some(Duration::from_secs(5));
}
