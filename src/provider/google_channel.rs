use super::providers;
use crate::verify::Scheme;

providers! {
    /// The secret itself in `X-Goog-Channel-Token`.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none. `X-Goog-Message-Number` counts from 1 in each channel. The `sync` message of a new
    ///   channel reaches the handler.
    /// * Event type: `header:x-goog-resource-state`, **not signed**.
    /// * The channel's token is sent in `X-Goog-Channel-Token`: **it does not protect the body**, which most
    ///   messages lack.
    google_channel: "google-channel", "Google Calendar and Drive (notification channels)",
        "https://github.com/googleapis/google-api-java-client/blob/HEAD/google-api-client-servlet/src/main/java/com/google/api/client/googleapis/extensions/servlet/notifications/WebhookHeaders.java",
        Scheme::token("x-goog-channel-token")
            .event_type("header:x-goog-resource-state");
}
