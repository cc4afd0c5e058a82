use super::providers;
use crate::verify::Scheme;

providers! {
    /// Hugging Face.
    ///
    /// * The secret itself is sent in `X-Webhook-Secret`: **it does not protect the body**.
    /// * Id: `header:Webhook-Id`, not signed ([source](https://github.com/huggingface/hub-docs/pull/2749)).
    /// * Event type: `body:/event/action`, **not signed**.
    huggingface: "huggingface", "Hugging Face",
        "https://huggingface.co/docs/hub/webhooks",
        Scheme::token("x-webhook-secret")
            .id("header:webhook-id")
            .event_type("body:/event/action");
}
