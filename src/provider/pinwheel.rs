use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Pinwheel.
    ///
    /// * Signature: HMAC-SHA256 of `v2:{header:x-timestamp}:{body}`, as hex with the prefix `v2=` in
    ///   `x-pinwheel-signature`.
    /// * Secret: the API secret, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/event`, signed.
    /// * `X-Timestamp` is signed, but the layer does not check its age: the source does not state its unit.
    pinwheel: "pinwheel", "Pinwheel",
        "https://docs.pinwheelapi.com/public/docs/webhook-signature-verification",
        Scheme::hmac_sha256("x-pinwheel-signature", Hex)
            .prefix("v2=")
            .signs("v2:{header:x-timestamp}:{body}")
            .event_type("body:/event");
}
