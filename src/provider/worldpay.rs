use std::time::Duration;

use super::providers;
use crate::verify::{
    Encoding::{self, Base64, Hex},
    Scheme,
};

providers! {
    /// Creates a verifier for Access Worldpay.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `SHA256/` in `event-signature`. Worldpay's
    ///   documentation does not state the encoding, so the verifier also accepts base64.
    /// * Secret: the shared secret, as text, with its number as the [key id](crate::Secret::with_key_id). The
    ///   header lists `<key id>/SHA256/<signature>` for each secret in use, separated by commas. Without a key
    ///   id, the layer does not check the number.
    /// * Delivery id: `body:/eventId`, signed.
    /// * Event type: `body:/eventDetails/type`, signed.
    /// * Retries: yes, for up to 7 days.
    /// * Acknowledge within: 10 s.
    worldpay: "worldpay", "Access Worldpay",
        "https://docs.worldpay.com/access/products/events/signature",
        @any_of [scheme(Hex), scheme(Base64)],
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(7 * 24 * 3600));
}

fn scheme(encoding: Encoding) -> Scheme {
    Scheme::hmac_sha256("event-signature", encoding)
        .list(",")
        .key_id_in_signature("/")
        .prefix("SHA256/")
        .id("body:/eventId")
        .event_type("body:/eventDetails/type")
}
