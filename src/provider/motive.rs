use std::time::Duration;

use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Motive.
    ///
    /// * Signature: HMAC-SHA1 of the body, as hex in `x-kt-webhook-signature`.
    /// * Secret: the webhook's shared secret, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/action`, signed.
    /// * Acknowledge within: 3 s.
    motive: "motive", "Motive",
        "https://developer.gomotive.com/reference/company-webhooks-overview",
        Scheme::new(HmacSha1, "x-kt-webhook-signature", Hex)
            .event_type("body:/action"),
        ack_deadline: Some(Duration::from_secs(3));
}
