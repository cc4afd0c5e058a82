use std::time::Duration;

use super::{providers, shapes};

providers! {
    /// Creates a verifier for TikTok for Developers.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `tiktok-signature`.
    /// * Secret: the client secret, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/event`, signed.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * Retries: yes, for up to 3 days ([source](https://developers.tiktok.com/doc/webhooks-overview/)).
    /// * Deduplication window: 4 days.
    tiktok: "tiktok", "TikTok for Developers",
        "https://developers.tiktok.com/doc/webhooks-verification",
        shapes::t_and_signature("tiktok-signature", "s")
            .event_type("body:/event"),
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(3 * 24 * 3600));
}
