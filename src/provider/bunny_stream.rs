use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Bunny Stream.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-bunnystream-signature`.
    /// * Secret: the video library's read-only API key, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/Status`, signed.
    /// * The event type is the number of the status, such as 3 for a finished video.
    bunny_stream: "bunny-stream", "Bunny Stream",
        "https://docs.bunny.net/stream/webhooks",
        Scheme::hmac_sha256("x-bunnystream-signature", Hex)
            .event_type("body:/Status");
}
