use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Emailit.
    ///
    /// * Signed: `{ts}.{body}`, HMAC-SHA256, in `X-Emailit-Signature`. Secret: UTF-8 of the whole
    ///   string *including* `whsec_`.
    /// * Id: none that names the delivery as a whole; it may be a batch of events.
    /// * Timestamp: `header:X-Emailit-Timestamp`; 300 s into the past and 300 s into the future.
    /// * Retries for about three days, each signed anew ([source](https://emailit.com/products/webhooks)).
    emailit: "emailit", "Emailit",
        "https://emailit.com/docs/webhooks/request-signature",
        Scheme::hmac_sha256("x-emailit-signature", Hex)
            .timestamp("header:x-emailit-timestamp", Seconds)
            .signs("{ts}.{body}"),
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true);
}
