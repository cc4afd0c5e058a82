use super::{handshake::REACHABLE, providers};
use crate::verify::{Algorithm::HmacSha1, Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for SurveyMonkey.
    ///
    /// * Signature: HMAC-SHA1 of the body, as base64 in `sm-signature`.
    /// * Secret: the app's client id, `&` and the client secret, as text.
    /// * Delivery id: `body:/event_id`, signed.
    /// * Event type: `body:/event_type`, signed.
    /// * Handshake: `HEAD`, to which the layer responds with 200.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an app share the secret.
    surveymonkey: "surveymonkey", "SurveyMonkey",
        "https://api.surveymonkey.com/v3/docs",
        Scheme::new(HmacSha1, "sm-signature", Base64)
            .id("body:/event_id")
            .event_type("body:/event_type"),
        shared_secret: true,
        handshake: Some(REACHABLE);
}
