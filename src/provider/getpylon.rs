use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Pylon (getpylon.com).
    ///
    /// The verifier accepts webhooks of the solar design software at getpylon.com. For the support platform at
    /// usepylon.com, see [`pylon`](crate::provider::pylon).
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex with the prefix `hs256=` in `pylon-webhook-signature`.
    /// * Secret: the destination's secret, as text.
    /// * Delivery id: none.
    /// * Timestamp: `header:pylon-webhook-timestamp`; tolerance 300 s.
    /// * Retries: yes, for up to 31 hours.
    /// * Acknowledge within: 10 s.
    getpylon: "getpylon", "Pylon (getpylon.com)",
        "https://getpylon.com/developers/guides/using-webhooks/",
        Scheme::hmac_sha256("pylon-webhook-signature", Hex)
            .prefix("hs256=")
            .timestamp("header:pylon-webhook-timestamp", Seconds)
            .signs("{ts}.{body}"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(111_100)),
        ack_deadline: Some(Duration::from_secs(10));
}
