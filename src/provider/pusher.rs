use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Pusher-Signature`, hex.
    ///
    /// * Secret: the text of the app's secret, with the app's key as its [key id](crate::Secret::with_key_id):
    ///   `X-Pusher-Key` names it.
    /// * Delivery id: none. The body contains its time (`time_ms`), so equal ones count as duplicates.
    /// * Batches: one body can carry several events. ([Source](https://pusher.com/blog/batch-webhooks)).
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an app share it, and send equal
    ///   bodies.
    pusher: "pusher", "Pusher Channels",
        "https://github.com/pusher/pusher-http-node/blob/HEAD/tests/integration/webhook.js",
        Scheme::hmac_sha256("x-pusher-signature", Hex).key_id("header:x-pusher-key"),
        shared_secret: true,
        batch: true,
        equal_bodies: true;
}
