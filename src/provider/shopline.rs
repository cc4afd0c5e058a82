use super::providers;
use crate::verify::{
    Encoding::{Base64, Hex},
    Scheme,
};

providers! {
    /// Creates a verifier for SHOPLINE.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-shopline-hmac-sha256`. The layer also accepts hex,
    ///   because SHOPLINE's examples differ in the encoding.
    /// * Secret: the app secret, as text.
    /// * Delivery id: `header:x-shopline-webhook-id`, **not signed**. It is the same for all retries.
    /// * Event type: `header:x-shopline-topic`, **not signed**.
    /// * Retries: yes.
    shopline: "shopline", "SHOPLINE",
        "https://developer.shopline.com/docs/apps/api-instructions-for-use/webhooks/overview",
        @any_of [Base64, Hex].map(|encoding| {
            Scheme::hmac_sha256("x-shopline-hmac-sha256", encoding)
                .id("header:x-shopline-webhook-id")
                .event_type("header:x-shopline-topic")
        }),
        retries: Some(true);
}
