use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Cloudflare Notifications.
    ///
    /// * The secret itself is sent in `cf-webhook-auth`: **it does not protect the body**.
    /// * Id: none that names the delivery as a whole.
    cloudflare_notify: "cloudflare-notify", "Cloudflare Notifications",
        "https://developers.cloudflare.com/notifications/get-started/configure-webhooks/",
        Scheme::token("cf-webhook-auth");

    /// Cloudflare Stream.
    ///
    /// * Signed: `{ts}.{body}`, HMAC-SHA256, in `Webhook-Signature: time=…,sig1=<hex>`. Secret:
    ///   UTF-8.
    /// * Id: none; `uid` names the video, not the event.
    /// * Timestamp: `field:time`; 300 s into the past and 300 s into the future.
    cloudflare_stream: "cloudflare-stream", "Cloudflare Stream",
        "https://developers.cloudflare.com/stream/manage-video-library/using-webhooks/",
        Scheme::hmac_sha256("webhook-signature", Hex)
            .list(",")
            .pairs("=", ["sig1"])
            .timestamp("field:time", Seconds)
            .signs("{ts}.{body}")
            .event_type("body:/status/state");
}
