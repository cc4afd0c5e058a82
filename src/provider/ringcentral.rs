use http::{HeaderName, Method, StatusCode};

use super::{
    handshake::{Handshake, empty_response},
    providers,
};
use crate::verify::Scheme;

providers! {
    /// Creates a verifier for RingCentral.
    ///
    /// * Signature: none: the provider sends the secret itself in `verification-token`, so **the body is not
    ///   protected**.
    /// * Secret: the subscription's `verificationToken`, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/event`, **not signed**.
    /// * Handshake: an unsigned `POST` with `Validation-Token`. The layer echoes the header. A request that also
    ///   has a `Verification-Token` and a body is a delivery.
    ringcentral: "ringcentral", "RingCentral",
        "https://developers.ringcentral.com/guide/notifications/webhooks/creating-webhooks",
        Scheme::token("verification-token")
            .event_type("body:/event"),
        handshake: Some(HANDSHAKE);
}

/// RingCentral's handshake when a subscription is created or renewed: the layer echoes `Validation-Token`.
///
/// Versions of RingCentral's documentation disagree whether events can have this header too.
const HANDSHAKE: Handshake = Handshake {
    unsigned: |request| {
        const MAX: usize = 4096;
        let token = request.is(&Method::POST).then(|| request.header("validation-token"))??;
        let is_empty = request.header("content-length").is_some_and(|length| length == "0");
        if request.head().headers.contains_key("verification-token") && !is_empty {
            return None;
        }
        if !(1..=MAX).contains(&token.len()) {
            return None;
        }
        let mut response = empty_response(StatusCode::OK);
        response.headers_mut().insert(HeaderName::from_static("validation-token"), token.clone());
        Some(response)
    },
    ..Handshake::NONE
};
