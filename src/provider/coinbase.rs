use std::time::Duration;

use super::{providers, shapes};
use crate::verify::{Attempt, Encoding::Hex, Location, Scheme};

providers! {
    /// Creates a verifier for Coinbase Developer Platform.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{field:h}.{headers_named_by:h}.{body}`, as hex in `x-webhook-signature`
    ///   or `x-hook0-signature`.
    /// * Secret: text, not decoded.
    /// * Signed content: see [`hook0_v1`](super::hook0_v1()), which has the same scheme and restrictions.
    /// * Delivery id: `header:x-event-id`, **not signed**.
    /// * Event type: `header:x-event-type`, **not signed**.
    /// * Timestamp: `field:t`; tolerance 300 s.
    coinbase_cdp: "coinbase-cdp", "Coinbase Developer Platform",
        "https://docs.cdp.coinbase.com/api-reference/payment-apis/webhooks/verification",
        shapes::hook0_version_1()
            .signature_in(["header:x-webhook-signature", "header:x-hook0-signature"])
            .id("header:x-event-id")
            .event_type("header:x-event-type");

    /// Creates a verifier for Coinbase Commerce.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-cc-webhook-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `body:/event/id`, signed.
    /// * Event type: `body:/event/type`, signed.
    /// * Retries: yes, for up to 3 days
    ///   ([source](https://docs.cdp.coinbase.com/commerce/api-arcitecture/webhooks-overview)).
    /// * Deduplication window: 4 days.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an account share the secret,
    ///   and each gets the event with the same id.
    coinbase_commerce: "coinbase-commerce", "Coinbase Commerce",
        "https://github.com/coinbase/coinbase-commerce-node/blob/HEAD/test/testWebhook.spec.js",
        Scheme::hmac_sha256("x-cc-webhook-signature", Hex)
            .id("body:/event/id")
            .event_type("body:/event/type"),
        shared_secret: true,
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(3 * 24 * 3600)),
        attempt: Some(|| Attempt::Number(Location::json("/attempt_number")));
}
