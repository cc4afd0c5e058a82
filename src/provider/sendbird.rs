use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Sendbird.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-sendbird-signature`.
    /// * Secret: the application's master API token, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/category`, signed.
    sendbird: "sendbird", "Sendbird",
        "https://sendbird.com/docs/chat/platform-api/v3/webhook/webhook-overview",
        Scheme::hmac_sha256("x-sendbird-signature", Hex)
            .event_type("body:/category");
}
