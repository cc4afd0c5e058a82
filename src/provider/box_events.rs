use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme, TimeUnit::Rfc3339};

providers! {
    /// Creates a verifier for Box v2.
    ///
    /// * Signature: HMAC-SHA256 of `{body}{ts}`, as base64 in `box-signature-primary` or
    ///   `box-signature-secondary`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `body:/id`, signed. `BOX-DELIVERY-ID` differs for each attempt
    ///   ([source](https://developer.box.com/guides/webhooks/v2/)).
    /// * Event type: `body:/trigger`, signed.
    /// * Timestamp: `header:box-delivery-timestamp`; tolerance 600 s.
    /// * Retries: yes, for up to 2 hours.
    /// * Acknowledge within: 30 s.
    /// * The layer rejects requests without `box-signature-version: 1` and `box-signature-algorithm:
    ///   HmacSHA256`.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an application share its keys.
    box_events: "box", "Box v2",
        "https://github.com/box/box-python-sdk/blob/HEAD/test/webhooks.py",
        Scheme::hmac_sha256("box-signature-primary", Base64)
            .signature_in(["header:box-signature-primary", "header:box-signature-secondary"])
            .require("box-signature-version", "1")
            .require("box-signature-algorithm", "HmacSHA256")
            .timestamp("header:box-delivery-timestamp", Rfc3339)
            .tolerance(Some(600), 600)
            .signs("{body}{ts}")
            .id("body:/id")
            .event_type("body:/trigger"),
        shared_secret: true,
        ack_deadline: Some(Duration::from_secs(30)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(2 * 3600));
}
