use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Ably-Signature`, base64.
    ///
    /// * Secret: the text as it stands, the part of the key after the `:`.
    /// * Signed content: `{body}`, HMAC-SHA256, in `X-Ably-Signature`; batched requests only.
    /// * Delivery id: none. No id names the delivery as a whole; `webhookId` names the rule, not the event.
    /// * Retries: yes. For 5 minutes.
    /// * Batches: one body can carry several events.
    ///   ([Source](https://ably.com/docs/platform/integrations/webhooks/generic)).
    /// * [Shared secret](crate::verify::Profile::shared_secret): all rules with the same key share it.
    ably: "ably", "Ably",
        "https://github.com/ably/docs/blob/HEAD/src/pages/docs/platform/integrations/webhooks/index.mdx",
        Scheme::hmac_sha256("x-ably-signature", Base64),
        batch: true,
        shared_secret: true,
        retries: Some(true);
}
