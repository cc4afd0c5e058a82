use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Creates a verifier for Recurly.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `recurly-signature`.
    /// * Secret: the endpoint's key, as text. Recurly signs only JSON notifications; the layer rejects XML
    ///   notifications.
    /// * Signed content: `{ts}.{body}`. The header is a list separated by commas: the timestamp, then a
    ///   signature for each of the endpoint's keys.
    /// * Delivery id: none. Recurly does not document an id of the notification. Deliveries with equal bodies do
    ///   not count as duplicates, because two changes in one second can have equal bodies.
    /// * Event type: `body:/event_type`, signed.
    /// * Timestamp: `item:0`; tolerance 300 s. The timestamp is the first item of the header.
    /// * Retries: yes, for up to 73 hours.
    recurly: "recurly", "Recurly",
        "https://docs.recurly.com/recurly-subscriptions/docs/signature-verification",
        Scheme::hmac_sha256("recurly-signature", Hex)
            .list(",")
            .timestamp("item:0", Milliseconds)
            .signs("{ts}.{body}")
            .event_type("body:/event_type"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(73 * 3600));
}
