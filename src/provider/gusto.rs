use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Gusto.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-gusto-signature`.
    /// * Secret: the subscription's verification token, as text. Gusto posts the token once, in an unsigned
    ///   request, when you create a subscription. The layer rejects that request, so receive the request on a
    ///   route without the layer.
    /// * Delivery id: `body:/uuid`, signed.
    /// * Event type: `body:/event_type`, signed.
    /// * Retries: yes.
    gusto: "gusto", "Gusto",
        "https://docs.gusto.com/embedded-payroll/docs/webhooks",
        Scheme::hmac_sha256("x-gusto-signature", Hex)
            .id("body:/uuid")
            .event_type("body:/event_type"),
        retries: Some(true);
}
