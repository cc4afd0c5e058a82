use super::providers;
use crate::verify::{Algorithm::HmacMd5, Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Patreon.
    ///
    /// * Signature: HMAC-MD5 of the body, as hex in `x-patreon-signature`.
    /// * Secret: the webhook's secret, as text.
    /// * Delivery id: none. The body contains the id of the member or post, which is the same for all of its
    ///   events.
    /// * Event type: `header:x-patreon-event`, **not signed**. An attacker who captures a request can send its
    ///   body as another event.
    /// * Retries: yes.
    patreon: "patreon", "Patreon",
        "https://docs.patreon.com/#webhooks",
        Scheme::new(HmacMd5, "x-patreon-signature", Hex).event_type("header:x-patreon-event"),
        retries: Some(true);
}
