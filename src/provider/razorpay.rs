use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Razorpay.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-razorpay-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:x-razorpay-event-id`, **not signed**.
    /// * Event type: `body:/event`, signed.
    /// * Retries: yes, for up to 1 day.
    /// * Acknowledge within: 5 s.
    /// * [Shared secret](crate::verify::Profile::shared_secret): the webhooks of an account can share a secret,
    ///   and each gets the event with the same id.
    razorpay: "razorpay", "Razorpay",
        "https://github.com/razorpay/razorpay-node/blob/HEAD/test/utils/razorpay-utils.spec.js",
        Scheme::hmac_sha256("x-razorpay-signature", Hex)
            .id("header:x-razorpay-event-id")
            .event_type("body:/event"),
        shared_secret: true,
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(24 * 3600));
}
