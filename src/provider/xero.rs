use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Xero-Signature`, base64.
    ///
    /// * Secret: the webhook signing key, as text.
    /// * Delivery id: none. No id names the delivery as a whole. Bodies have a random text in them: equal ones
    ///   are one delivery.
    /// * Retries: yes.
    /// * Acknowledge within: 5 s.
    /// * Handshake: deliveries without events, some of them signed wrongly, to see that those are answered 401
    ///   and to the others with 200, which reach the handler.
    /// * Batches: one body can carry several events.
    /// * Requires a 200 without a body within 5 s; otherwise retries for up to 24 hours.
    xero: "xero", "Xero",
        "https://developer.xero.com/documentation/guides/webhooks/configuring-your-server/",
        Scheme::hmac_sha256("x-xero-signature", Base64),
        batch: true,
        equal_bodies: true,
        retries: Some(true),
        ack_deadline: Some(Duration::from_secs(5));
}
