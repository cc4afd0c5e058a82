use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Cloudflare Notifications.
    ///
    /// * Signature: none: the provider sends the secret itself in `cf-webhook-auth`, so **the body is not
    ///   protected**.
    /// * Secret: text, not decoded.
    /// * Delivery id: none.
    /// * Event type: `body:/alert_type`, **not signed**.
    cloudflare_notify: "cloudflare-notify", "Cloudflare Notifications",
        "https://developers.cloudflare.com/notifications/get-started/configure-webhooks/",
        Scheme::token("cf-webhook-auth")
            .event_type("body:/alert_type");

    /// Creates a verifier for Cloudflare Stream.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `webhook-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: none. `uid` identifies the video, not the event.
    /// * Event type: `body:/status/state`, signed.
    /// * Timestamp: `field:time`; tolerance 300 s.
    cloudflare_stream: "cloudflare-stream", "Cloudflare Stream",
        "https://developers.cloudflare.com/stream/manage-video-library/using-webhooks/",
        Scheme::hmac_sha256("webhook-signature", Hex)
            .list(",")
            .pairs("=", ["sig1"])
            .timestamp("field:time", Seconds)
            .signs("{ts}.{body}")
            .event_type("body:/status/state");
}
