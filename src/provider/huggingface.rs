use super::providers;
use crate::verify::Scheme;

providers! {
    /// The secret itself in `X-Webhook-Secret`.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `header:webhook-id`, **not signed**.
    ///   ([source](https://github.com/huggingface/hub-docs/pull/2749)).
    /// * Event type: `body:/event/action`, **not signed**.
    /// * The secret itself is sent in `X-Webhook-Secret`: **it does not protect the body**.
    huggingface: "huggingface", "Hugging Face",
        "https://huggingface.co/docs/hub/webhooks",
        Scheme::token("x-webhook-secret")
            .id("header:webhook-id")
            .event_type("body:/event/action");
}
