use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Gitea / Forgejo.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Gitea-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Gitea-Delivery`, **not signed**.
    /// * Event type: `header:X-Gitea-Event`, **not signed**.
    gitea: "gitea", "Gitea / Forgejo",
        "https://github.com/go-playground/webhooks/blob/HEAD/gitea/gitea_test.go",
        Scheme::hmac_sha256("x-gitea-signature", Hex)
            .id("header:x-gitea-delivery")
            .event_type("header:x-gitea-event");
}
