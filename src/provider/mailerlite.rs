use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for MailerLite.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `signature`.
    /// * Secret: the webhook's secret, as text.
    /// * Delivery id: none.
    /// * Retries: yes, for up to 19 minutes.
    /// * Acknowledge within: 3 s.
    mailerlite: "mailerlite", "MailerLite",
        "https://developers.mailerlite.com/docs/webhooks",
        Scheme::hmac_sha256("signature", Hex),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(19 * 60)),
        ack_deadline: Some(Duration::from_secs(3));
}
