use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// The secret itself in `Cf-Webhook-Auth`.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none.
    /// * The secret itself is sent in `cf-webhook-auth`: **it does not protect the body**.
    cloudflare_notify: "cloudflare-notify", "Cloudflare Notifications",
        "https://developers.cloudflare.com/notifications/get-started/configure-webhooks/",
        Scheme::token("cf-webhook-auth");

    /// HMAC-SHA256 of `{ts}.{body}` in `Webhook-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none. `uid` names the video, not the event.
    /// * Event type: `body:/status/state`, signed.
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
