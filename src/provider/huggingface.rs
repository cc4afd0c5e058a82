use super::providers;
use crate::verify::Scheme;

providers! {
    /// Creates a verifier for Hugging Face.
    ///
    /// * Signature: none: the provider sends the secret itself in `x-webhook-secret`, so **the body is not
    ///   protected**.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:webhook-id`, **not signed**
    ///   ([source](https://github.com/huggingface/hub-docs/pull/2749)).
    /// * Event type: `body:/event/scope`, **not signed**.
    /// * Retries: yes.
    huggingface: "huggingface", "Hugging Face",
        "https://huggingface.co/docs/hub/webhooks",
        Scheme::token("x-webhook-secret")
            .id("header:webhook-id")
            .event_type("body:/event/scope"),
        retries: Some(true);
}
