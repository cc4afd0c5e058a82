use std::time::Duration;

use super::{providers, shapes};

providers! {
    /// TikTok for Developers.
    ///
    /// * Signed: `{ts}.{body}`, HMAC-SHA256, in `TikTok-Signature: t=…,s=<hex>`. Secret: UTF-8 client
    ///   secret.
    /// * Id: none that names the delivery as a whole.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    /// * Retries for up to 72 hours ([source](https://developers.tiktok.com/doc/webhooks-overview/)).
    tiktok: "tiktok", "TikTok for Developers",
        "https://developers.tiktok.com/doc/webhooks-verification",
        shapes::t_and_signature("tiktok-signature", "s")
            .event_type("body:/event"),
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true);
}
