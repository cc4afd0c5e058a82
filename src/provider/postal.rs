use std::time::Duration;

use super::providers;
use crate::verify::{
    Algorithm::{RsaSha1, RsaSha256},
    Encoding::Base64,
    Scheme,
};

providers! {
    /// Creates a verifier for Postal.
    ///
    /// * Signature: RSA-SHA256 signature of the body, as base64 in `x-postal-signature-256`.
    /// * Secret: the installation's public key, as PEM or as base64 of its DER. The value of `p=` in the DKIM
    ///   record is this base64.
    /// * Delivery id: `body:/uuid`, signed.
    /// * Event type: `body:/event`, signed.
    /// * Retries: yes, for up to 36 minutes.
    /// * Acknowledge within: 5 s.
    /// * Use [`postal_sha1`] for versions of Postal that do not send `x-postal-signature-256`.
    postal -> Result: "postal", "Postal",
        "https://github.com/postalserver/postal/blob/HEAD/lib/postal/http.rb",
        Scheme::new(RsaSha256, "x-postal-signature-256", Base64)
            .key_encoding(Base64)
            .id("body:/uuid")
            .event_type("body:/event"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(36 * 60)),
        ack_deadline: Some(Duration::from_secs(5));

    /// Creates a verifier for Postal (legacy).
    ///
    /// * Signature: RSA-SHA1 signature of the body, as base64 in `x-postal-signature`.
    /// * Secret: the installation's public key, as PEM or as base64 of its DER. The value of `p=` in the DKIM
    ///   record is this base64.
    /// * Delivery id: `body:/uuid`, signed.
    /// * Event type: `body:/event`, signed.
    /// * Retries: yes, for up to 36 minutes.
    /// * Acknowledge within: 5 s.
    /// * Prefer [`postal`]: SHA-1 is weak for signatures.
    postal_sha1 -> Result: "postal-sha1", "Postal (legacy)",
        "https://github.com/postalserver/postal/blob/HEAD/lib/postal/http.rb",
        Scheme::new(RsaSha1, "x-postal-signature", Base64)
            .key_encoding(Base64)
            .id("body:/uuid")
            .event_type("body:/event"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(36 * 60)),
        ack_deadline: Some(Duration::from_secs(5));
}
