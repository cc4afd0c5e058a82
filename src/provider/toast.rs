use super::providers;
use crate::verify::{Attempt, Encoding::Base64, Location, Scheme};

providers! {
    /// Creates a verifier for Toast.
    ///
    /// * Signature: HMAC-SHA256 of `{body}{body:/timestamp}`, as base64 in `toast-signature`.
    /// * Secret: the subscription's secret, as text.
    /// * Delivery id: `body:/guid`, signed.
    /// * Event type: `body:/eventType`, signed.
    /// * Retries: yes.
    toast: "toast", "Toast",
        "https://doc.toasttab.com/doc/devguide/apiMessageSigning.html",
        Scheme::hmac_sha256("toast-signature", Base64)
            .signs("{body}{body:/timestamp}")
            .id("body:/guid")
            .event_type("body:/eventType"),
        attempt: Some(|| Attempt::Number(Location::header("toast-attempt-number"))),
        retries: Some(true);
}
