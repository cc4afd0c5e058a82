use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Walmart Marketplace.
    ///
    /// * Signature: HMAC-SHA256 of `{method}\n{path_query}\n{ts}\n{sha256hex:body}`, as base64 in
    ///   `wm_sec.signature`.
    /// * Secret: the webhook secret, as text.
    /// * Delivery id: none.
    /// * Timestamp: `header:wm_sec.timestamp`; tolerance 300 s.
    /// * Acknowledge within: 3 s.
    walmart: "walmart", "Walmart Marketplace",
        "https://developer.walmart.com/us-marketplace/docs/security-and-authenticity",
        Scheme::hmac_sha256("wm_sec.signature", Base64)
            .timestamp("header:wm_sec.timestamp", Seconds)
            .signs("{method}\n{path_query}\n{ts}\n{sha256hex:body}"),
        ack_deadline: Some(Duration::from_secs(3));
}
