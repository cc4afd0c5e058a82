use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// HMAC-SHA256 of `{ts}{body}` in `Close-Sig-Hash`, hex.
    ///
    /// * Secret: the `signature_key`, hex.
    /// * Delivery id: none. An event may change under its `event.id`
    ///   ([source](https://developer.close.com/resources/event-log/)). Bodies contain the time, so equal ones
    ///   count as duplicates.
    /// * Event type: `body:/event/action`, signed.
    /// * Timestamp: `header:close-sig-timestamp`; any age and 300 s into the future. Close documents no limit;
    ///   set one with [`tolerance`](crate::WebhookLayer::tolerance).
    /// * Retries: yes; deduplicated for 4 days. For up to 72 hours.
    close -> Result: "close", "Close",
        "https://developer.close.com/topics/webhooks/",
        Scheme::hmac_sha256("close-sig-hash", Hex)
            .key_encoding(Hex)
            .timestamp("header:close-sig-timestamp", Seconds)
            .tolerance(None, 300)
            .signs("{ts}{body}")
            .event_type("body:/event/action"),
        equal_bodies: true,
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true);
}
