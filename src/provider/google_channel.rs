use super::providers;
use crate::verify::Scheme;

providers! {
    /// Creates a verifier for Google Calendar and Drive (notification channels).
    ///
    /// * Signature: none: the provider sends the secret itself in `x-goog-channel-token`, so **the body is not
    ///   protected**.
    /// * Secret: the channel's token, as text.
    /// * Delivery id: none. `X-Goog-Message-Number` starts at 1 in each channel, so it is not unique.
    /// * Event type: `header:x-goog-resource-state`, **not signed**.
    /// * Retries: yes.
    /// * Most messages have no body. The handler also gets the `sync` message of a new channel.
    google_channel: "google-channel", "Google Calendar and Drive (notification channels)",
        "https://github.com/googleapis/google-api-java-client/blob/HEAD/google-api-client-servlet/src/main/java/com/google/api/client/googleapis/extensions/servlet/notifications/WebhookHeaders.java",
        Scheme::token("x-goog-channel-token")
            .event_type("header:x-goog-resource-state"),
        retries: Some(true);
}
