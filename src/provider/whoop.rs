use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme, TimeUnit::Milliseconds};

providers! {
    /// HMAC-SHA256 of `{ts}{body}` in `X-Whoop-Signature`, base64.
    ///
    /// * Secret: the text as it stands, the app's client secret.
    /// * Delivery id: none. Bodies contain the event's `trace_id`, so equal ones count as duplicates.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `header:x-whoop-signature-timestamp`; any age and 300 s into the future. In milliseconds.
    ///   WHOOP documents no limit; set one with [`tolerance`](crate::WebhookLayer::tolerance).
    /// * Retries: yes; deduplicated for 1 day.
    /// * Five retries over about an hour. Deliveries are remembered for a day.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhook URLs of an app share it.
    whoop: "whoop", "WHOOP",
        "https://developer.whoop.com/docs/developing/webhooks/",
        Scheme::hmac_sha256("x-whoop-signature", Base64)
            .timestamp("header:x-whoop-signature-timestamp", Milliseconds)
            .tolerance(None, 300)
            .signs("{ts}{body}")
            .event_type("body:/type"),
        shared_secret: true,
        equal_bodies: true,
        dedupe_window: Some(Duration::from_secs(24 * 3600)),
        retries: Some(true);
}
