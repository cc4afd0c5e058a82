use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// FastSpring.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-FS-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole; it is a batch of events.
    fastspring: "fastspring", "FastSpring",
        "https://developer.fastspring.com/docs/message-security",
        Scheme::hmac_sha256("x-fs-signature", Base64);
}
