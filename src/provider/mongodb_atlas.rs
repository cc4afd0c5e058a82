use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for MongoDB Atlas alerts.
    ///
    /// * Signature: HMAC-SHA1 of the body, as base64 in `x-mms-signature`.
    /// * Secret: the webhook secret, as text. Atlas does not sign if there is no secret.
    /// * Delivery id: none. `id` identifies the alert, which can have several deliveries.
    /// * Event type: `header:x-mms-event`, **not signed**.
    mongodb_atlas: "mongodb-atlas", "MongoDB Atlas alerts",
        "https://www.mongodb.com/docs/atlas/tutorial/webhook-integration/",
        Scheme::new(HmacSha1, "x-mms-signature", Base64)
            .event_type("header:x-mms-event");
}
