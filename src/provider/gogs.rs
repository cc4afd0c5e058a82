use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Gogs.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Gogs-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Gogs-Delivery`, **not signed**.
    /// * Event type: `header:X-Gogs-Event`, **not signed**.
    gogs: "gogs", "Gogs",
        "https://github.com/gogs/gogs/blob/HEAD/internal/database/webhook.go",
        Scheme::hmac_sha256("x-gogs-signature", Hex)
            .id("header:x-gogs-delivery")
            .event_type("header:x-gogs-event");
}
