use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Storyblok.
    ///
    /// * Signature: HMAC-SHA1 of the body, as hex in `webhook-signature`.
    /// * Secret: the webhook secret, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/action`, signed. It is the action, such as `published`, without the kind of the
    ///   entity. The header `x-storyblok-topic` contains both, such as `story.published`, but is not signed.
    storyblok: "storyblok", "Storyblok",
        "https://github.com/storyblok/symfony-bundle/blob/HEAD/src/Controller/WebhookController.php",
        Scheme::new(HmacSha1, "webhook-signature", Hex)
            .event_type("body:/action");
}
