use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Picqer.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-picqer-signature`.
    /// * Secret: the hook's secret, as text. Picqer does not sign if the hook has no secret.
    /// * Delivery id: none.
    /// * Retries: yes, for up to 17 hours.
    /// * Acknowledge within: 10 s.
    picqer: "picqer", "Picqer",
        "https://picqer.com/en/api/webhooks",
        Scheme::hmac_sha256("x-picqer-signature", Base64),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(17 * 3600)),
        ack_deadline: Some(Duration::from_secs(10));
}
