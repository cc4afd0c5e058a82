use std::time::Duration;

use super::{providers, shapes};

providers! {
    /// HMAC-SHA256 of `{ts}.{body}` in `Tiktok-Signature`, hex.
    ///
    /// * Secret: the client secret, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/event`, signed.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    /// * Retries: yes; deduplicated for 4 days. For up to 72 hours
    ///   ([source](https://developers.tiktok.com/doc/webhooks-overview/)).
    tiktok: "tiktok", "TikTok for Developers",
        "https://developers.tiktok.com/doc/webhooks-verification",
        shapes::t_and_signature("tiktok-signature", "s")
            .event_type("body:/event"),
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true);
}
