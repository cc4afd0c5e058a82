use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Fs-Signature`, base64.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none. That names the delivery as a whole; it is a batch of events.
    fastspring: "fastspring", "FastSpring",
        "https://developer.fastspring.com/docs/message-security",
        Scheme::hmac_sha256("x-fs-signature", Base64);
}
