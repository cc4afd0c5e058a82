use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Fs-Signature`, base64.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none. A delivery is a batch of events, and no id names it as a whole.
    /// * Batches: one body can carry several events.
    ///   ([Source](https://developer.fastspring.com/docs/webhooks-overview)).
    fastspring: "fastspring", "FastSpring",
        "https://developer.fastspring.com/docs/message-security",
        Scheme::hmac_sha256("x-fs-signature", Base64),
        batch: true;
}
